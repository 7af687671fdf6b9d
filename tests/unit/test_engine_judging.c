/* test_engine_judging.c - what is judged when, what the machine is told of it, and what is written down as
 * time passes.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { FIRST = 100, ROOM_DEPLOYMENTS = 58 };

static int open_bench(void **state)
{
    static struct engine_bench bench;

    bench_open(&bench, ROOM_DEPLOYMENTS + 2);
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    bench_close(*state);
    return 0;
}

static struct bench_live *observed(struct engine_bench *bench)
{
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    bench_forget(bench);
    return live;
}

/* The rule that asks speaks second and against it: the step must not end on the first one's word. */
static void test_bad_news_first(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->rules[1] = PLAN_RULE_ASK;
    bench_to_observe(bench, live);
    bench->now_ms += BENCH_OBSERVE_MS;
    engine_mark(bench->engine, live->id, 0);
    bench_turn(bench);
    bench_put(bench, live, 0, BENCH_GOOD);
    bench_put(bench, live, 1, BENCH_BAD);
    bench_turn(bench);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_OBSERVE);
    assert_int_equal(bench_state(bench, live)->hold, HOLD_RULE);
    assert_int_equal(bench_traces(bench, live, TRACE_STEP_PASS), 0);
}

/* S2: the evidence of a pass is every rule's judgement; that of a FAIL its own. */
static void test_verdicts_are_written(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    uint64_t passes = engine_judgements(bench->engine, VERDICT_PASS);
    bench_values(bench, live, BENCH_GOOD);
    assert_int_equal(bench_rows(bench, ROW_VERDICT), 0);
    bench_later(bench, BENCH_OBSERVE_MS);
    assert_int_equal(bench_traces(bench, live, TRACE_STEP_PASS), 1);
    assert_int_equal(bench_rows(bench, ROW_VERDICT), BENCH_RULES);
    bench_forget(bench);
    assert_true(engine_judgements(bench->engine, VERDICT_PASS) >= passes + BENCH_RULES);
    assert_int_equal(engine_judgements(bench->engine, VERDICT_FAIL), 0);
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_int_equal(bench_traces(bench, live, TRACE_FAIL), 1);
    assert_int_equal(bench_rows(bench, ROW_VERDICT), 1);
    assert_int_equal(engine_judgements(bench->engine, VERDICT_FAIL), 1);
}

static void test_recording_rules_are_written_once(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->rules[0] = live->plan->rules[1] = PLAN_RULE_RECORD;
    bench_to_observe(bench, live);
    bench_forget(bench);
    bench_values(bench, live, BENCH_BAD);
    bench_later(bench, 1000);
    bench_values(bench, live, BENCH_BAD);
    assert_int_equal(bench_traces(bench, live, TRACE_WOULD_FAIL), 2);
    assert_int_equal(bench_rows(bench, ROW_VERDICT), 2);
    assert_true(bench_state(bench, live)->would_roll_back);
}

/* What the judge says of a source reaches the machine with every event: it waits longer, once. */
static void test_a_source_that_errs_is_waited_for(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->source_extend_ms = 60000;
    live->plan->on_source_error = OUTCOME_HOLD;
    bench_to_observe(bench, live);
    bench_value(bench, live, 0, BENCH_GOOD);
    for (int rule = 1; rule < BENCH_RULES; rule++)
        live->views[rule].trouble = SERIES_NO_DATA; /* another reason is no error of the source */
    bench_turn(bench);
    for (int rule = 1; rule < BENCH_RULES; rule++)
        live->views[rule].trouble = SERIES_ERROR;
    bench_turn(bench);
    int64_t limit_at_ms = bench_state(bench, live)->limit_at_ms;
    bench_later(bench, limit_at_ms - bench->now_ms);
    assert_true(bench_state(bench, live)->is_extended);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_RUNNING);
    assert_int_equal(bench_state(bench, live)->limit_at_ms, limit_at_ms + 60000);
    bench_forget(bench);
    bench_later(bench, 60000);
    assert_int_equal(bench_state(bench, live)->step_state, STEP_HELD);
    assert_int_equal(bench_rows(bench, ROW_VERDICT), BENCH_RULES); /* why */
}

