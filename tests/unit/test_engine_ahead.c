/* test_engine_ahead.c - safety before bookkeeping: a route to stable leaves although the journal does not
 * answer (S5's exception, S19), and counts as a FAIL from then on (S3).
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { FIRST = 100, SECOND, TOKEN = 5000 };

static int open_bench(void **state)
{
    static struct engine_bench bench;

    bench_open(&bench, 4);
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    bench_close(*state);
    return 0;
}

/* A deployment under observation, its notes forgotten. */
static struct bench_live *observed(struct engine_bench *bench)
{
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    bench_forget(bench);
    return live;
}

/* Something else is on its way to a journal that does not answer. */
static void get_stuck(struct engine_bench *bench)
{
    const struct target_verb freeze = {.kind = TARGET_FREEZE, .target = 2};

    bench->journal = BENCH_STUCK;
    assert_true(engine_target_verb(bench->engine, 0, &freeze));
    bench_turn(bench);
    assert_non_null(bench->pending);
}

static void write_again(struct engine_bench *bench)
{
    bench->journal = BENCH_WRITES;
    bench_settle(bench);
    bench_turn(bench);
}

static void assert_went_ahead(const struct engine_bench *bench, uint32_t sequence)
{
    struct bench_note start = bench_only_start(bench);

    assert_int_equal(start.action.kind, ACTION_ROUTE);
    assert_int_equal(start.action.share, 0);
    assert_int_equal(start.action.sequence, sequence);
    assert_true(start.action.is_rollback);
    assert_true(start.is_ahead);
}

/* The batch with the FAIL itself hangs; the route is sent again each second, under one key. */
static void test_a_fail_does_not_wait_for_its_commit(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench->journal = BENCH_STUCK;
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    bench_later(bench, ENGINE_AHEAD_MS - 1);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    bench_later(bench, 1);
    assert_went_ahead(bench, 3);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_RUNNING);
    bench_later(bench, 999);
    assert_int_equal(bench_count(bench, NOTE_START), 1);
    bench_forget(bench);
    bench_later(bench, 1);
    assert_went_ahead(bench, 3);
    bench_forget(bench);
    write_again(bench);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(bench_only_start(bench).action.sequence, 3);
    assert_false(bench_only_start(bench).is_ahead);
    bench_later(bench, 1000);
    assert_int_equal(bench_count(bench, NOTE_START), 1);
}

/* Another batch hangs: what comes in meanwhile is judged for safety's sake alone. */
static void test_new_values_are_judged_while_stuck(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    get_stuck(bench);
    bench_value(bench, live, BENCH_RULE_HOLD, BENCH_BAD);
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_GOOD);
    bench_later(bench, ENGINE_AHEAD_MS);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_went_ahead(bench, 3);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_RUNNING);
    write_again(bench);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(bench_state(bench, live)->failed_rule, BENCH_RULE_ROLLBACK);
}

/* S3: it went back, so it failed, even if the values look well when the journal answers at last. */
static void test_what_went_ahead_stays_a_fail(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    get_stuck(bench);
    bench_later(bench, ENGINE_AHEAD_MS);
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_went_ahead(bench, 3);
    bench_values(bench, live, BENCH_GOOD);
    write_again(bench);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_FAILED);
    assert_int_equal(bench_traces(bench, live, TRACE_QUARANTINE), 1);
}

/* The same where the batch with the FAIL was refused in the end. */
static void test_a_dropped_fail_stays_a_fail(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench->journal = BENCH_REFUSES;
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_went_ahead(bench, 3);
    bench->journal = BENCH_WRITES;
    bench_values(bench, live, BENCH_GOOD);
    bench_later(bench, 1000);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_FAILED);
    bench_later(bench, 100);
    assert_int_equal(bench_traces(bench, live, TRACE_QUARANTINE), 1);
}

/* Ahead of a batch that hung first and was refused then: a FAIL stays one, an abort stays an abort. */
static void refuse_after_hanging(struct engine_bench *bench, struct bench_live *live)
{
    bench_later(bench, ENGINE_AHEAD_MS);
    assert_went_ahead(bench, 3);
    bench->journal = BENCH_REFUSES;
    bench_settle(bench);
    bench->journal = BENCH_WRITES;
    bench_values(bench, live, BENCH_GOOD);
    bench_later(bench, 1000);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ROLLING_BACK);
}

static void test_a_fail_that_hung_and_was_refused(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench->journal = BENCH_STUCK;
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    bench_values(bench, live, BENCH_GOOD);
    refuse_after_hanging(bench, live);
    assert_int_equal(bench_traces(bench, live, TRACE_QUARANTINE), 1);
}

