/* rolling.c - host by host: one first, then half of them, then all, each observed before the next.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/recipe.h"

void rolling_steps(const struct recipe *recipe, struct recipe_list *list)
{
    recipe_add_replace(list, 1, 0, INT64_C(5) * RECIPE_MINUTE_MS);
    if (recipe->host_count > 2)
        recipe_add_replace(list, 0, SHARE_WHOLE / 2, INT64_C(5) * RECIPE_MINUTE_MS);
    if (recipe->host_count > 1)
        recipe_add_replace(list, 0, SHARE_WHOLE, 0);
    recipe_add_watch(list, recipe, false);
}
