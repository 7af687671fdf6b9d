/* reading.c - the journal read in a worker for one call.
 * SPDX-License-Identifier: MIT */
#include "api/reading.h"

#include "api/audit_texts.h"
#include "api/evidence.h"
#include "api/parts.h"
#include "config/config.h"
#include "io/json.h"
#include "io/loop.h"
#include "io/memory.h"
#include "orchestrator/deployment.h"

#include <stdlib.h>
#include <string.h>

enum { AGAIN_MAX = 8 };

static bool read_row(struct reading *reading, struct err *err)
{
    reading->row_count = 1;
    if (reading->deployment != 0)
        return journal_view_deployment(reading->view, reading->deployment, &reading->arena, &reading->rows,
                                       err);
    return journal_view_last(reading->view, reading->service, reading->environment, &reading->arena,
                             &reading->rows, err);
}

/* Without a definition that this build can read a deployment is shown all the same, with less. */
static void rebuild_definition(struct reading *reading)
{
    bool has_text =
        journal_view_sealed(reading->view, reading->rows[0].id, &reading->arena, &reading->sealed, NULL);
    if (reading->is_light)
        return;
    if (has_text)
        reading->definition = config_unseal(reading->sealed, reading->schemas, NULL);
    if (reading->definition != NULL && reading->rows[0].kind == PLAN_ROLLBACK) {
        /* Sealed is what was promoted; its way back follows from that. */
        struct plan promoted = *reading->definition->plan;
        plan_expand_rollback(&promoted, promoted.verify, reading->definition->plan);
    }
    if (!journal_view_rules(reading->view, reading->rows[0].id, reading->rules, &reading->rule_bits, NULL))
        reading->rule_bits = 0;
}

static bool read_deployment(struct reading *reading, struct err *err)
{
    if (!read_row(reading, err))
        return false;
    rebuild_definition(reading);
    if (reading->kind == READING_APPROVALS)
        return evidence_read_approvers(reading, err);
    if (reading->kind == READING_LOGS)
        return evidence_read_results(reading, err);
    return reading->kind != READING_REPORT || evidence_read(reading, err);
}

static bool read_run(struct reading *reading, struct err *err)
{
    struct journal_view *view = reading->view;
    struct arena *arena = &reading->arena;

    reading->run_count = 1;
    if (!journal_view_run(view, reading->deployment, arena, &reading->runs, err) ||
        !journal_view_run_sealed(view, reading->deployment, arena, &reading->sealed, err) ||
        !journal_view_outputs(view, reading->deployment, arena, &reading->outputs, &reading->output_count,
                              err) ||
        !journal_view_approvals(view, reading->deployment, arena, &reading->approvals,
                                &reading->approval_count, err) ||
        !journal_view_tasks(view, reading->deployment, true, arena, &reading->tasks, &reading->task_count,
                            err))
        return false;
    reading->run_definition = config_unseal_pipeline(reading->sealed, NULL);
    return true;
}

static bool read_audit(struct reading *reading, struct err *err)
{
    const struct journal_filter *filter = &reading->filter;

    bool is_read =
        reading->is_onward
            ? journal_view_audit(reading->view, 0, filter->before, filter->limit, &reading->arena,
                                 &reading->audits, &reading->audit_count, err)
            : journal_view_audit_newest(reading->view, filter->before, filter->limit, &reading->arena,
                                        &reading->audits, &reading->audit_count, err);

    return is_read && (audit_texts_read(reading->view, reading->schemas, reading->audits,
                                        reading->audit_count, &reading->arena, &reading->audit_texts) ||
                       err_set(err, ERR_LIMIT, "the audit's page is larger than its memory"));
}

static bool read_states(struct reading *reading, struct err *err)
{
    const struct journal_state_filter filter = {.name = reading->service,
                                                .environment = reading->environment,
                                                .serial = -1,
                                                .before = reading->filter.before,
                                                .limit = reading->filter.limit};

    return journal_view_stacks(reading->view, reading->service, reading->environment, &reading->arena,
                               &reading->stacks, &reading->stack_count, err) &&
           journal_view_states(reading->view, &filter, &reading->arena, &reading->states,
                               &reading->state_count, err);
}

