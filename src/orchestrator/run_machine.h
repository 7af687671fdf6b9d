/* run_machine.h - the parts of the run's machine among themselves; users include run.h.
 * SPDX-License-Identifier: MIT */
#ifndef ORCHESTRATOR_RUN_MACHINE_H
#define ORCHESTRATOR_RUN_MACHINE_H

#include "orchestrator/run.h"

struct run_machine {
    const struct run_plan *plan;
    const struct run_event *event;
    struct run_state *state;
    struct run_decision *decision;
};

/* run_task.c: one task. */
void run_task_enter(struct run_machine *machine, uint8_t task, enum run_task_phase phase, int64_t at_ms);
void run_task_start(struct run_machine *machine, uint8_t task);
void run_task_stop(struct run_machine *machine, uint8_t task);
void run_task_result(struct run_machine *machine, uint8_t task);
void run_task_tick(struct run_machine *machine, uint8_t task);
int64_t run_task_due_ms(const struct run_plan *plan, const struct run_state *state, uint8_t task);
void run_task_recover(struct run_machine *machine, uint8_t task);
void run_task_started(struct run_machine *machine, uint8_t task);
void run_task_deployment(struct run_machine *machine, uint8_t task);
enum answer run_task_answer(struct run_machine *machine, uint8_t task);

void run_machine_trace(struct run_machine *machine, enum run_trace_kind kind, uint32_t a, uint32_t b);

#endif
