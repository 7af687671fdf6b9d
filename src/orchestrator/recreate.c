/* recreate.c - the new version takes the place of the old one.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/recipe.h"

void recreate_steps(const struct recipe *recipe, struct recipe_list *list)
{
    recipe_add_command(list, recipe->deploy);
    recipe_add_smoke(list, recipe->smoke);
    recipe_add_watch(list, recipe, recipe->has_traffic);
}
