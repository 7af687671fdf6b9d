/* test_engine_recovery.c - what the journal knows goes on: actions are driven again under their keys, and
 * time that nobody watched is not observed.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { FIRST = 100, SECOND, THIRD };

static int open_bench(void **state)
{
    static struct engine_bench bench;

    bench_open(&bench, 3);
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    bench_close(*state);
    return 0;
}

static void restart(struct engine_bench *bench, int64_t away_ms)
{
    bench_restart(bench, away_ms);
    bench_forget(bench);
    bench_turn(bench);
}

/* L4: killed between intent and effect, or between effect and confirmation: the same key again. */
static void test_actions_are_driven_again(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_result(bench, live, RESULT_DONE);
    restart(bench, 60000);
    assert_int_equal(bench_only_start(bench).action.kind, ACTION_ROUTE);
    assert_int_equal(bench_only_start(bench).action.sequence, 2);
    assert_int_equal(bench_only_start(bench).action.share, BENCH_LOW);
    assert_false(bench_only_start(bench).action.is_new);
    assert_false(bench_only_start(bench).is_ahead);
    bench_later(bench, ROUTE_LIMIT_MS - 1);
    assert_int_equal(bench_count(bench, NOTE_START), 1);
    bench_result(bench, live, RESULT_DONE);
    assert_int_equal(bench_state(bench, live)->step_state, STEP_OBSERVING);
}

/* Once, however often its turn's commit fails. */
static void test_driven_again_once(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    const struct target_verb freeze = {.kind = TARGET_FREEZE, .target = BENCH_TARGET};

    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_restart(bench, 1000);
    bench_forget(bench);
    bench->journal = BENCH_REFUSES;
    assert_int_equal(bench_target_verb(bench, &freeze), ENGINE_NOT_DURABLE);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1000);
    assert_int_equal(bench_only_start(bench).action.kind, ACTION_REHEARSE);
    bench_later(bench, 1000);
    assert_int_equal(bench_count(bench, NOTE_START), 1);
}

static void test_a_try_that_waits_goes_on_waiting(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_result(bench, live, RESULT_DONE);
    bench_result(bench, live, RESULT_AGAIN);
    restart(bench, BACKOFF_FIRST_MS - 1);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    bench_later(bench, 1);
    assert_int_equal(bench_only_start(bench).action.tries, 1);
    restart(bench, BACKOFF_FIRST_MS);
    assert_int_equal(bench_count(bench, NOTE_START), 1);
}

/* Its next try is due when we come back: it starts once, not twice. */
static void test_a_due_try_starts_once(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_result(bench, live, RESULT_DONE);
    bench_result(bench, live, RESULT_AGAIN);
    restart(bench, BACKOFF_MAX_MS);
    assert_int_equal(bench_count(bench, NOTE_START), 1);
}

/* Back within the same millisecond, by the clock. */
static void test_driven_again_without_a_gap(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    restart(bench, 0);
    assert_int_equal(bench_only_start(bench).action.kind, ACTION_REHEARSE);
}

/* S11: neither for nor against the candidate. */
static void test_a_stop_is_not_observed(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    bench_values(bench, live, BENCH_GOOD);
    for (int i = 0; i < 4; i++) {
        bench_later(bench, 1000);
        bench_values(bench, live, BENCH_GOOD);
    }
    restart(bench, 2 * BENCH_AT_MOST_MS);
    assert_int_equal(bench_state(bench, live)->step_state, STEP_OBSERVING);
    int64_t observed_ms = bench_state(bench, live)->observed_ms;
    assert_true(observed_ms <= 4000);
    bench_values(bench, live, BENCH_GOOD);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_OBSERVE);
    bench_later(bench, BENCH_OBSERVE_MS - observed_ms - 1);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_OBSERVE);
    bench_later(bench, 1);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_WHOLE);
}