static void test_an_abort_that_hung_and_was_refused(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench->journal = BENCH_STUCK;
    assert_true(engine_verb(bench->engine, TOKEN, live->id, VERB_ABORT, 0));
    bench_turn(bench);
    refuse_after_hanging(bench, live);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_ABORTED);
    assert_int_equal(bench_traces(bench, live, TRACE_QUARANTINE), 0);
}

/* The refusal itself is enough: no further turn is needed for what must go. */
static void test_a_refusal_sends_at_once(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench->journal = BENCH_STUCK;
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    bench->journal = BENCH_REFUSES;
    bench_settle(bench);
    assert_went_ahead(bench, 3);
}

static void test_a_rollback_that_hangs_goes_ahead(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench->journal = BENCH_STUCK;
    assert_true(engine_verb(bench->engine, TOKEN, live->id, VERB_ROLLBACK, 0));
    bench_turn(bench);
    bench_later(bench, ENGINE_AHEAD_MS);
    assert_went_ahead(bench, 3);
}

/* A lack of evidence is nobody's FAIL: it can wait for the journal. */
static void test_no_evidence_does_not_go(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench_later(bench, BENCH_AT_MOST_MS - 1);
    bench->journal = BENCH_STUCK;
    bench_later(bench, 1);
    bench_later(bench, ENGINE_AHEAD_MS);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    write_again(bench);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_NO_EVIDENCE);
}

/* Traffic that came back while stable was looked at: on the way back we are already, durably. */
static void test_drift_on_the_way_back_does_not_go(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    (void)bench_verb(bench, live, VERB_ABORT);
    bench_result(bench, live, RESULT_DONE);
    bench_later(bench, BENCH_RECONCILE_MS);
    bench_forget(bench);
    bench->journal = BENCH_STUCK;
    assert_true(engine_read_back(bench->engine, live->id, BENCH_LOW, false));
    bench_turn(bench);
    bench_later(bench, ENGINE_AHEAD_MS);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    write_again(bench);
    assert_int_equal(bench_only_start(bench).action.share, 0);
    assert_false(bench_only_start(bench).is_ahead);
}

static void test_what_cannot_be_judged_does_not_go(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    live->blind = 1U << BENCH_RULE_ROLLBACK;
    get_stuck(bench);
    bench_later(bench, ENGINE_AHEAD_MS);
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
}

/* Without a lever of ours there is no absolute route that could be sent. */
static void test_only_routes_go_ahead(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->has_traffic = false;
    live->plan->rollback_command = 4;
    bench_to_observe(bench, live);
    bench_forget(bench);
    bench->journal = BENCH_STUCK;
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    bench_later(bench, ENGINE_AHEAD_MS);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    write_again(bench);
    assert_int_equal(bench_only_start(bench).action.kind, ACTION_COMMAND);
}

/* On its way back already, durably: nothing is sent a second time. */
static void test_no_second_way_back(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    (void)bench_verb(bench, live, VERB_ABORT);
    bench_forget(bench);
    get_stuck(bench);
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_true(engine_verb(bench->engine, TOKEN, live->id, VERB_ROLLBACK, 0));
    bench_later(bench, ENGINE_AHEAD_MS);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
}

/* Verdicts and people that wait in the queue are heard. */
static void test_queued_inputs_go_ahead(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);
    struct judgement judgement = {.verdict = VERDICT_FAIL};

    get_stuck(bench);
    bench_later(bench, ENGINE_AHEAD_MS);
    assert_true(engine_verb(bench->engine, 0, live->id, VERB_HOLD, 0));
    assert_true(engine_verb(bench->engine, 0, 77, VERB_ABORT, 0));
    assert_true(engine_result(bench->engine, live->id, 1, 0, RESULT_FAILED));
    assert_true(engine_judgement(bench->engine, live->id, BENCH_RULES, &judgement));
    bench_turn(bench);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    assert_true(engine_judgement(bench->engine, live->id, BENCH_RULE_ROLLBACK, &judgement));
    bench_turn(bench);
    assert_went_ahead(bench, 3);
    write_again(bench);
    assert_int_equal(bench_state(bench, live)->failed_rule, BENCH_RULE_ROLLBACK);
}

/* A smoke test's FAIL is one as well; its other ends can wait, and so can those of an older one. */
static void test_a_failed_smoke_goes_ahead(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->steps[BENCH_STEP_OBSERVE] =
        (struct plan_step){.kind = STEP_SMOKE, .reference = 0, .tries_max = 3, .limit_ms = 20000};
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_result(bench, live, RESULT_DONE);
    bench_result(bench, live, RESULT_DONE);
    assert_int_equal(bench_state(bench, live)->flight.kind, ACTION_SMOKE);
    bench_forget(bench);
    get_stuck(bench);
    assert_true(engine_result(bench->engine, live->id, 3, 0, RESULT_AGAIN));
    assert_true(engine_result(bench->engine, live->id, 2, 0, RESULT_FAILED));
    assert_true(engine_result(bench->engine, live->id, 3, 1, RESULT_FAILED));
    bench_later(bench, ENGINE_AHEAD_MS);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    assert_true(engine_result(bench->engine, live->id, 3, 0, RESULT_FAILED));
    bench_turn(bench);
    assert_went_ahead(bench, 4);
    write_again(bench);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_FAILED);
    assert_int_equal(bench_traces(bench, live, TRACE_FAIL), 1);
    assert_int_equal(bench_traces(bench, live, TRACE_QUARANTINE), 1);
}

