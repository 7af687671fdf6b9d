/* journal_write.c - the rows of a batch, on the writer's thread, inside its transaction.
 * SPDX-License-Identifier: MIT
 *
 * Order: targets; deployments that end or wait, so that one that becomes active finds its place free (S8);
 * active ones; runs; the audit rows with the passes; at last what rests on them: actions (S2), results,
 * rules, verdicts; and the notices. */
#include "engine/snapshot.h"
#include "io/digest.h"
#include "orchestrator/deployment.h"
#include "store/audit_words.h"
#include "store/journal_outbox.h"
#include "store/run_rows.h"
#include "store/trace_rows.h"
#include "store/verdict_column.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define KEY_LIFE_MS (INT64_C(24) * 3600 * 1000)

const struct journal_request *texts_request(const struct journal_texts *texts, uint64_t token)
{
    for (size_t i = 0; token != 0 && i < texts->request_count; i++)
        if (texts->requests[i].token == token)
            return &texts->requests[i];
    return NULL;
}

const char *texts_actor(const struct journal_request *request, char to[JOURNAL_ACTOR_SIZE])
{
    if (request == NULL || request->principal == NULL || request->actor == NULL ||
        strcmp(request->principal, request->actor) == 0)
        return request == NULL ? NULL : request->actor;
    (void)snprintf(to, JOURNAL_ACTOR_SIZE, "%s for %s", request->principal, request->actor);
    return to;
}

bool batch_starts_deployment(const struct batch *batch, const struct journal_texts *texts)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        if (row->kind == ROW_RUN && row->is_new)
            return true;
        if (row->kind != ROW_DEPLOYMENT || !row->is_new)
            continue;
        const struct journal_request *request = texts_request(texts, row->token);
        if (request == NULL || request->start == NULL || request->start->kind == PLAN_DEPLOY)
            return true;
    }
    return false;
}

bool journal_is_event(const struct batch_row *row)
{
    return row->kind == ROW_TRACE || row->kind == ROW_TARGET || row->kind == ROW_RUN_TRACE ||
           (row->kind == ROW_DEPLOYMENT && row->is_new);
}

static void save_target_name(const struct scene *scene, uint32_t id)
{
    const char *service = NULL;
    const char *environment = NULL;

    if (!names_of_target(scene->writer->names, id, &service, &environment)) {
        (void)sql_refuse(scene->sql, "target %u has no name", id);
        return;
    }
    struct row row = sql_row(scene->sql, STATEMENT_TARGET_NAME);
    row_integer(&row, id);
    row_text(&row, service);
    row_text(&row, environment);
    (void)row_run(&row);
}

void scene_bind_origin(const struct scene *scene, struct row *row, const struct journal_request *request,
                       const char *run_url, const char *commit, int64_t end_ms)
{
    row_text(row, request->actor);
    row_text(row, request->reason);
    row_text(row, run_url);
    row_text(row, commit);
    row_integer(row, scene->writer->wall_ms);
    row_integer(row, end_ms);
}

/* A key without a text in memory is an old one, and in the file. */
void scene_save_version(const struct scene *scene, uint64_t key)
{
    const char *version = NULL;
    const char *digest = NULL;

    if (key == 0 || !names_of_version(scene->writer->names, key, &version, &digest))
        return;
    struct row row = sql_row(scene->sql, STATEMENT_VERSION_NAME);
    row_key(&row, key);
    row_text(&row, version);
    row_text(&row, digest);
    row_integer(&row, scene->writer->wall_ms);
    (void)row_run(&row);
}

static void save_target(const struct scene *scene, const struct batch_row *batch_row)
{
    const struct target_state *target = batch_row->target;
    unsigned char bytes[SNAPSHOT_TARGET_MAX];

    save_target_name(scene, target->id);
    scene_save_version(scene, target->stable_version_key);
    for (uint8_t i = 0; i < target->quarantined_count; i++)
        scene_save_version(scene, target->quarantined[i].version_key);
    size_t length = snapshot_write_target(target, bytes);
    struct row row = sql_row(scene->sql, STATEMENT_TARGET_SAVE);
    row_bytes(&row, bytes, length);
    row_integer(&row, target->id);
    (void)row_run(&row);
}

void scene_save_sealed(const struct scene *scene, const char *text, unsigned char hash[JOURNAL_HASH_SIZE])
{
    size_t length = strlen(text);

    assert(length <= JOURNAL_SEALED_MAX);
    digest_sha256(text, length, hash);
    struct row row = sql_row(scene->sql, STATEMENT_SEALED_SAVE);
    row_bytes(&row, hash, JOURNAL_HASH_SIZE);
    row_text(&row, text);
    (void)row_run(&row);
}

