/* blue_green.c - prepared, tried and warmed up beside the old version, then all traffic: at once, or in
 * shares that are each compared before the next. Going back meanwhile is one call.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/recipe.h"

enum { WATCH_MS = 5 * RECIPE_MINUTE_MS }; /* where the recipe does not say */

void blue_green_steps(const struct recipe *recipe, struct recipe_list *list)
{
    recipe_add_command(list, recipe->prepare);
    recipe_add_command(list, recipe->deploy);
    recipe_add_smoke(list, recipe->smoke);
    recipe_add_command(list, recipe->warm_up);
    for (uint8_t i = 0; i + 1 < recipe->switch_count; i++)
        recipe_add_route(list, recipe->switches[i], recipe->switch_observe_ms);
    recipe_add_watch(list, recipe, true);
    if (recipe->watch_ms == 0)
        list->steps[list->count - 1].watch_ms = WATCH_MS;
}
