/* canary.c - a growing share of the traffic, each observed before the next.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/recipe.h"

void canary_steps(const struct recipe *recipe, struct recipe_list *list)
{
    recipe_add_command(list, recipe->deploy);
    recipe_add_smoke(list, recipe->smoke);
    recipe_add_route(list, 500, INT64_C(5) * RECIPE_MINUTE_MS);
    recipe_add_route(list, 2500, INT64_C(10) * RECIPE_MINUTE_MS);
    recipe_add_route(list, 5000, INT64_C(15) * RECIPE_MINUTE_MS);
    recipe_add_watch(list, recipe, true);
}
