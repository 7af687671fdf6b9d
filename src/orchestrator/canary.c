/* canary.c - a growing share of the traffic, each observed before the next.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/recipe.h"

void canary_steps(const struct recipe *recipe, struct recipe_list *list)
{
    static const struct recipe_rise rises[] = {
        {500, 5 * RECIPE_MINUTE_MS},
        {2500, 10 * RECIPE_MINUTE_MS},
        {5000, 15 * RECIPE_MINUTE_MS},
    };

    recipe_add_rises(list, recipe, rises, ARRAY_LENGTH(rises));
}