/* A smoke test's FAIL has no rule's judgement beside it. */
static void test_a_failed_smoke_test(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->steps[0].kind = STEP_SMOKE;
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_result(bench, live, RESULT_DONE);
    bench_result(bench, live, RESULT_FAILED);
    assert_int_equal(bench_traces(bench, live, TRACE_FAIL), 1);
    assert_int_equal(bench_rows(bench, ROW_VERDICT), 0);
    assert_int_equal(bench_rows(bench, ROW_RESULT), 2);
}

/* No new value comes, and yet what passed does so no longer. */
static void test_values_grow_stale_by_themselves(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->steps[BENCH_STEP_OBSERVE].duration_ms = 2 * BENCH_AGE_MS;
    bench_to_observe(bench, live);
    bench_values(bench, live, BENCH_GOOD);
    assert_int_equal(bench_state(bench, live)->passing, 3);
    int64_t stale_ms = bench->now_ms + 1000 + BENCH_AGE_MS + 1;
    while (engine_deadline(bench->engine) < stale_ms)
        bench_later(bench, engine_deadline(bench->engine) - bench->now_ms);
    assert_int_equal(engine_deadline(bench->engine), stale_ms);
    bench_later(bench, stale_ms - bench->now_ms);
    assert_int_equal(bench_state(bench, live)->passing, 0);
}

/* The machine is told of changes alone, and of everything again in a new attempt. */
static void test_a_new_attempt_asks_anew(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench_values(bench, live, BENCH_GOOD);
    assert_int_equal(bench_verb(bench, live, VERB_HOLD), ENGINE_DONE);
    bench->now_ms += 1000;
    assert_int_equal(bench_verb(bench, live, VERB_PROMOTE), ENGINE_DONE);
    assert_int_equal(bench_state(bench, live)->attempt, 3);
    assert_int_equal(bench_state(bench, live)->passing, 0);
    bench_values(bench, live, BENCH_GOOD);
    assert_int_equal(bench_state(bench, live)->passing, 3);
    bench_later(bench, BENCH_OBSERVE_MS);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_WHOLE);
}

static void test_blind_rules_are_not_judged(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    struct judgement pass = {.verdict = VERDICT_PASS};

    live->blind = UINT32_MAX;
    bench_to_observe(bench, live);
    bench_values(bench, live, BENCH_GOOD);
    assert_int_equal(bench_state(bench, live)->passing, 0);
    pass.from_ms = bench_state(bench, live)->confirmed_ms;
    assert_true(engine_judgement(bench->engine, live->id, BENCH_RULE_HOLD, &pass));
    assert_true(engine_judgement(bench->engine, live->id, BENCH_RULES, &pass));
    assert_true(engine_judgement(bench->engine, 77, BENCH_RULE_HOLD, &pass));
    bench_turn(bench);
    assert_int_equal(bench_state(bench, live)->passing, 1U << BENCH_RULE_HOLD);
    assert_int_equal(engine_rule_states(bench->engine, live->id)[BENCH_RULE_HOLD].last.verdict, VERDICT_PASS);
    pass.verdict = VERDICT_FAIL;
    assert_true(engine_judgement(bench->engine, live->id, BENCH_RULE_HOLD, &pass));
    bench_turn(bench);
    assert_int_equal(bench_state(bench, live)->hold, HOLD_RULE);
}

static void test_marks_of_nobody(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);
    int64_t before_ms = engine_deadline(bench->engine);

    engine_mark(bench->engine, 77, 0);
    engine_mark(bench->engine, live->id, BENCH_RULES);
    bench_turn(bench);
    assert_int_equal(bench->note_count, 0);
    assert_int_equal(engine_deadline(bench->engine), before_ms);
}

