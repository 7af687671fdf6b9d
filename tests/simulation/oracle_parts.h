/* oracle_parts.h - what the oracle's own files (oracle_*.c) say to each other.
 * SPDX-License-Identifier: MIT */
#ifndef SIMULATION_ORACLE_PARTS_H
#define SIMULATION_ORACLE_PARTS_H

#include "tests/simulation/oracle.h"

void oracle_trace(struct world *world, uint64_t deployment, const struct batch_row *row);
void oracle_begin_action(struct world *world, uint64_t deployment, const struct batch_row *row);
void oracle_end_action(struct world *world, uint64_t deployment, const struct batch_row *row);
/* It answers at once, for that long already. */
bool oracle_is_journal_well(const struct world *world, int64_t since_ms);
void oracle_expect_mend(struct world *world, uint64_t deployment);
void oracle_due_add(struct world *world, const struct oracle_due *due);
void oracle_due_drop(struct world *world, enum due_kind kind, uint64_t deployment, uint8_t site);
bool oracle_gates_hold(struct world *world, uint64_t deployment, uint8_t step, char *ret_why);
/* Must this rule pass before the step may? What compares with stable has nothing to compare with at 100 %. */
bool oracle_is_wanted(const struct plan *plan, uint8_t step, uint8_t rule, uint32_t muted);
void oracle_reload(struct world *world, const struct batch *batch);
/* oracle_cells.c: which cells of the table of states are reached */
void oracle_note_cell(struct world *world, uint64_t deployment, const struct batch_row *row);
void oracle_note_restart(struct world *world, uint64_t deployment);
void oracle_note_start(struct world *world, const struct asked *asked, enum engine_answer answer,
                       uint64_t deployment);
void oracle_note_verb(struct world *world, enum verb verb, const struct deployment_state *met,
                      enum engine_answer answer);
void oracle_note_adopt(struct world *world, const struct asked *asked, enum engine_answer answer);
/* oracle_emergencies.c */
void oracle_begin_emergency(struct world *world, uint64_t deployment, const struct batch_row *row);
void oracle_adopted(struct world *world, uint64_t deployment);
void oracle_check_overtaken(struct world *world, uint64_t deployment, const struct batch_row *row);
void oracle_check_bad_stable(struct world *world, uint64_t deployment);
void oracle_check_turn(struct world *world, uint64_t deployment);
bool oracle_is_ungated(struct world *world, uint64_t deployment);
uint8_t oracle_next_step(const struct oracle_history *history, const struct plan *plan);
/* oracle_batch.c: did a person take something out of quarantine there, by clearing it or by a retry? */
bool oracle_has_cleared(const struct world *world, const struct batch *batch, uint8_t site);
/* oracle_brakes.c: a row before it is taken in; who may begin; what became of the doors, once all of a batch
 * is known. */
void oracle_brake_row(struct world *world, uint64_t deployment, const struct batch_row *row);
void oracle_brake_verb(struct world *world, const struct batch_row *row);
/* What serves everybody there may have to be held, by what is on the disk or on its way to it. */
bool oracle_may_be_held(const struct world *world, uint64_t deployment, uint8_t site);
void oracle_check_door(struct world *world, uint64_t deployment);
void oracle_check_brakes(struct world *world, const struct batch *batch);
/* oracle_together.c: what the deployments of a run that stand or fall together must hold; once all of a batch
 * is known. */
void oracle_together(struct world *world, const struct batch *batch);
/* oracle_ends.c: by its state it waits for others, or is stopped, and so has its whole limit again. */
void oracle_note_standing(struct world *world, uint64_t deployment, int64_t up_ms);
/* oracle_together.c: does it wait for another one of its run? False (and a violation): for one that came
 * later. */
bool oracle_waits_for_others(struct world *world, uint64_t deployment);
/* oracle_locks.c: does another site hold its lock? */
void oracle_check_lock(struct world *world, uint64_t deployment); /* at its turn */
bool oracle_waits_for_lock(struct world *world, uint64_t deployment);
/* The budgets of all of them: each may have to wait for each. */
int64_t oracle_together_budget_ms(struct world *world, uint64_t deployment,
                                  int64_t (*budget_ms)(const struct plan *plan));
/* What a rule said, and what became of it; once all of a batch is known. */
void oracle_check_rule(struct world *world, const struct batch_row *row);

/* oracle_back.c: it was rolled back. */
void oracle_check_way_back(struct world *world, uint64_t deployment);

/* oracle_people.c: an approval's people say yes, or are asked once more; silence ended it. */
void oracle_asked(struct world *world, uint64_t deployment, const struct batch_row *row);
void oracle_check_silence(struct world *world, uint64_t deployment);
void oracle_run_reminded(struct world *world, const struct batch_row *row);
void oracle_run_check_silence(struct world *world, const struct batch_row *row, uint8_t task);

/* oracle_worst.c: an audit row is counted, and looked at where it is a retry or disaster recovery; an intent
 * is looked at. */
void oracle_note_trace(struct world *world, uint64_t deployment, const struct batch_row *row);
void oracle_check_overdue(struct world *world, uint64_t deployment, const struct action *action);

#endif
