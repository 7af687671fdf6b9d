/* blue_green.c - prepared and tried beside the old version, then all traffic at once.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/recipe.h"

void blue_green_steps(const struct recipe *recipe, struct recipe_list *list)
{
    recipe_add_command(list, recipe->deploy);
    recipe_add_smoke(list, recipe->smoke);
    recipe_add_watch(list, recipe, true);
}