/* Traffic is read back each interval while nothing of ours is changing it. */
static void test_traffic_is_read_back(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench_turn(bench);
    assert_int_equal(bench_count(bench, NOTE_READ_BACK), 0);
    for (int i = 0; i < 20; i++)
        bench_later(bench, 1000);
    assert_int_equal(bench_count(bench, NOTE_READ_BACK), 4);
    bench_forget(bench);
    bench_values(bench, live, BENCH_GOOD);
    assert_int_equal(bench_state(bench, live)->flight.kind, ACTION_ROUTE);
    bench_later(bench, BENCH_RECONCILE_MS - 1);
    assert_int_equal(bench_count(bench, NOTE_READ_BACK), 0);
    bench_result(bench, live, RESULT_DONE);
    bench_later(bench, BENCH_RECONCILE_MS);
    assert_int_equal(bench_count(bench, NOTE_READ_BACK), 1);
}

static void test_traffic_of_others_is_not_read(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->has_traffic = false;
    bench_to_observe(bench, live);
    bench_later(bench, 2 * BENCH_RECONCILE_MS);
    assert_int_equal(bench_count(bench, NOTE_READ_BACK), 0);
    assert_true(engine_deadline(bench->engine) > bench->now_ms);
}

static void test_no_interval_no_reading(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench->reconcile_ms = 0;
    bench_restart(bench, 1000);
    bench_later(bench, 2 * BENCH_RECONCILE_MS);
    assert_int_equal(bench_count(bench, NOTE_READ_BACK), 0);
    assert_true(engine_deadline(bench->engine) > bench->now_ms);
    assert_int_equal(bench_state(bench, live)->step_state, STEP_OBSERVING);
}

static void read_back(struct engine_bench *bench, const struct bench_live *live, uint16_t share)
{
    bench_later(bench, BENCH_RECONCILE_MS);
    assert_true(bench_count(bench, NOTE_READ_BACK) > 0);
    bench_forget(bench);
    assert_true(engine_read_back(bench->engine, live->id, share, false));
    bench_turn(bench);
}

static void test_drift(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    read_back(bench, live, BENCH_LOW);
    assert_int_equal(bench_rows(bench, ROW_TRACE), 0);
    read_back(bench, live, SHARE_WHOLE);
    assert_int_equal(bench_only_start(bench).action.share, BENCH_LOW);
    bench_result(bench, live, RESULT_DONE);
    read_back(bench, live, 0);
    assert_int_equal(bench_state(bench, live)->hold, HOLD_UNKNOWN_HAND);
    assert_int_equal(bench_verb(bench, live, VERB_RESUME), ENGINE_DONE);
    assert_int_equal(bench_only_start(bench).action.share, BENCH_LOW);
}

/* Asked before the step's own change, answered after it: that is no drift. */
static void test_an_old_answer_is_no_drift(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench_values(bench, live, BENCH_GOOD);
    bench_later(bench, BENCH_OBSERVE_MS);
    assert_int_equal(bench_count(bench, NOTE_READ_BACK), 1);
    bench_result(bench, live, RESULT_DONE);
    assert_true(engine_read_back(bench->engine, live->id, BENCH_LOW, false));
    bench_turn(bench);
    assert_int_equal(bench_state(bench, live)->step_state, STEP_OBSERVING);
    assert_int_equal(bench_state(bench, live)->confirmed_share, SHARE_WHOLE);
}

/* S6: an answer that was overtaken is asked for anew, not an interval later; unless our own change is under
 * way, which reads back itself. */
static void test_an_overtaken_reading_is_asked_again(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench_values(bench, live, BENCH_GOOD);
    bench_later(bench, BENCH_OBSERVE_MS);
    assert_int_equal(bench_count(bench, NOTE_READ_BACK), 1);
    assert_true(engine_read_back(bench->engine, live->id, BENCH_LOW, false));
    bench_turn(bench);
    assert_int_equal(bench_count(bench, NOTE_READ_BACK), 1);
    bench_result(bench, live, RESULT_DONE);
    assert_true(engine_read_back(bench->engine, live->id, BENCH_LOW, false));
    bench_turn(bench);
    assert_int_equal(bench_count(bench, NOTE_READ_BACK), 2);
}