static bool read_kind(struct reading *reading, struct err *err)
{
    switch (reading->kind) {
    case READING_DEPLOYMENT:
    case READING_APPROVALS:
    case READING_REPORT:
    case READING_LOGS:
        return read_deployment(reading, err);
    case READING_LIST:
        return journal_view_list(reading->view, &reading->filter, &reading->arena, &reading->rows,
                                 &reading->row_count, err);
    case READING_RUN:
        return read_run(reading, err);
    case READING_RUNS:
        return journal_view_runs(reading->view, reading->service, reading->filter.before,
                                 reading->filter.limit, &reading->arena, &reading->runs, &reading->run_count,
                                 err);
    case READING_AUDIT:
        return read_audit(reading, err);
    case READING_STACKS:
        return journal_view_stacks(reading->view, NULL, NULL, &reading->arena, &reading->stacks,
                                   &reading->stack_count, err);
    case READING_STATES:
        return read_states(reading, err);
    }
    return false;
}

static void work(void *data)
{
    struct reading *reading = data;
    struct err err = {0};

    if (!read_kind(reading, &err))
        reading->err = err;
}

static bool is_known(const struct api *api, uint64_t deployment)
{
    struct api_live live = {0};

    return deployment != 0 && api->env.live(api->env.data, deployment, &live);
}

static void start(struct reading *reading);

static void worked(void *data)
{
    struct reading *reading = data;
    struct call *call = reading->call;

    /* Still held: whatever `done` starts may end at once. It may also read again, and so free the reading. */
    if (call->request != NULL && reading->is_light && !is_known(call->api, reading->deployment)) {
        reading->is_light = false; /* it left meanwhile */
        arena_reset(&reading->arena);
        start(reading);
    } else if (call->request != NULL) {
        reading->done(call);
    }
    call->holds--;
    call_settle(call);
}

static struct reading *prepare(struct call *call, enum reading_kind kind, void (*done)(struct call *call))
{
    reading_free(call->reading);
    struct reading *reading = memory_take(sizeof(*reading));
    call->reading = reading;
    reading->kind = kind;
    reading->call = call;
    reading->done = done;
    reading->view = call->api->view;
    reading->schemas = call->api->env.schemas;
    arena_init(&reading->arena, memory_take(READING_MEMORY), READING_MEMORY);
    if (kind == READING_APPROVALS || kind == READING_REPORT || kind == READING_LOGS)
        arena_init(&reading->page, memory_take(READING_PAGE_MEMORY), READING_PAGE_MEMORY);
    return reading;
}

/* What cannot be read ends as every reading does: later, and with `done`. */
static void start(struct reading *reading)
{
    struct call *call = reading->call;
    struct loop *loop = call->api->env.loop;

    call->holds++;
    if (reading->view != NULL && loop_work(loop, work, worked, reading, &reading->err))
        return;
    if (reading->view == NULL)
        err_set(&reading->err, ERR_UNAVAILABLE, "the journal cannot be read");
    loop_defer(loop, worked, reading);
}

void reading_deployment(struct call *call, enum reading_kind kind, uint64_t deployment,
                        void (*done)(struct call *call))
{
    struct reading *reading = prepare(call, kind, done);

    reading->deployment = deployment;
    reading->is_light = kind == READING_DEPLOYMENT && is_known(call->api, deployment);
    start(reading);
}

void reading_last(struct call *call, enum reading_kind kind, void (*done)(struct call *call))
{
    struct reading *reading = prepare(call, kind, done);

    memcpy(reading->service, call->match.service, sizeof(reading->service));
    memcpy(reading->environment, call->match.environment, sizeof(reading->environment));
    start(reading);
}

void reading_list(struct call *call, const struct journal_filter *filter, void (*done)(struct call *call))
{
    struct reading *reading = prepare(call, READING_LIST, done);

    reading->filter = *filter;
    reading->filter.service = NULL;
    reading->filter.environment = NULL;
    if (filter->service != NULL && text_copy(reading->service, sizeof(reading->service), filter->service))
        reading->filter.service = reading->service;
    if (filter->environment != NULL &&
        text_copy(reading->environment, sizeof(reading->environment), filter->environment))
        reading->filter.environment = reading->environment;
    start(reading);
}

