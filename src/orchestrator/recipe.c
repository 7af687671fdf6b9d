/* recipe.c - the building blocks of the strategies' own steps.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/recipe.h"

#include <assert.h>

static struct recipe_step *add(struct recipe_list *list)
{
    assert(list->count < RECIPE_LIST_MAX);
    struct recipe_step *step = &list->steps[list->count++];
    *step = (struct recipe_step){.command = PLAN_NONE, .smoke = PLAN_NONE};
    return step;
}

void recipe_add_command(struct recipe_list *list, uint16_t command)
{
    if (command != PLAN_NONE)
        add(list)->command = command;
}

void recipe_add_smoke(struct recipe_list *list, uint16_t smoke)
{
    if (smoke != PLAN_NONE)
        add(list)->smoke = smoke;
}

static struct recipe_step *add_share(struct recipe_list *list, uint16_t share, int64_t observe_ms)
{
    struct recipe_step *step = add(list);

    step->share = share;
    step->observe_ms = observe_ms;
    step->on_limit = OUTCOME_ROLLBACK;
    return step;
}

void recipe_add_route(struct recipe_list *list, uint16_t share, int64_t observe_ms)
{
    add_share(list, share, observe_ms)->has_route = true;
}

void recipe_add_mirror(struct recipe_list *list, uint16_t share, int64_t observe_ms)
{
    add_share(list, share, observe_ms)->has_mirror = true;
}

void recipe_add_replace(struct recipe_list *list, uint16_t hosts, uint16_t share, int64_t observe_ms)
{
    struct recipe_step *step = add_share(list, share, observe_ms);

    step->has_replace = true;
    step->hosts = hosts;
}

void recipe_add_watch(struct recipe_list *list, const struct recipe *recipe, bool has_route)
{
    struct recipe_step *step = add(list);

    step->has_route = has_route;
    step->share = has_route ? SHARE_WHOLE : 0;
    step->watch_ms = recipe->watch_ms > 0 ? recipe->watch_ms : RECIPE_WATCH_MS;
    step->on_limit = OUTCOME_HOLD;
}

void recipe_add_rises(struct recipe_list *list, const struct recipe *recipe, const struct recipe_rise *rises,
                      uint8_t count)
{
    recipe_add_command(list, recipe->deploy);
    recipe_add_smoke(list, recipe->smoke);
    for (uint8_t i = 0; i < count; i++)
        recipe_add_route(list, rises[i].share, rises[i].observe_ms);
    recipe_add_watch(list, recipe, true);
}
