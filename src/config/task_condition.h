/* task_condition.h - conditions of a pipeline's tasks: text → expression.
 * SPDX-License-Identifier: MIT
 *
 * fail_when reads the counts of the report that `parse` names (judge/scan.h): "critical > 0 or high > 5".
 * skip_when reads what earlier tasks reported: output('changed') == 'no', output('scan.high') < 3. What
 * nobody reported is unknown, and unknown never skips. refuse_when reads what the plan of a stack would do:
 * creates, updates, deletes, replaces, changes, monthly_cost; `monthly_cost > +10%` is more than a tenth
 * above what it was, `> +50` is 50 more. */
#ifndef CONFIG_TASK_CONDITION_H
#define CONFIG_TASK_CONDITION_H

#include "config/parser.h"
#include "config/run_definition.h"

MUST_CHECK bool task_condition_fail(const char *text, enum scan_format format,
                                    struct expression *ret_expression, struct err *err);

/* Texts go to the arena; right of == may stand `version`. */
MUST_CHECK bool task_condition_skip(const char *text, struct arena *arena, struct task_skip *ret_skip,
                                    struct err *err);

/* refuse_when of a stack: "deletes > 0 or monthly_cost > +10%". The extracts are outputs by their names;
 * *ret_wants_cost: one of them is a cost. */
MUST_CHECK bool task_condition_refuse(const char *text, struct arena *arena, struct task_skip *ret_refuse,
                                      bool *ret_wants_cost, struct err *err);

#endif
