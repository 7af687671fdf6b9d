/* engine_bench.c - the scripted outside of an engine.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include "support/run_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BENCH_STEP_MS = 1000, BENCH_LIVES_REST = 64 };

static const struct rule rule = {
    .kind = RULE_TRIGGER,
    .need = 1,
    .metric_count = 1,
    .metrics = {{.age_max_ms = BENCH_AGE_MS}},
    .condition = {.count = 3,
                  .nodes = {{.op = EXPRESSION_VALUE},
                            {.op = EXPRESSION_NUMBER, .number = 0.5},
                            {.op = EXPRESSION_GREATER}}},
};

static const struct rule *const rules[PLAN_RULES_MAX] = {
    &rule, &rule, &rule, &rule, &rule, &rule, &rule, &rule, &rule, &rule, &rule,
    &rule, &rule, &rule, &rule, &rule, &rule, &rule, &rule, &rule, &rule, &rule,
    &rule, &rule, &rule, &rule, &rule, &rule, &rule, &rule, &rule, &rule,
};

static void *take(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    assert_non_null(memory);
    return memory;
}

static struct bench_live *find(const struct engine_bench *bench, uint64_t deployment)
{
    for (uint32_t i = 0; i < bench->live_count; i++)
        if (bench->lives[i]->id == deployment && deployment != 0)
            return bench->lives[i];
    return NULL;
}

static struct bench_live *find_token(const struct engine_bench *bench, uint64_t token)
{
    for (uint32_t i = 0; i < bench->live_count; i++)
        if (bench->lives[i]->start.token == token && token != 0)
            return bench->lives[i];
    return NULL;
}

static void give_back(struct bench_live *live)
{
    free(live->plan);
    free(live->rule_states);
    live->plan = NULL;
    live->rule_states = NULL;
}

static struct bench_note *note(struct engine_bench *bench, enum bench_note_kind kind, uint64_t deployment)
{
    assert_true(bench->note_count < BENCH_NOTES_MAX);
    struct bench_note *added = &bench->notes[bench->note_count++];
    *added = (struct bench_note){.kind = kind, .now_ms = bench->now_ms, .deployment = deployment};
    return added;
}

/* The journal */

static uint64_t mix(uint64_t hash, const unsigned char *bytes, size_t length)
{
    return (hash ^ snapshot_hash(bytes, length)) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t batch_hash(const struct batch *batch)
{
    unsigned char bytes[SNAPSHOT_TARGET_MAX];
    uint64_t hash = batch->count;

    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        hash = mix(hash, (const unsigned char *)&row->trace, sizeof(row->trace));
        if (row->kind == ROW_TARGET)
            hash = mix(hash, bytes, snapshot_write_target(row->target, bytes));
        if (row->kind == ROW_RULE)
            hash = mix(hash, bytes, snapshot_write_rule(row->rule_state, bytes));
        if (row->kind == ROW_DEPLOYMENT)
            hash = mix(hash, bytes, snapshot_write_deployment(row->state, bytes));
        hash ^= run_bench_hash(row);
    }
    return hash;
}

static void write_row(struct engine_bench *bench, const struct batch_row *row)
{
    struct bench_live *live = row->is_new ? find_token(bench, row->token) : find(bench, row->deployment);

    if (row->kind == ROW_TARGET)
        bench->target_lengths[row->target->id] =
            snapshot_write_target(row->target, bench->targets[row->target->id]);
    if (bench->has_runs)
        run_bench_write(bench, row);
    if (live == NULL)
        return;
    live->id = row->deployment;
    if (row->kind == ROW_DEPLOYMENT)
        live->state_length = snapshot_write_deployment(row->state, live->state);
    if (row->kind == ROW_DEPLOYMENT && row->state->phase == PHASE_ROLLING_BACK)
        live->has_tombstone = false;
    if (row->kind == ROW_RULE)
        live->rule_lengths[row->rule] = snapshot_write_rule(row->rule_state, live->rules[row->rule]);
    if (row->kind == ROW_ACTION)
        live->durable_sequence = row->action.sequence;
    if (row->deployment > bench->last_deployment)
        bench->last_deployment = row->deployment;
}

static void commit(void *data, const struct batch *batch)
{
    struct engine_bench *bench = data;

    assert_null(bench->pending);
    assert_int_equal(bench->working_on, 0);
    assert_true(batch->count > 0 && batch->count <= BATCH_ROWS_MAX);
    bench->pending = batch;
    bench->pending_hash = batch_hash(batch);
    bench->commits++;
}