/* Fault 12: the process slept. Its clock went on, and what it believed before it slept is no evidence. */
static void test_a_stall_is_not_observed(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    bench_values(bench, live, BENCH_GOOD);
    bench_later(bench, 4000);
    bench->now_ms += 2 * BENCH_AT_MOST_MS;
    engine_gap(bench->engine, 2 * BENCH_AT_MOST_MS);
    bench_turn(bench);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_OBSERVE);
    assert_int_equal(bench_state(bench, live)->step_state, STEP_OBSERVING);
    assert_int_equal(bench_state(bench, live)->observed_ms, 4000);
    bench_values(bench, live, BENCH_GOOD);
    bench_later(bench, 5999);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_OBSERVE);
    bench_later(bench, 1);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_WHOLE);
}

/* The last watched second would complete the observation, but its evidence went stale in the gap. */
static void test_stale_evidence_does_not_pass_after_a_stall(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    bench_values(bench, live, BENCH_GOOD);
    bench_later(bench, BENCH_OBSERVE_MS - 1);
    bench->now_ms += 1 + 2 * BENCH_AGE_MS;
    engine_gap(bench->engine, 2 * BENCH_AGE_MS);
    bench_turn(bench);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_OBSERVE);
    bench_values(bench, live, BENCH_GOOD);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_WHOLE);
}

/* Two gaps, one of them while a batch that fails is on its way: both are left out, each once. */
static void test_gaps_around_a_failed_commit(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    struct bench_live *other = bench_prepare(bench, SECOND);

    bench_to_observe(bench, live);
    other->start.target = 2;
    bench->journal = BENCH_STUCK;
    engine_gap(bench->engine, 2000);
    assert_true(engine_start(bench->engine, &other->start));
    bench_later(bench, 3000);
    engine_gap(bench->engine, 4000);
    bench->now_ms += 5000;
    bench->journal = BENCH_REFUSES;
    bench_settle(bench);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1000);
    bench_values(bench, live, BENCH_GOOD);
    assert_int_equal(bench_state(bench, live)->observed_ms, 3000);
    assert_int_equal(bench_state(bench, live)->limit_at_ms,
                     bench_state(bench, live)->step_entered_ms + BENCH_AT_MOST_MS + 6000);
}

/* What was in flight slept as well, or ended meanwhile: it is given its time. */
static void test_a_stall_does_not_end_an_action(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_result(bench, live, RESULT_DONE);
    bench->now_ms += 60000;
    engine_gap(bench->engine, 59000);
    bench_turn(bench);
    assert_false(bench_state(bench, live)->flight.is_waiting);
    bench_later(bench, ROUTE_LIMIT_MS - 1000);
    assert_true(bench_state(bench, live)->flight.is_waiting);
}

static void test_tombstones_read_as_fail(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    bench->journal = BENCH_REFUSES;
    assert_true(engine_verb(bench->engine, 0, live->id, VERB_ABORT, 0));
    bench_turn(bench);
    assert_true(live->has_tombstone);
    bench->journal = BENCH_WRITES;
    restart(bench, 1000);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_FAILED);
    assert_int_equal(engine_target(bench->engine, BENCH_TARGET)->quarantined_count, 1);
    assert_int_equal(bench_only_start(bench).action.share, 0);
    live->has_tombstone = true;
    restart(bench, 1000);
    assert_int_equal(bench_traces(bench, live, TRACE_QUARANTINE), 0);
    assert_int_equal(bench_only_start(bench).action.share, 0);
}

/* S19: the journal still refuses after the restart, and the route is sent again all the same. */
static void test_tombstones_go_ahead_again(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    live->has_tombstone = true;
    bench->journal = BENCH_REFUSES;
    restart(bench, 1000);
    assert_true(bench_only_start(bench).is_ahead);
    assert_int_equal(bench_only_start(bench).action.share, 0);
}

/* S5: it is a FAIL, even if all patience has run out by the time the journal writes again. */
static void test_a_tombstone_outlasts_patience(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    live->has_tombstone = true;
    bench->journal = BENCH_REFUSES;
    restart(bench, 1000);
    bench->now_ms += BENCH_AT_MOST_MS + 1000;
    bench->journal = BENCH_WRITES;
    bench_turn(bench);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_FAILED);
    assert_int_equal(engine_target(bench->engine, BENCH_TARGET)->quarantined_count, 1);
}

