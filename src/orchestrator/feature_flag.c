/* feature_flag.c - a canary whose share is of the users that have a flag on. A flag costs nothing to turn,
 * and a bug behind it meets the same users again and again: it begins with fewer of them.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/recipe.h"

void feature_flag_steps(const struct recipe *recipe, struct recipe_list *list)
{
    static const struct recipe_rise rises[] = {
        {100, 5 * RECIPE_MINUTE_MS},
        {500, 5 * RECIPE_MINUTE_MS},
        {2500, 10 * RECIPE_MINUTE_MS},
        {5000, 15 * RECIPE_MINUTE_MS},
    };

    recipe_add_rises(list, recipe, rises, ARRAY_LENGTH(rises));
}
