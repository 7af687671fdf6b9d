/* follow.c - the pipeline moves the traffic itself: we only watch and answer.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/recipe.h"

void follow_steps(const struct recipe *recipe, struct recipe_list *list)
{
    recipe_add_watch(list, recipe, false);
}