static void save_request(const struct scene *scene, const struct journal_request *request, uint64_t id)
{
    if (request->idempotency_key == NULL)
        return;
    struct row row = sql_row(scene->sql, STATEMENT_REQUEST_SAVE);
    row_text(&row, request->principal);
    row_text(&row, request->idempotency_key);
    row_bytes(&row, request->body_hash, sizeof(request->body_hash));
    row_key(&row, id);
    row_integer(&row, scene->writer->wall_ms);
    row_integer(&row, scene->writer->wall_ms - KEY_LIFE_MS);
    if (row_run(&row) && !sql_changed(scene->sql))
        (void)sql_refuse(scene->sql, "S1: the idempotency key of deployment %llu was used before",
                         (unsigned long long)id);
}

/* Still to be driven: not over, or over with the old slot to retire. */
static bool is_open(const struct deployment_state *state)
{
    return !phase_is_terminal(state->phase) ||
           (state->phase == PHASE_PROMOTED && (state->care == CARE_DUE || state->care == CARE_ACTING));
}

static int64_t end_time(const struct scene *scene, const struct deployment_state *state)
{
    return phase_is_terminal(state->phase) ? scene->writer->wall_ms : 0;
}

/* The columns that insert and update have alike; the guards look at them. */
static void add_state(struct row *row, const struct deployment_state *state)
{
    row_integer(row, state->phase);
    row_integer(row, state->ending);
    row_integer(row, state->step);
    row_integer(row, state->attempt);
    row_integer(row, state->last_sequence);
    row_integer(row, state->last_seen_ms);
    row_integer(row, is_open(state));
    row_integer(row, state->is_escalated);
}

static void insert_deployment(const struct scene *scene, const struct batch_row *batch_row)
{
    const struct deployment_state *state = batch_row->state;
    const struct journal_request *request = texts_request(scene->texts, batch_row->token);
    unsigned char hash[JOURNAL_HASH_SIZE];
    unsigned char bytes[SNAPSHOT_DEPLOYMENT_MAX];

    if (request == NULL || request->start == NULL) {
        (void)sql_refuse(scene->sql, "deployment %llu came without its start", (unsigned long long)state->id);
        return;
    }
    const struct journal_start *start = request->start;
    save_target_name(scene, start->target);
    scene_save_version(scene, start->version_key);
    scene_save_version(scene, start->previous_key);
    scene_save_sealed(scene, start->sealed, hash);
    size_t length = snapshot_write_deployment(state, bytes);
    struct row row = sql_row(scene->sql, STATEMENT_DEPLOYMENT_INSERT);
    row_key(&row, state->id);
    row_integer(&row, start->target);
    row_integer(&row, start->kind);
    row_key_or_null(&row, start->taken_back);
    row_key(&row, start->version_key);
    row_key_or_null(&row, start->previous_key);
    row_key(&row, start->plan_hash);
    row_bytes(&row, hash, sizeof(hash));
    row_text(&row, start->strategy);
    scene_bind_origin(scene, &row, request, start->run_url, start->commit, end_time(scene, state));
    add_state(&row, state);
    row_bytes(&row, bytes, length);
    row_text(&row, start->traceparent);
    (void)row_run(&row);
    trace_rows_save(scene->sql, TRACE_OF_DEPLOYMENT, state->id, start->tracestate, start->baggage);
    save_request(scene, request, state->id);
}

/* NULL: nothing new was said. */
static const struct journal_why *why_of(const struct journal_texts *texts, uint64_t deployment)
{
    for (size_t i = 0; i < texts->why_count; i++)
        if (texts->whys[i].deployment == deployment)
            return &texts->whys[i];
    return NULL;
}

static void update_deployment(const struct scene *scene, const struct batch_row *batch_row)
{
    const struct deployment_state *state = batch_row->state;
    unsigned char bytes[SNAPSHOT_DEPLOYMENT_MAX];
    size_t length = snapshot_write_deployment(state, bytes);
    const struct journal_why *why = why_of(scene->texts, state->id);

    if (why != NULL)
        scene_save_version(scene, why->previous_key);
    struct row row = sql_row(scene->sql, STATEMENT_DEPLOYMENT_UPDATE);

    row_integer(&row, scene->writer->wall_ms);
    row_integer(&row, end_time(scene, state));
    add_state(&row, state);
    row_bytes(&row, bytes, length);
    row_key(&row, state->id);
    if (why != NULL) {
        row_text(&row, why->text);
        row_key_or_null(&row, why->previous_key);
    }
    if (row_run(&row) && !sql_changed(scene->sql))
        (void)sql_refuse(scene->sql, "deployment %llu is not in the journal", (unsigned long long)state->id);
}

static void save_deployment(const struct scene *scene, const struct batch_row *batch_row)
{
    if (batch_row->is_new)
        insert_deployment(scene, batch_row);
    else
        update_deployment(scene, batch_row);
}

