/* run_spans.c - a run and its tasks as spans.
 * SPDX-License-Identifier: MIT */
#include "api/run_spans.h"

#include "api/span_id.h"
#include "orchestrator/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 256 };

static const char success[] = "success", failure[] = "failure", trouble[] = "error", timeout[] = "timeout",
                  cancellation[] = "cancellation", skip[] = "skip";

/* A failure is what was tried and did not go well; an error that it could not be found out, or not be tried.
 */
static const char *result_of_cause(enum run_cause cause)
{
    switch (cause) {
    case CAUSE_SILENCE:
        return timeout;
    case CAUSE_UNKNOWN:
    case CAUSE_REFUSED:
        return trouble;
    case CAUSE_NONE:
    case CAUSE_COMMAND:
    case CAUSE_ANSWER:
    case CAUSE_DIGEST:
    case CAUSE_DEPLOYMENT:
    case CAUSE_COUNT:
        return failure;
    }
    return failure;
}

static const char *result_of_run(const struct run_state *state)
{
    if (state->phase == RUN_RELEASED)
        return success;
    if (state->phase == RUN_ABORTED)
        return cancellation;
    return state->failed_task < RUN_TASKS_MAX
               ? result_of_cause((enum run_cause)state->tasks[state->failed_task].cause)
               : failure;
}

/* What came after a try that was not the last one of its task is another try, so that it failed. */
static const char *result_of_try(const struct run_state *state, const struct journal_task *one)
{
    const struct run_task *task = &state->tasks[one->task];

    if (one->tries < task->tries)
        return failure;
    switch (one->phase) {
    case TASK_DONE:
        return success;
    case TASK_SKIPPED:
        return skip;
    case TASK_FAILED:
    case TASK_ASKING:
    case TASK_RESTING:
        return result_of_cause((enum run_cause)task->cause);
    case TASK_STOPPED:
    case TASK_STOPPING:
        return cancellation;
    case TASK_IDLE:
    case TASK_RUNNING:
    case TASK_AWAITING:
    case TASK_PHASE_COUNT:
        return trouble;
    }
    return trouble;
}

static void judge(struct cJSON *span, const char *result, const char *why)
{
    if (result == failure || result == trouble || result == timeout)
        span_fail(span, result, why);
}

static void describe(struct cJSON *owner, const struct spans_origin *origin, const struct journal_run *row)
{
    char text[TEXT_SIZE];

    span_text(owner, "cicd.pipeline.name", row->pipeline);
    (void)snprintf(text, sizeof(text), "run_%" PRIu64, row->id);
    span_text(owner, "cicd.pipeline.run.id", text);
    (void)snprintf(text, sizeof(text), "%sruns/run_%" PRIu64, origin->link, row->id);
    span_text(owner, "cicd.pipeline.run.url.full", origin->link[0] == '\0' ? NULL : text);
}

static const char *why_of(const struct run_spans *run, uint8_t task)
{
    const char *why = "";

    for (size_t i = 0; i < run->task_count; i++)
        if (run->tasks[i].task == task)
            why = run->tasks[i].why;
    return why;
}

static void link_former(struct cJSON *span, const struct spans_origin *origin,
                        const struct journal_run *former)
{
    struct traceparent trace;
    char text[TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "run_%" PRIu64, former->id);
    span_text(span, "verdict.retry_of", text);
    span_id_run(origin->instance, former->id, text);
    if (traceparent_read(former->traceparent, &trace))
        span_link(span, trace.trace, text);
}

static void add_own(const struct spans_origin *origin, const struct run_spans *run, const char *parent,
                    struct spans *spans, char id[TRACEPARENT_SPAN_SIZE])
{
    const struct journal_run *row = run->row;
    const char *result = result_of_run(&row->state);
    char name[TEXT_SIZE];

    span_id_run(origin->instance, row->id, id);
    (void)snprintf(name, sizeof(name), "RUN %s", row->pipeline);
    const struct span_about about = {.id = id,
                                     .parent = parent,
                                     .name = name,
                                     .kind = SPAN_SERVER,
                                     .begin_ms = row->created_ms,
                                     .end_ms = row->ended_ms};
    struct cJSON *span = spans_add(spans, &about);
    describe(span, origin, row);
    span_text(span, "cicd.pipeline.action.name", "RUN");
    span_text(span, "cicd.pipeline.result", result);
    span_text(span, "artifact.version", row->version);
    span_text(span, "artifact.hash", row->service[0] == '\0' ? NULL : row->digest);
    span_text(span, "vcs.ref.head.revision", row->commit);
    span_text(span, "verdict.service", row->service);
    span_text(span, "verdict.state", run_phase_name(row->state.phase));
    span_text(span, "verdict.run_url", row->run_url);
    span_text(span, "verdict.actor", row->actor);
    span_text(span, "verdict.actor.reason", row->reason);
    judge(span, result, why_of(run, row->state.failed_task));
    if (run->former != NULL)
        link_former(span, origin, run->former);
}