/* S6: a hand that gives traffic back while we are busy undoing is seen within one interval. */
static void test_drift_on_the_way_back(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    (void)bench_verb(bench, live, VERB_ABORT);
    bench_later(bench, 2 * BENCH_RECONCILE_MS);
    assert_int_equal(bench_count(bench, NOTE_READ_BACK), 0);
    bench_later(bench, BACKOFF_MAX_MS);
    bench_result(bench, live, RESULT_DONE);
    assert_int_equal(bench_state(bench, live)->flight.kind, ACTION_VERIFY);
    assert_true(engine_deadline(bench->engine) <= bench->now_ms + BENCH_RECONCILE_MS);
    read_back(bench, live, BENCH_LOW);
    assert_int_equal(bench_only_start(bench).action.kind, ACTION_ROUTE);
    assert_int_equal(bench_only_start(bench).action.share, 0);
}

/* Observed time and what the rules remember are in the journal every ten seconds, and not more often. */
static void test_time_is_persisted(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->steps[BENCH_STEP_OBSERVE].duration_ms = BENCH_AT_MOST_MS;
    bench_to_observe(bench, live);
    bench_values(bench, live, BENCH_GOOD);
    bench_forget(bench);
    uint32_t commits = bench->commits;
    for (int i = 0; i < 25; i++)
        bench_later(bench, 1000);
    assert_int_equal(bench->commits, commits + 2);
    assert_int_equal(bench_rows(bench, ROW_DEPLOYMENT), 2);
    assert_int_equal(bench_rows(bench, ROW_RULE), 2 * BENCH_RULES);
    bench_restart(bench, 0);
    bench_turn(bench);
    assert_true(bench_state(bench, live)->observed_ms >= 20000);
}

/* As many deployments as a batch has room for, all due at once, and one whose end needs most rows. */
static struct bench_live *big_one(struct engine_bench *bench, uint32_t index)
{
    struct bench_live *live = bench_prepare(bench, FIRST + index);

    live->start.target = index + 1;
    live->plan->rule_count = PLAN_RULES_MAX;
    for (uint8_t i = 1; i < PLAN_RULES_MAX; i++)
        live->plan->rules[i] = PLAN_RULE_RECORD;
    return live;
}

static void test_a_batch_has_room(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *lives[ROOM_DEPLOYMENTS + 1];

    for (uint32_t i = 0; i <= ROOM_DEPLOYMENTS; i++)
        assert_int_equal(bench_start(bench, lives[i] = big_one(bench, i)), ENGINE_DONE);
    struct bench_live *next = big_one(bench, ROOM_DEPLOYMENTS + 1);
    next->start.target = ROOM_DEPLOYMENTS + 1;
    next->start.queues = true;
    assert_int_equal(bench_start(bench, next), ENGINE_DONE);
    lives[ROOM_DEPLOYMENTS]->plan->retire = 3;
    for (uint32_t i = 0; i < ROOM_DEPLOYMENTS; i++)
        bench_to_observe(bench, lives[i]);
    bench_to_watch(bench, lives[ROOM_DEPLOYMENTS]);
    bench_forget(bench);
    bench->now_ms += ENGINE_PERSIST_MS;
    for (uint8_t i = 0; i < PLAN_RULES_MAX; i++)
        bench_put(bench, lives[ROOM_DEPLOYMENTS], i, i > 0 ? BENCH_BAD : BENCH_GOOD);
    uint32_t commits = bench->commits;
    bench_turn(bench);
    assert_true(bench->commits > commits + 1);
    assert_int_equal(bench_rows(bench, ROW_DEPLOYMENT), ROOM_DEPLOYMENTS + 2);
    assert_int_equal(bench_traces(bench, lives[ROOM_DEPLOYMENTS], TRACE_WOULD_FAIL), PLAN_RULES_MAX - 1);
    assert_int_equal(bench_state(bench, next)->phase, PHASE_ADMITTING);
}