/* What a step's raise of traffic may rest on (S2). */
static void save_pass(const struct scene *scene, const struct batch_row *batch_row)
{
    const struct trace *trace = &batch_row->trace;

    if (batch_row->state == NULL || (trace->kind != TRACE_STEP_PASS && trace->kind != TRACE_OVERRIDE))
        return;
    struct row row = sql_row(scene->sql, STATEMENT_PASS_INSERT);
    row_key(&row, batch_row->state->id);
    row_integer(&row, trace->a);
    row_integer(&row, trace->b);
    row_integer(&row, trace->kind == TRACE_OVERRIDE);
    (void)row_run(&row);
}

static const char *const target_verbs[] = {
    [TARGET_ADOPT] = "adopted",
    [TARGET_FREEZE] = "frozen",
    [TARGET_UNFREEZE] = "unfrozen",
    [TARGET_QUARANTINE_ADD] = "quarantine_added",
    [TARGET_QUARANTINE_CLEAR] = "quarantine_cleared",
    [TARGET_OPEN] = "brake_opened",
};

/* A trace without a deployment is a verb of a target: a is the target, b the verb. */
static void describe_trace(const struct batch_row *batch_row, struct chain_row *audit)
{
    const struct trace *trace = &batch_row->trace;
    bool is_verb = batch_row->state == NULL && trace->b < ARRAY_LENGTH(target_verbs);

    audit->what = is_verb ? target_verbs[trace->b] : trace_kind_name(trace->kind);
    audit->target = is_verb ? trace->a : 0;
    audit->a = trace->a;
    audit->b = trace->b;
}

static void describe_target(const struct scene *scene, const struct batch_row *batch_row, struct text *words,
                            struct chain_row *audit)
{
    const struct target_state *target = batch_row->target;

    audit_words_target(scene->writer->names, target, words);
    audit->reason = words->data;

    audit->what = "target";
    audit->target = target->id;
    audit->a = (target->has_stable ? 1U : 0U) | (target->is_frozen ? 2U : 0U) | AUDIT_TARGET_TOLD;
    audit->b = target->quarantined_count;
}

/* What a lever, a command or a probe said of an end that is not good: who asks later must find it. */
static const char *said_of(const struct scene *scene, const struct batch_row *batch_row)
{
    const struct trace *trace = &batch_row->trace;
    bool is_bad = (trace->kind == TRACE_RESULT && trace->b != RESULT_DONE) ||
                  (trace->kind == TRACE_FAIL && trace->a == FAIL_SMOKE);
    const struct journal_why *why =
        is_bad && batch_row->state != NULL ? why_of(scene->texts, batch_row->state->id) : NULL;

    return why == NULL || why->text[0] == '\0' ? NULL : why->text;
}

static void save_event(const struct scene *scene, const struct batch_row *batch_row)
{
    const struct journal_request *request = texts_request(scene->texts, batch_row->token);

    if (batch_row->kind == ROW_RUN_TRACE) {
        run_rows_save_event(scene, batch_row);
        return;
    }
    char actor[JOURNAL_ACTOR_SIZE];
    char memory[AUDIT_WORDS_SIZE];
    struct text words;
    struct chain_row audit = {
        .engine_ms = scene->batch->now_ms,
        .what = "accepted",
        .actor = texts_actor(request, actor),
        .reason = request == NULL ? NULL : request->reason,
    };

    if (batch_row->state != NULL) {
        audit.deployment = batch_row->state->id;
        audit.step = batch_row->state->step;
        audit.attempt = batch_row->state->attempt;
    }
    if (batch_row->kind == ROW_TRACE) {
        describe_trace(batch_row, &audit);
        if (request == NULL)
            audit.reason = said_of(scene, batch_row);
        save_pass(scene, batch_row);
    }
    text_init(&words, memory, sizeof(memory));
    if (batch_row->kind == ROW_TARGET)
        describe_target(scene, batch_row, &words, &audit);
    writer_audit(scene->writer, &audit);
}

static void save_action(const struct scene *scene, const struct batch_row *batch_row)
{
    const struct action *action = &batch_row->action;
    struct row row = sql_row(scene->sql, STATEMENT_ACTION_SAVE);

    row_key(&row, batch_row->state->id);
    row_integer(&row, action->sequence);
    row_integer(&row, action->kind);
    row_integer(&row, action->reference);
    row_integer(&row, action->share);
    row_integer(&row, action->cancels);
    row_integer(&row, batch_row->state->step);
    row_integer(&row, batch_row->state->attempt);
    row_integer(&row, action->is_rollback);
    row_integer(&row, action->limit_ms);
    row_integer(&row, scene->batch->now_ms);
    row_integer(&row, scene->writer->wall_ms);
    (void)row_run(&row);
}