void bench_settle(struct engine_bench *bench)
{
    const struct batch *batch = bench->pending;

    if (batch == NULL || bench->journal == BENCH_STUCK)
        return;
    assert_true(batch_hash(batch) == bench->pending_hash);
    bench->pending = NULL;
    for (uint32_t i = 0; bench->journal == BENCH_WRITES && i < batch->count; i++)
        write_row(bench, &batch->rows[i]);
    engine_committed(bench->engine, bench->journal == BENCH_WRITES);
}

/* The rest of the outside */

static int64_t now_ms(void *data)
{
    const struct engine_bench *bench = data;

    return bench->now_ms;
}

static bool views(void *data, uint64_t deployment, uint8_t index, struct metric_views *ret_views)
{
    struct bench_live *live = find(data, deployment);

    memset(ret_views, 0, RULE_METRICS_MAX * sizeof(*ret_views));
    assert_int_equal(((const struct engine_bench *)data)->working_on, deployment);
    if (live == NULL || (live->blind & (UINT32_C(1) << index)) != 0)
        return false;
    ret_views[0].side[SIDE_CANDIDATE] = &live->views[index];
    return true;
}

static int64_t opens_ms(void *data, const void *window)
{
    return data == NULL ? 0 : *(const int64_t *)window;
}

static void published(void *data, const struct batch *batch)
{
    struct engine_bench *bench = data;

    assert_null(bench->pending);
    assert_true(batch->count > 0);
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        struct bench_note *added = note(bench, NOTE_ROW, row->deployment);
        added->row = row->kind;
        added->rule = row->rule;
        added->token = row->token;
        if (row->kind == ROW_TRACE)
            added->trace = row->trace;
    }
}

static void start(void *data, const struct deployment_state *state, const struct action *action,
                  bool is_ahead)
{
    struct engine_bench *bench = data;
    struct bench_live *live = find(bench, state->id);

    assert_non_null(live);
    assert_int_not_equal(action->kind, ACTION_NONE);
    if (is_ahead && (action->kind != ACTION_ROUTE || action->share != 0))
        fail_msg("S5: only a route to stable may be ahead of the journal");
    if (!is_ahead && (bench->pending != NULL || action->sequence > live->durable_sequence))
        fail_msg("S5: action %u leaves before its intent is durable", action->sequence);
    live->has_tombstone = live->has_tombstone || is_ahead;
    struct bench_note *added = note(bench, NOTE_START, state->id);
    added->action = *action;
    added->is_ahead = is_ahead;
}

static void read_back(void *data, const struct deployment_state *state)
{
    (void)note(data, NOTE_READ_BACK, state->id);
}

static void answered(void *data, uint64_t token, enum engine_answer answer, uint64_t deployment)
{
    struct engine_bench *bench = data;
    struct bench_live *live = find_token(bench, token);

    assert_null(bench->pending);
    if (live != NULL && answer != ENGINE_DONE)
        give_back(live);
    struct bench_note *added = note(bench, NOTE_ANSWER, deployment);
    added->token = token;
    added->answer = answer;
}

static void released(void *data, uint64_t deployment)
{
    struct bench_live *live = find(data, deployment);

    (void)note(data, NOTE_RELEASED, deployment);
    if (live != NULL)
        give_back(live);
}

static void stepping(void *data, uint64_t deployment)
{
    struct engine_bench *bench = data;

    bench->working_on = deployment;
}

static void make_engine(struct engine_bench *bench)
{
    const struct engine_env env = {
        .data = bench,
        .now_ms = now_ms,
        .views = views,
        .opens_ms = opens_ms,
        .commit = commit,
        .published = published,
        .start = start,
        .read_back = read_back,
        .answered = answered,
        .released = released,
        .stepping = stepping,
    };

    bench->engine = take(1, engine_size(bench->deployments_max, BENCH_TARGETS));
    engine_init(bench->engine, bench->deployments_max, BENCH_TARGETS, bench->reconcile_ms, &env);
    if (bench->has_runs)
        run_bench_attach(bench);
}

void bench_open(struct engine_bench *bench, uint32_t deployments_max)
{
    memset(bench, 0, sizeof(*bench));
    bench->deployments_max = deployments_max;
    bench->now_ms = 1000000;
    bench->reconcile_ms = BENCH_RECONCILE_MS;
    bench->lives = take(deployments_max + BENCH_LIVES_REST, sizeof(struct bench_live *));
    bench->notes = take(BENCH_NOTES_MAX, sizeof(struct bench_note));
    make_engine(bench);
}

