/* task_condition.h - conditions of a pipeline's tasks: text → expression.
 * SPDX-License-Identifier: MIT
 *
 * fail_when reads the counts of the report that `parse` names (judge/scan.h): "critical > 0 or high > 5".
 * skip_when reads what earlier tasks reported: output('changed') == 'no', output('scan.high') < 3. What
 * nobody reported is unknown, and unknown never skips. */
#ifndef CONFIG_TASK_CONDITION_H
#define CONFIG_TASK_CONDITION_H

#include "config/parser.h"
#include "config/run_definition.h"

MUST_CHECK bool task_condition_fail(const char *text, enum scan_format format,
                                    struct expression *ret_expression, struct err *err);

/* Texts go to the arena; right of == may stand `version`. */
MUST_CHECK bool task_condition_skip(const char *text, struct arena *arena, struct task_skip *ret_skip,
                                    struct err *err);

#endif