void reading_run(struct call *call, uint64_t run, void (*done)(struct call *call))
{
    struct reading *reading = prepare(call, READING_RUN, done);

    reading->deployment = run;
    start(reading);
}

void reading_runs(struct call *call, const struct journal_filter *filter, void (*done)(struct call *call))
{
    struct reading *reading = prepare(call, READING_RUNS, done);

    reading->filter = *filter;
    reading->filter.service = NULL;
    if (filter->service == NULL || !text_copy(reading->service, sizeof(reading->service), filter->service))
        reading->service[0] = '\0';
    start(reading);
}

void reading_audit(struct call *call, bool is_onward, uint64_t from, uint32_t limit,
                   void (*done)(struct call *call))
{
    struct reading *reading = prepare(call, READING_AUDIT, done);

    reading->is_onward = is_onward;
    reading->filter = (struct journal_filter){.before = from, .limit = limit};
    start(reading);
}

void reading_stacks(struct call *call, void (*done)(struct call *call))
{
    start(prepare(call, READING_STACKS, done));
}

void reading_states(struct call *call, uint64_t before, uint32_t limit, void (*done)(struct call *call))
{
    struct reading *reading = prepare(call, READING_STATES, done);

    memcpy(reading->service, call->match.service, sizeof(reading->service));
    memcpy(reading->environment, call->match.environment, sizeof(reading->environment));
    reading->filter = (struct journal_filter){.before = before, .limit = limit};
    start(reading);
}

bool reading_again(struct call *call, uint64_t id, void (*done)(struct call *call))
{
    enum reading_kind kind = call->reading->kind;

    if (call->reading->deployment != 0 && !call->reading->is_outdated)
        return false;
    if (++call->readings == AGAIN_MAX)
        problem_answer(call, 503, "unavailable", "it changes all the time: try again");
    else if (kind == READING_RUN)
        reading_run(call, id, done);
    else
        reading_deployment(call, kind, id, done);
    return true;
}

void reading_free(struct reading *reading)
{
    if (reading == NULL)
        return;
    definition_free(reading->definition);
    run_definition_free(reading->run_definition);
    json_free(reading->verdicts);
    json_free(reading->actions);
    json_free(reading->audit);
    free(reading->arena.memory);
    free(reading->page.memory);
    free(reading);
}

struct record reading_record_of(const struct api *api, const struct journal_deployment *row)
{
    const struct api_env *env = &api->env;
    struct record record = {.row = row, .state = &row->state, .why = row->why};
    const struct target_state *target = env->target(env->data, row->target);
    struct api_live live = {0};

    record.is_way_back = target != NULL && target->way_back == row->id;
    if (!env->live(env->data, row->id, &live))
        return record;
    record.state = live.state;
    record.definition = live.definition;
    record.rules = live.rules;
    record.why = live.why == NULL ? "" : live.why;
    record.now_ms = live.now_ms;
    record.opens_wall_ms = live.opens_wall_ms;
    record.lock = live.lock;
    record.waits = live.waits;
    record.is_live = true;
    return record;
}

struct record reading_record_in(const struct api *api, const struct reading *reading, size_t index)
{
    struct record record = reading_record_of(api, &reading->rows[index]);

    if (record.is_live)
        return record;
    record.definition = index == 0 ? reading->definition : NULL;
    record.rules = reading->rule_bits == 0 ? NULL : reading->rules;
    return record;
}

struct record reading_record(const struct call *call, size_t index)
{
    return reading_record_in(call->api, call->reading, index);
}

bool reading_failed(struct call *call)
{
    const struct err *err = &call->reading->err;

    if (err->code == ERR_NONE)
        return false;
    if (err->code == ERR_NOT_FOUND)
        problem_answer(call, 404, "not-found", "there is no such deployment");
    else
        problem_answer_err(call, err);
    return true;
}