/* An abort that waits goes ahead, and ends as the abort that it is. */
static void test_a_queued_abort_goes_ahead(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    get_stuck(bench);
    assert_true(engine_verb(bench->engine, TOKEN, live->id, VERB_ABORT, 0));
    bench_later(bench, ENGINE_AHEAD_MS);
    assert_went_ahead(bench, 3);
    write_again(bench);
    assert_int_equal(bench_answer_of(bench, TOKEN), ENGINE_DONE);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_ABORTED);
    assert_int_equal(bench_traces(bench, live, TRACE_QUARANTINE), 0);
}

/* It came back before the verdict was written: all of it is durable in one batch, and nothing goes twice. */
static void test_the_result_of_what_went_ahead(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench->journal = BENCH_REFUSES;
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_went_ahead(bench, 3);
    assert_true(engine_result(bench->engine, live->id, 3, 0, RESULT_DONE));
    bench_forget(bench);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1000);
    assert_int_equal(bench_traces(bench, live, TRACE_CONFIRMED), 1);
    assert_int_equal(bench_only_start(bench).action.kind, ACTION_VERIFY);
}

/* What went ahead failed: its next try waits like any other. */
static void test_a_failed_try_ahead_waits(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench->journal = BENCH_REFUSES;
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_went_ahead(bench, 3);
    assert_true(engine_result(bench->engine, live->id, 3, 0, RESULT_AGAIN));
    bench_forget(bench);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1000);
    assert_true(bench_state(bench, live)->flight.is_waiting);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    bench_later(bench, BACKOFF_FIRST_MS);
    assert_int_equal(bench_only_start(bench).action.sequence, 3);
    assert_int_equal(bench_only_start(bench).action.tries, 1);
}

/* A refused journal is asked again each second; the way back is sent again as often. */
static void test_a_full_journal_during_a_way_back(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench->journal = BENCH_REFUSES;
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    uint32_t commits = bench->commits;
    for (int i = 0; i < 30; i++)
        bench_later(bench, 100);
    assert_int_equal(bench->commits, commits + 3);
    assert_int_equal(bench_count(bench, NOTE_START), 4);
    assert_int_equal(bench_rows(bench, ROW_TRACE), 0);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1000);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ROLLING_BACK);
}

/* Others must not wait for it: a slot of memory that is free again is passed over. */
static void test_free_memory_is_passed_over(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *gone = bench_prepare(bench, SECOND);

    assert_int_equal(bench_start(bench, gone), ENGINE_DONE);
    struct bench_live *live = bench_prepare(bench, FIRST);
    live->start.target = 2;
    bench_to_observe(bench, live);
    (void)bench_verb(bench, gone, VERB_ABORT);
    bench_forget(bench);
    bench->journal = BENCH_REFUSES;
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_went_ahead(bench, 3);
    assert_int_equal(bench_only_start(bench).deployment, live->id);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, open_bench, close_bench)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        BENCH_TEST(test_a_fail_does_not_wait_for_its_commit),
        BENCH_TEST(test_new_values_are_judged_while_stuck),
        BENCH_TEST(test_what_went_ahead_stays_a_fail),
        BENCH_TEST(test_a_dropped_fail_stays_a_fail),
        BENCH_TEST(test_a_fail_that_hung_and_was_refused),
        BENCH_TEST(test_an_abort_that_hung_and_was_refused),
        BENCH_TEST(test_a_refusal_sends_at_once),
        BENCH_TEST(test_a_rollback_that_hangs_goes_ahead),
        BENCH_TEST(test_no_evidence_does_not_go),
        BENCH_TEST(test_drift_on_the_way_back_does_not_go),
        BENCH_TEST(test_what_cannot_be_judged_does_not_go),
        BENCH_TEST(test_only_routes_go_ahead),
        BENCH_TEST(test_no_second_way_back),
        BENCH_TEST(test_queued_inputs_go_ahead),
        BENCH_TEST(test_a_failed_smoke_goes_ahead),
        BENCH_TEST(test_a_queued_abort_goes_ahead),
        BENCH_TEST(test_the_result_of_what_went_ahead),
        BENCH_TEST(test_a_failed_try_ahead_waits),
        BENCH_TEST(test_a_full_journal_during_a_way_back),
        BENCH_TEST(test_free_memory_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