/* Nor does a pass that came meanwhile find that there was no evidence. */
static void test_a_tombstone_outlasts_a_pass(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    struct judgement pass = {.verdict = VERDICT_PASS, .reason = REASON_DECIDED};

    bench_to_observe(bench, live);
    live->has_tombstone = true;
    bench->journal = BENCH_REFUSES;
    restart(bench, 1000);
    bench->now_ms += BENCH_AT_MOST_MS + 1000;
    pass.from_ms = pass.to_ms = bench->now_ms;
    assert_true(engine_judgement(bench->engine, live->id, BENCH_RULE_ROLLBACK, &pass));
    bench->journal = BENCH_WRITES;
    bench_turn(bench);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_FAILED);
}

/* Who takes it back before the journal writes again finds it failed. */
static void test_a_tombstone_is_told_before_people(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    live->has_tombstone = true;
    bench->journal = BENCH_REFUSES;
    restart(bench, 1000);
    assert_true(engine_verb(bench->engine, 0, live->id, VERB_ROLLBACK, 0));
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1000);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_FAILED);
    assert_int_equal(engine_target(bench->engine, BENCH_TARGET)->quarantined_count, 1);
}

/* S3: nor is a command driven again that is past the point of no return. */
static void test_a_tombstone_stops_what_was_in_flight(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->steps[BENCH_STEP_ROUTE].kind = STEP_COMMAND;
    live->plan->steps[BENCH_STEP_ROUTE].on_rollback = ON_ROLLBACK_HOLD;
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_result(bench, live, RESULT_DONE);
    live->has_tombstone = true;
    restart(bench, 1000);
    assert_int_equal(bench_state(bench, live)->hold, HOLD_ESCALATED);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
}

/* S3: it was told once; who goes on all the same with an override goes on. */
static void test_an_override_outlasts_a_tombstone(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->steps[BENCH_STEP_ROUTE].kind = STEP_COMMAND;
    live->plan->steps[BENCH_STEP_ROUTE].on_rollback = ON_ROLLBACK_HOLD;
    bench_to_observe(bench, live);
    live->has_tombstone = true;
    restart(bench, 1000);
    assert_int_equal(bench_state(bench, live)->hold, HOLD_ESCALATED);
    assert_int_equal(bench_verb(bench, live, VERB_PROMOTE_FULL), ENGINE_DONE);
    bench_later(bench, 1000);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_NONE);
}

/* The first turn finds it failed: what was in flight stays at home, the way back goes once. */
static void test_a_fail_at_once_overtakes(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    bench_values(bench, live, BENCH_GOOD);
    bench_later(bench, BENCH_OBSERVE_MS);
    assert_int_equal(bench_state(bench, live)->flight.share, SHARE_WHOLE);
    bench_restart(bench, 1000);
    bench_forget(bench);
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_int_equal(bench_only_start(bench).action.share, 0);
    assert_true(bench_only_start(bench).action.is_new);
}

static void test_a_way_back_goes_on(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    (void)bench_verb(bench, live, VERB_ABORT);
    restart(bench, 1000);
    assert_int_equal(bench_only_start(bench).action.share, 0);
    assert_true(bench_only_start(bench).action.is_rollback);
    bench_result(bench, live, RESULT_DONE);
    bench_result(bench, live, RESULT_DONE);
    assert_int_equal(bench_traces(bench, live, TRACE_PHASE), 1);
    assert_int_equal(bench_count(bench, NOTE_RELEASED), 1);
}

static void test_targets_ids_and_queues_come_back(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    struct bench_live *next = bench_prepare(bench, SECOND);

    bench_adopt(bench, THIRD, 1);
    bench_to_observe(bench, live);
    next->start.queues = true;
    assert_int_equal(bench_start(bench, next), ENGINE_DONE);
    restart(bench, 1000);
    assert_int_equal(engine_target(bench->engine, BENCH_TARGET)->stable_version_key, THIRD);
    assert_int_equal(bench_state(bench, next)->phase, PHASE_QUEUED);
    bench_to_watch(bench, live);
    bench_values(bench, live, BENCH_GOOD);
    bench_later(bench, BENCH_OBSERVE_MS);
    assert_int_equal(bench_state(bench, next)->phase, PHASE_ADMITTING);
    struct bench_live *last = bench_prepare(bench, THIRD);
    last->start.target = 2;
    assert_int_equal(bench_start(bench, last), ENGINE_DONE);
    assert_int_equal(last->id, 3);
}

