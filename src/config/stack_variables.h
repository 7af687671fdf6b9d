/* stack_variables.h - variables of a stack's code as JSON: each has the kind that the rule file gives it.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_STACK_VARIABLES_H
#define CONFIG_STACK_VARIABLES_H

#include "config/options.h"

enum { STACK_VARIABLES_MAX = 3072 /* bytes of the JSON, with the NUL */ };

/* Of the stack, and of its environment, whose ones win; each may be NULL. In the arena; NULL: findings were
 * added. */
const char *stack_variables(const struct build *build, const struct node *at, const struct node *common,
                            const struct node *own);

#endif
