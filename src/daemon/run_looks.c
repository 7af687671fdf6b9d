/* run_looks.c - numbers that tasks of stacks told, on their way to the journal.
 * SPDX-License-Identifier: MIT */
#include "daemon/run_looks.h"

#include "daemon/run_conditions.h"
#include "io/memory.h"
#include "store/stack_look.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

bool run_task_is_of_stack(const struct run_task_definition *task)
{
    return task->stack != NULL && task->argument_count > 1 &&
           strcmp(task->arguments[0], task->stack->program) == 0;
}

bool run_task_is_plan(const struct run_task_definition *task)
{
    return strcmp(task->arguments[1], "plan") == 0 || strcmp(task->arguments[1], "plan-destroy") == 0;
}

/* A plan to destroy is the stack's newest plan as any other. */
static const char *kind_of(const struct run_task_definition *task)
{
    if (!run_task_is_of_stack(task))
        return task->name; /* "cost", "compliance" */
    return run_task_is_plan(task) ? stack_look_kind_name(LOOK_PLAN) : task->arguments[1];
}

static void take_report(const struct run_task_definition *task, const struct runner_outcome *outcome,
                        struct stack_facts *facts)
{
    struct scan_counts counts = {{0}};

    static_assert((int)FACT_FINDINGS - (int)FACT_CRITICAL == (int)SCAN_FINDINGS, "in the same order");
    struct cost_report costs = {0};

    if (task->parse == SCAN_INFRACOST) {
        if (run_report_costs(outcome, &costs, NULL)) {
            facts->of[FACT_COST] = costs.monthly;
            facts->of[FACT_COST_BEFORE] = costs.before;
        }
        return;
    }
    if (task->parse == SCAN_NONE || !run_report_count(task->parse, outcome, &counts, NULL))
        return;
    for (int i = 0; i < SCAN_COUNT_COUNT; i++)
        facts->of[FACT_CRITICAL + i] = counts.of[i];
}

struct run_look *run_look_new(const struct run_live *live, uint8_t index,
                              const struct runner_outcome *outcome, enum run_result result)
{
    const struct run_task_definition *task = &live->definition->tasks[index];
    struct stack_facts facts;

    if (task->stack == NULL || result == RUN_RESULT_AGAIN)
        return NULL;
    struct run_look *look = memory_take(sizeof(*look));
    stack_facts_read(outcome->kind == RUNNER_ENDED && outcome->values != NULL ? outcome->values : "", &facts);
    if (outcome->kind == RUNNER_ENDED)
        take_report(task, outcome, &facts);
    stack_facts_format(&facts, look->facts);
    (void)snprintf(look->stack, sizeof(look->stack), "%s", task->stack->name);
    (void)snprintf(look->environment, sizeof(look->environment), "%s", task->stack->environment);
    look->row = (struct journal_stack_look){.stack = look->stack,
                                            .environment = look->environment,
                                            .kind = kind_of(task),
                                            .is_good = result == RUN_RESULT_DONE,
                                            .facts = look->facts};
    return look;
}