void bench_close(struct engine_bench *bench)
{
    for (uint32_t i = 0; i < bench->live_count; i++) {
        give_back(bench->lives[i]);
        free(bench->lives[i]);
    }
    free(bench->lives);
    free(bench->notes);
    free(bench->engine);
}

static void recover(struct engine_bench *bench, struct bench_live *live)
{
    struct deployment_state state;

    if (live->plan == NULL || live->state_length == 0)
        return;
    memset(live->rule_states, 0, PLAN_RULES_MAX * sizeof(struct rule_state));
    assert_true(snapshot_read_deployment(live->state, live->state_length, &state));
    if (phase_is_terminal(state.phase) && state.care != CARE_DUE && state.care != CARE_ACTING)
        return;
    for (uint8_t i = 0; i < PLAN_RULES_MAX; i++)
        if (live->rule_lengths[i] > 0)
            assert_true(snapshot_read_rule(live->rules[i], live->rule_lengths[i], &live->rule_states[i]));
    assert_true(engine_recover(bench->engine, &live->start, &state, bench->now_ms - state.last_seen_ms,
                               live->has_tombstone));
}

void bench_restart(struct engine_bench *bench, int64_t away_ms)
{
    struct target_state target;

    free(bench->engine);
    bench->pending = NULL;
    bench->now_ms += away_ms;
    make_engine(bench);
    for (uint32_t i = 0; i <= BENCH_TARGETS; i++)
        if (bench->target_lengths[i] > 0) {
            assert_true(snapshot_read_target(bench->targets[i], bench->target_lengths[i], &target));
            engine_recover_target(bench->engine, &target);
        }
    for (uint32_t i = 0; i < bench->live_count; i++)
        recover(bench, bench->lives[i]);
    engine_recover_ids(bench->engine, bench->last_deployment + 1);
    if (bench->has_runs)
        run_bench_recover(bench);
}

/* Inputs */

static struct plan_step *add(struct plan *plan, enum step_kind kind, int64_t limit_ms)
{
    struct plan_step *step = &plan->steps[plan->count++];

    *step = (struct plan_step){
        .kind = kind, .reference = PLAN_NONE, .undo = PLAN_NONE, .tries_max = 3, .limit_ms = limit_ms};
    return step;
}

static void fill_plan(struct plan *plan)
{
    plan->has_traffic = true;
    plan->verify = plan->retire = plan->rollback_command = PLAN_NONE;
    plan->rollback_limit_ms = BENCH_AT_MOST_MS;
    plan->held_limit_ms = BENCH_HELD_MS;
    add(plan, STEP_ROUTE, ROUTE_LIMIT_MS)->share = BENCH_LOW;
    add(plan, STEP_OBSERVE, BENCH_AT_MOST_MS)->duration_ms = BENCH_OBSERVE_MS;
    add(plan, STEP_ROUTE, ROUTE_LIMIT_MS)->share = SHARE_WHOLE;
    struct plan_step *watch = add(plan, STEP_OBSERVE, BENCH_AT_MOST_MS);
    watch->duration_ms = BENCH_OBSERVE_MS;
    watch->is_watch = true;
    watch->on_limit = OUTCOME_HOLD;
    plan->rule_count = BENCH_RULES;
    plan->rules[BENCH_RULE_ROLLBACK] = PLAN_RULE_ACT_ROLLBACK;
    plan->rules[BENCH_RULE_HOLD] = PLAN_RULE_ACT_HOLD;
}

struct bench_live *bench_prepare(struct engine_bench *bench, uint64_t version_key)
{
    struct bench_live *live = take(1, sizeof(*live));

    assert_true(bench->live_count < bench->deployments_max + BENCH_LIVES_REST);
    bench->lives[bench->live_count++] = live;
    live->plan = take(1, sizeof(*live->plan));
    live->rule_states = take(PLAN_RULES_MAX, sizeof(*live->rule_states));
    fill_plan(live->plan);
    for (uint8_t i = 0; i < PLAN_RULES_MAX; i++) {
        live->views[i] = (struct series_view){
            .kind = SERIES_GAUGE, .step_ms = BENCH_STEP_MS, .capacity = BENCH_RING, .ring = live->rings[i]};
        series_ring_clear(&live->views[i], live->rings[i]);
        live->views[i].losses = &live->losses[i];
        live->losses[i].steps = losses_span(BENCH_RING);
    }
    live->start = (struct engine_start){.token = bench->live_count,
                                        .target = BENCH_TARGET,
                                        .version_key = version_key,
                                        .plan = live->plan,
                                        .rules = rules,
                                        .rule_states = live->rule_states,
                                        .slot_count = 2};
    return live;
}

