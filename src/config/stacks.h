/* stacks.h - `stacks: { NAME: { tool; directory; ...; environments: { ... }; } }`: infrastructure, and what
 * is done to it.
 * SPDX-License-Identifier: MIT
 *
 * A stack with a verb becomes stages of a run, out of tasks that exist: plan → review (programs that look at
 * the plan) → approve (people, for that plan's hash) → apply → verify. Its commands are verdict-iac's
 * (io/iac_protocol.h). */
#ifndef CONFIG_STACKS_H
#define CONFIG_STACKS_H

#include "config/files.h"
#include "config/options.h"
#include "config/run_definition.h"

/* Ends with NULL: "plan", "apply", "verify", "drift", "destroy". */
extern const char *const stack_verbs[];

/* Finds what is wrong with a stack as it stands in a rule file, in each of its environments. */
void stacks_check(const struct build *build, struct arena *scratch, const struct node *stack);

/* The stack in one of its environments for one of the verbs, its variables filled in, as it is sealed; in the
 * arena. False: findings were added. */
MUST_CHECK bool stacks_fill(const struct node *stack, const char *environment, const char *verb,
                            struct arena *arena, struct config_report *report, struct node *ret_filled);

/* Adds the stages of a filled stack; `prefix` stands before their names. False: findings were added. */
MUST_CHECK bool stacks_expand(const struct build *build, const struct node *filled, const char *prefix,
                              struct run_definition *definition, const struct stack_place **ret_place);

/* Builds what a filled stack says: a run of it alone. */
MUST_CHECK bool stacks_build(const struct build *build, const struct node *filled,
                             struct run_definition *definition);

#endif
