/* run_conditions.h - conditions of tasks: what a scanner's report means for its task, and whether a task is
 * needed at all.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_RUN_CONDITIONS_H
#define DAEMON_RUN_CONDITIONS_H

#include "collectors/cost_report.h"
#include "daemon/run_live.h"
#include "io/runner_client.h"

/* Of a command that ended by itself: counts its report (in $VERDICT_REPORT, or else all that it printed),
 * keeps the counts as outputs TASK.critical, TASK.high ... and judges them. False: the task fails, and `why`
 * says for what; where `why` says already how the command failed, the counts are added to that. */
MUST_CHECK bool run_report_passes(struct run_live *live, uint8_t task, const struct runner_outcome *outcome,
                                  bool *ret_has_findings, char *why, size_t size);

/* The same of a report of costs: they become the outputs monthly_cost and monthly_cost_before, where it tells
 * them. */
MUST_CHECK bool run_report_keeps_costs(struct run_live *live, const struct runner_outcome *outcome, char *why,
                                       size_t size);
MUST_CHECK bool run_report_costs(const struct runner_outcome *outcome, struct cost_report *ret_costs,
                                 struct err *err);

/* The counts of such a report. */
MUST_CHECK bool run_report_count(enum scan_format format, const struct runner_outcome *outcome,
                                 struct scan_counts *ret_counts, struct err *err);

/* Of what was reported so far. PASS: it holds; INCONCLUSIVE: it needs what nobody reported. */
enum verdict run_condition(const struct run_live *live, const struct task_skip *condition);

/* Does skip_when hold, of what was reported so far? */
bool run_task_is_needless(const struct run_live *live, uint8_t task);

#endif