void bench_turn(struct engine_bench *bench)
{
    uint32_t commits = 0;

    do {
        commits = bench->commits;
        engine_turn(bench->engine);
        bench_settle(bench);
    } while (bench->commits != commits && bench->pending == NULL);
}

void bench_later(struct engine_bench *bench, int64_t later_ms)
{
    bench->now_ms += later_ms;
    bench_turn(bench);
}

enum engine_answer bench_start(struct engine_bench *bench, struct bench_live *live)
{
    assert_true(engine_start(bench->engine, &live->start));
    bench_turn(bench);
    return bench_answer_of(bench, live->start.token);
}

enum engine_answer bench_verb(struct engine_bench *bench, const struct bench_live *live, enum verb verb)
{
    uint64_t token = 1000000 + bench->note_count;

    assert_true(engine_verb(bench->engine, token, live->id, verb, 0));
    bench_turn(bench);
    return bench_answer_of(bench, token);
}

enum engine_answer bench_target_verb(struct engine_bench *bench, const struct target_verb *verb)
{
    uint64_t token = 1000000 + bench->note_count;

    assert_true(engine_target_verb(bench->engine, token, verb));
    bench_turn(bench);
    return bench_answer_of(bench, token);
}

void bench_adopt(struct engine_bench *bench, uint64_t version_key, uint8_t slot)
{
    const struct target_verb verb = {
        .kind = TARGET_ADOPT, .target = BENCH_TARGET, .version_key = version_key, .slot = slot};

    assert_int_equal(bench_target_verb(bench, &verb), ENGINE_DONE);
}

void bench_result(struct engine_bench *bench, const struct bench_live *live, enum result result)
{
    const struct deployment_state *state = bench_state(bench, live);

    assert_int_not_equal(state->flight.kind, ACTION_NONE);
    assert_true(engine_result(bench->engine, live->id, state->flight.sequence, state->flight.tries, result));
    bench_turn(bench);
}

void bench_put(struct engine_bench *bench, struct bench_live *live, uint8_t index, double value)
{
    int64_t step = bench->now_ms / BENCH_STEP_MS;

    *series_ring_slot(&live->views[index], live->rings[index], step) = (struct series_step){.value = value};
    losses_note(&live->losses[index], step, false);
    engine_mark(bench->engine, live->id, index);
}

void bench_value(struct engine_bench *bench, struct bench_live *live, uint8_t index, double value)
{
    bench_put(bench, live, index, value);
    bench_turn(bench);
}

void bench_values(struct engine_bench *bench, struct bench_live *live, double value)
{
    for (uint8_t i = 0; i < live->plan->rule_count; i++)
        bench_put(bench, live, i, value);
    bench_turn(bench);
}

/* The good way */

void bench_to_observe(struct engine_bench *bench, struct bench_live *live)
{
    if (live->id == 0)
        assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    for (int i = 0; i < PLAN_STEPS_MAX && bench_state(bench, live)->step_state != STEP_OBSERVING; i++)
        bench_result(bench, live, RESULT_DONE);
    assert_int_equal(bench_state(bench, live)->step_state, STEP_OBSERVING);
}

static void pass_observation(struct engine_bench *bench, struct bench_live *live)
{
    bench_values(bench, live, BENCH_GOOD);
    bench_later(bench, BENCH_OBSERVE_MS);
}

void bench_to_watch(struct engine_bench *bench, struct bench_live *live)
{
    bench_to_observe(bench, live);
    pass_observation(bench, live);
    bench_to_observe(bench, live);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_WATCHING);
}

void bench_to_promoted(struct engine_bench *bench, struct bench_live *live)
{
    bench_to_watch(bench, live);
    pass_observation(bench, live);
    assert_true(bench_traces(bench, live, TRACE_PHASE) > 0);
}

const struct deployment_state *bench_state(const struct engine_bench *bench, const struct bench_live *live)
{
    const struct deployment_state *state = engine_state(bench->engine, live->id);

    assert_non_null(state);
    return state;
}