/* What rules remember is as it was written, and nothing that was said before counts as said. */
static void test_rules_come_back(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    bench_values(bench, live, BENCH_GOOD);
    bench_later(bench, ENGINE_PERSIST_MS - 1);
    bench_later(bench, 1);
    struct rule_state written = *engine_rule_states(bench->engine, live->id);
    bench_restart(bench, 1000);
    assert_memory_equal(engine_rule_states(bench->engine, live->id), &written, sizeof(written));
    bench_to_observe(bench, live);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_WATCHING);
}

/* S4: it passed when the process died, and nothing is known any more: the pass is not believed. */
static void test_an_old_pass_is_not_believed(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->steps[BENCH_STEP_OBSERVE].duration_ms = 2 * ENGINE_PERSIST_MS;
    bench_to_observe(bench, live);
    bench_values(bench, live, BENCH_GOOD);
    bench_later(bench, ENGINE_PERSIST_MS);
    for (uint8_t i = 0; i < BENCH_RULES; i++)
        live->views[i].newest_step = SERIES_NEVER;
    restart(bench, 1000);
    bench_later(bench, 2 * ENGINE_PERSIST_MS);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_OBSERVE);
    assert_int_equal(bench_state(bench, live)->passing, 0);
}

static void test_recovery_is_bounded(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    struct deployment_state recovered;

    deployment_init(9, bench->now_ms, &recovered);
    for (int i = 0; i < 3; i++)
        assert_true(engine_recover(bench->engine, &live->start, &recovered, 0, i == 1));
    assert_false(engine_recover(bench->engine, &live->start, &recovered, 0, false));
}

/* Held past the point of no return for its FAIL: a tombstone adds nothing to that. */
static void test_a_tombstone_of_the_held(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->steps[BENCH_STEP_ROUTE].kind = STEP_COMMAND;
    live->plan->steps[BENCH_STEP_ROUTE].on_rollback = ON_ROLLBACK_HOLD;
    bench_to_observe(bench, live);
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_int_equal(bench_state(bench, live)->hold, HOLD_ESCALATED);
    live->has_tombstone = true;
    restart(bench, 1000);
    assert_int_equal(bench_rows(bench, ROW_TRACE), 0);
    assert_int_equal(bench_state(bench, live)->hold, HOLD_ESCALATED);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, open_bench, close_bench)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        BENCH_TEST(test_actions_are_driven_again),
        BENCH_TEST(test_driven_again_once),
        BENCH_TEST(test_a_try_that_waits_goes_on_waiting),
        BENCH_TEST(test_a_due_try_starts_once),
        BENCH_TEST(test_driven_again_without_a_gap),
        BENCH_TEST(test_a_stop_is_not_observed),
        BENCH_TEST(test_a_stall_is_not_observed),
        BENCH_TEST(test_stale_evidence_does_not_pass_after_a_stall),
        BENCH_TEST(test_gaps_around_a_failed_commit),
        BENCH_TEST(test_a_stall_does_not_end_an_action),
        BENCH_TEST(test_tombstones_read_as_fail),
        BENCH_TEST(test_tombstones_go_ahead_again),
        BENCH_TEST(test_a_tombstone_outlasts_patience),
        BENCH_TEST(test_a_tombstone_outlasts_a_pass),
        BENCH_TEST(test_a_tombstone_is_told_before_people),
        BENCH_TEST(test_a_tombstone_stops_what_was_in_flight),
        BENCH_TEST(test_an_override_outlasts_a_tombstone),
        BENCH_TEST(test_a_fail_at_once_overtakes),
        BENCH_TEST(test_a_way_back_goes_on),
        BENCH_TEST(test_targets_ids_and_queues_come_back),
        BENCH_TEST(test_rules_come_back),
        BENCH_TEST(test_an_old_pass_is_not_believed),
        BENCH_TEST(test_recovery_is_bounded),
        BENCH_TEST(test_a_tombstone_of_the_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