static const char *stage_of(const struct run_definition *definition, uint8_t task)
{
    return definition->stages[run_stage_of(&definition->plan, task)];
}

/* The conventions know three types. */
static const char *type_of(const struct run_definition *definition, uint8_t task)
{
    const char *stage = stage_of(definition, task);

    if (definition->plan.tasks[task].kind == RUN_TASK_DEPLOY)
        return "deploy";
    return strcmp(stage, "build") == 0 || strcmp(stage, "test") == 0 ? stage : NULL;
}

static void describe_deployment(struct cJSON *span, const struct journal_task *one,
                                const struct run_task_definition *task)
{
    char text[TEXT_SIZE];

    if (one->deployment == 0)
        return;
    (void)snprintf(text, sizeof(text), "dep_%" PRIu64, one->deployment);
    span_text(span, "deployment.id", text);
    span_text(span, "deployment.environment.name", task == NULL ? NULL : task->environment);
}

static void add_try(const struct spans_origin *origin, const struct run_spans *run,
                    const struct journal_task *one, const char *parent, struct spans *spans)
{
    const struct run_definition *definition = run->definition;
    bool is_known = definition != NULL && one->task < definition->plan.task_count;
    const struct run_task_definition *task = is_known ? &definition->tasks[one->task] : NULL;
    const char *result = result_of_try(&run->row->state, one);
    bool is_over = one->phase >= TASK_DONE || one->tries < run->row->state.tasks[one->task].tries;
    char id[TRACEPARENT_SPAN_SIZE];
    char name[TEXT_SIZE];

    span_id_task(origin->instance, run->row->id, one->task, one->tries, id);
    if (is_known)
        (void)snprintf(name, sizeof(name), "%s/%s", stage_of(definition, one->task), task->name);
    else
        (void)snprintf(name, sizeof(name), "task %u", (unsigned)one->task);
    const struct span_about about = {.id = id,
                                     .parent = parent,
                                     .name = name,
                                     .kind = SPAN_INTERNAL,
                                     .begin_ms = one->began_ms,
                                     .end_ms = is_over ? one->changed_ms : run->row->ended_ms};
    struct cJSON *span = spans_add(spans, &about);
    span_text(span, "cicd.pipeline.task.name", is_known ? task->name : name);
    span_text(span, "cicd.pipeline.task.type", is_known ? type_of(definition, one->task) : NULL);
    (void)snprintf(name, sizeof(name), "run_%" PRIu64 ".%u.%u", run->row->id, (unsigned)one->task,
                   (unsigned)one->tries);
    span_text(span, "cicd.pipeline.task.run.id", name);
    span_text(span, "cicd.pipeline.task.run.result", result);
    (void)snprintf(name, sizeof(name), "%sruns/run_%" PRIu64, origin->link, run->row->id);
    span_text(span, "cicd.pipeline.task.run.url.full", origin->link[0] == '\0' ? NULL : name);
    span_text(span, "verdict.stage", is_known ? stage_of(definition, one->task) : NULL);
    span_integer(span, "verdict.try", one->tries);
    describe_deployment(span, one, task);
    judge(span, result, one->why);
}

char *run_spans_write(const struct spans_origin *origin, const struct run_spans *run)
{
    char id[TRACEPARENT_SPAN_SIZE];
    struct traceparent trace;
    struct spans spans;

    if (!traceparent_read(run->row->traceparent, &trace) || !trace.is_sampled)
        return NULL;
    spans_begin(&spans, origin, trace.trace);
    describe(spans.resource, origin, run->row);
    add_own(origin, run, trace.parent, &spans, id);
    for (size_t i = 0; i < run->task_count; i++)
        if (run->tasks[i].task < RUN_TASKS_MAX)
            add_try(origin, run, &run->tasks[i], id, &spans);
    return spans_end(&spans);
}
