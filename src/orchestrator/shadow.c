/* shadow.c - tried on copies of what users send, a few and then all, while nobody gets its answers. Then it
 * is taken away again, or goes on as another strategy does that has it deployed already.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/recipe.h"

void shadow_steps(const struct recipe *recipe, struct recipe_list *list)
{
    struct recipe rest = *recipe;

    if (recipe->then == SHADOW_BLUE_GREEN)
        recipe_add_command(list, recipe->prepare);
    recipe_add_command(list, recipe->deploy);
    recipe_add_smoke(list, recipe->smoke);
    recipe_add_mirror(list, 1000, INT64_C(5) * RECIPE_MINUTE_MS);
    recipe_add_mirror(list, SHARE_WHOLE, INT64_C(10) * RECIPE_MINUTE_MS);
    rest.prepare = rest.deploy = rest.smoke = PLAN_NONE;
    if (recipe->then == SHADOW_CANARY)
        canary_steps(&rest, list);
    if (recipe->then == SHADOW_BLUE_GREEN)
        blue_green_steps(&rest, list);
}