/* A result without an intent is that of a route that went ahead of a slow journal (S5): no row to end. */
static void save_result(const struct scene *scene, const struct batch_row *batch_row)
{
    struct row row = sql_row(scene->sql, STATEMENT_ACTION_RESULT);

    row_integer(&row, batch_row->result);
    row_integer(&row, scene->batch->now_ms);
    row_key(&row, batch_row->state->id);
    row_integer(&row, batch_row->sequence);
    (void)row_run(&row);
}

static void save_rule(const struct scene *scene, const struct batch_row *batch_row)
{
    unsigned char bytes[SNAPSHOT_RULE_MAX];
    size_t length = snapshot_write_rule(batch_row->rule_state, bytes);
    struct row row = sql_row(scene->sql, STATEMENT_RULE_SAVE);

    row_key(&row, batch_row->state->id);
    row_integer(&row, batch_row->rule);
    row_bytes(&row, bytes, length);
    (void)row_run(&row);
}

static void save_verdict(const struct scene *scene, const struct batch_row *batch_row)
{
    const struct judgement *judgement = &batch_row->judgement;
    struct row row = sql_row(scene->sql, STATEMENT_VERDICT_INSERT);

    row_key(&row, batch_row->state->id);
    row_integer(&row, batch_row->rule);
    row_integer(&row, batch_row->state->step);
    row_integer(&row, batch_row->state->attempt);
    row_integer(&row, scene->batch->now_ms);
    row_integer(&row, scene->writer->wall_ms);
    row_integer(&row, judgement->verdict);
    row_integer(&row, judgement->reason);
    row_number(&row, judgement->value);
    row_number(&row, judgement->bound);
    row_number(&row, judgement->estimate);
    row_number(&row, judgement->lower);
    row_number(&row, judgement->upper);
    row_number(&row, judgement->statistic);
    row_number(&row, judgement->limit);
    row_number(&row, judgement->count);
    row_number(&row, judgement->stable_count);
    row_integer(&row, judgement->from_ms);
    row_integer(&row, judgement->to_ms);
    row_key(&row, verdict_column(judgement));
    (void)row_run(&row);
}

static bool is_active_row(const struct batch_row *row)
{
    return row->kind == ROW_DEPLOYMENT && phase_is_active(row->state->phase);
}

static bool is_resting_row(const struct batch_row *row)
{
    return row->kind == ROW_DEPLOYMENT && !phase_is_active(row->state->phase);
}

static bool is_target_row(const struct batch_row *row)
{
    return row->kind == ROW_TARGET;
}

static void save_dependent(const struct scene *scene, const struct batch_row *row)
{
    switch (row->kind) {
    case ROW_ACTION:
        save_action(scene, row);
        return;
    case ROW_RESULT:
        save_result(scene, row);
        return;
    case ROW_RULE:
        save_rule(scene, row);
        return;
    case ROW_VERDICT:
        save_verdict(scene, row);
        return;
    case ROW_DEPLOYMENT:
    case ROW_TRACE:
    case ROW_TARGET:
    case ROW_RUN:
    case ROW_RUN_TRACE:
        return;
    case ROW_TASK:
        run_rows_save_task(scene, row);
        return;
    }
}

static bool is_run_row(const struct batch_row *row)
{
    return row->kind == ROW_RUN;
}

static bool is_any_row(const struct batch_row *row)
{
    (void)row;
    return true;
}

struct pass_over {
    bool (*is_meant)(const struct batch_row *row);
    void (*save)(const struct scene *scene, const struct batch_row *row);
};

static const struct pass_over passes_over[] = {
    {is_target_row, save_target},    {is_resting_row, save_deployment}, {is_active_row, save_deployment},
    {is_run_row, run_rows_save_run}, {journal_is_event, save_event},    {is_any_row, save_dependent},
};

void batch_write(struct writer *writer, struct task *task)
{
    const struct batch_task *commit = (const struct batch_task *)task;
    struct scene scene = {
        .writer = writer,
        .sql = &writer->sql,
        .batch = commit->batch,
        .texts = commit->texts,
    };

    for (size_t p = 0; p < ARRAY_LENGTH(passes_over); p++)
        for (uint32_t i = 0; i < scene.batch->count && sql_is_good(scene.sql); i++)
            if (passes_over[p].is_meant(&scene.batch->rows[i]))
                passes_over[p].save(&scene, &scene.batch->rows[i]);
    run_rows_save_texts(&scene);
    once_rows_save(&scene);
    drift_rows_save(&scene);
    for (size_t i = 0; i < scene.texts->notice_count && sql_is_good(scene.sql); i++)
        outbox_write(writer, &scene.texts->notices[i]);
}