/* Inputs that the batch has no room for stay in the queue for the next one. */
static void test_inputs_wait_for_room(void **state)
{
    struct engine_bench *bench = *state;

    for (uint32_t i = 0; i < ROOM_DEPLOYMENTS; i++)
        assert_int_equal(bench_start(bench, big_one(bench, i)), ENGINE_DONE);
    for (uint32_t i = 0; i < ROOM_DEPLOYMENTS; i++)
        assert_true(engine_verb(bench->engine, 5000 + i, bench->lives[i]->id, VERB_ABORT, 0));
    uint32_t commits = bench->commits;
    bench_turn(bench);
    assert_int_equal(bench->commits, commits + 2);
    for (uint32_t i = 0; i < ROOM_DEPLOYMENTS; i++)
        assert_int_equal(bench_answer_of(bench, 5000 + i), ENGINE_DONE);
}

/* The first rule's pass ends the step; the second one's belongs to the old attempt and is not told. */
static void test_a_pass_ends_the_telling(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->rules[1] = PLAN_RULE_RECORD;
    bench_to_observe(bench, live);
    bench_later(bench, BENCH_OBSERVE_MS);
    bench_forget(bench);
    bench_values(bench, live, BENCH_GOOD);
    assert_int_equal(bench_traces(bench, live, TRACE_STEP_PASS), 1);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_WHOLE);
}

static void test_the_deadline_of_a_watch(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_watch(bench, live);
    bench_later(bench, 1000);
    assert_true(engine_deadline(bench->engine) > bench->now_ms);
    assert_true(engine_deadline(bench->engine) <= bench->now_ms + BENCH_RECONCILE_MS);
}

/* A FAIL is stepped before its turn; the batch has no room to work off the queue, and it is done once. */
static void test_news_before_their_turn(void **state)
{
    struct engine_bench *bench = *state;
    struct judgement fail = {.verdict = VERDICT_FAIL};

    for (uint32_t i = 0; i < ROOM_DEPLOYMENTS; i++)
        bench_to_observe(bench, big_one(bench, i));
    bench_forget(bench);
    bench->now_ms += ENGINE_PERSIST_MS;
    assert_true(engine_judgement(bench->engine, bench->lives[0]->id, 0, &fail));
    bench->journal = BENCH_STUCK;
    bench_turn(bench);
    bench_later(bench, ENGINE_AHEAD_MS);
    assert_true(bench_only_start(bench).is_ahead);
    bench->journal = BENCH_WRITES;
    bench_settle(bench);
    bench_turn(bench);
    assert_int_equal(bench_traces(bench, bench->lives[0], TRACE_FAIL), 1);
    assert_int_equal(bench_rows(bench, ROW_VERDICT), 1);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, open_bench, close_bench)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        BENCH_TEST(test_bad_news_first),
        BENCH_TEST(test_verdicts_are_written),
        BENCH_TEST(test_recording_rules_are_written_once),
        BENCH_TEST(test_a_source_that_errs_is_waited_for),
        BENCH_TEST(test_a_failed_smoke_test),
        BENCH_TEST(test_values_grow_stale_by_themselves),
        BENCH_TEST(test_a_new_attempt_asks_anew),
        BENCH_TEST(test_blind_rules_are_not_judged),
        BENCH_TEST(test_marks_of_nobody),
        BENCH_TEST(test_traffic_is_read_back),
        BENCH_TEST(test_traffic_of_others_is_not_read),
        BENCH_TEST(test_no_interval_no_reading),
        BENCH_TEST(test_drift),
        BENCH_TEST(test_an_old_answer_is_no_drift),
        BENCH_TEST(test_an_overtaken_reading_is_asked_again),
        BENCH_TEST(test_drift_on_the_way_back),
        BENCH_TEST(test_time_is_persisted),
        BENCH_TEST(test_a_batch_has_room),
        BENCH_TEST(test_inputs_wait_for_room),
        BENCH_TEST(test_news_before_their_turn),
        BENCH_TEST(test_a_pass_ends_the_telling),
        BENCH_TEST(test_the_deadline_of_a_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
