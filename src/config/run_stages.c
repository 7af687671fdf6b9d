/* run_stages.c - a run grows by stages and tasks, as far as it may.
 * SPDX-License-Identifier: MIT */
#include "config/run_stages.h"

#include "orchestrator/run.h"

#include <stdio.h>
#include <string.h>

struct run_plan_stage *run_stages_add(const struct build *build, const struct node *at, const char *name,
                                      struct run_definition *definition)
{
    struct run_plan *plan = &definition->plan;

    for (uint8_t i = 0; i < plan->stage_count; i++)
        if (strcmp(definition->stages[i], name) == 0) {
            (void)report_node(build->report, at,
                              "two stages are called '%s': environments and the release are stages too",
                              name);
            return NULL;
        }
    if (plan->stage_count == RUN_STAGES_MAX) {
        (void)report_node(build->report, at, "more than %d stages, environments and the release among them",
                          RUN_STAGES_MAX);
        return NULL;
    }
    const char *kept = options_keep(build, at, name);
    if (kept == NULL)
        return NULL;
    definition->stages[plan->stage_count] = kept;
    definition->begins[plan->stage_count] = plan->stage_count;
    struct run_plan_stage *stage = &plan->stages[plan->stage_count++];
    *stage = (struct run_plan_stage){.first = plan->task_count, .parallel = 1};
    return stage;
}

uint8_t run_stages_add_task(const struct build *build, const struct node *at,
                            struct run_definition *definition)
{
    struct run_plan *plan = &definition->plan;

    if (plan->task_count == RUN_TASKS_MAX) {
        (void)report_node(build->report, at, "more than %d tasks in one pipeline", RUN_TASKS_MAX);
        return UINT8_MAX;
    }
    plan->tasks[plan->task_count].reference = plan->task_count;
    plan->stages[plan->stage_count - 1].count++;
    return plan->task_count++;
}

static bool is_same_place(const struct stack_place *a, const struct stack_place *b)
{
    return a != NULL && b != NULL && strcmp(a->name, b->name) == 0 &&
           strcmp(a->environment, b->environment) == 0;
}

bool run_definition_planner(const struct run_definition *definition, uint8_t task,
                            char to[RUN_TASK_NAME_SIZE])
{
    const struct run_task_definition *tasks = definition->tasks;

    if (tasks[task].review == NULL || tasks[task].review->output == NULL)
        return false;
    for (uint8_t i = task; i-- > 0;) {
        const char *stage = definition->stages[run_stage_of(&definition->plan, i)];
        if (tasks[i].word != STACK_WORD_PLAN || !is_same_place(tasks[i].stack, tasks[task].stack))
            continue;
        bool is_alike = strcmp(stage, tasks[i].name) == 0;
        (void)snprintf(to, RUN_TASK_NAME_SIZE, "%s%s%s", is_alike ? "" : stage, is_alike ? "" : "/",
                       tasks[i].name);
        return true;
    }
    return false;
}
