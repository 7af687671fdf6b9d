/* test_engine_simulated.c - what the simulation found in the engine, one test for each.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { FIRST = 100, SECOND, THIRD, TOKEN = 5000 };

static int open_bench(void **state)
{
    static struct engine_bench bench;

    bench_open(&bench, 8);
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    bench_close(*state);
    return 0;
}

static struct bench_live *queued_start(struct engine_bench *bench, uint64_t version_key)
{
    struct bench_live *live = bench_prepare(bench, version_key);

    live->start.queues = true;
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    return live;
}

static enum engine_answer say(struct engine_bench *bench, enum target_verb_kind kind)
{
    const struct target_verb verb = {.kind = kind, .target = BENCH_TARGET};

    return bench_target_verb(bench, &verb);
}

/* Who waited when the target was frozen goes on waiting, until it is no longer. */
static void test_frozen_targets_give_no_turn(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = queued_start(bench, FIRST);
    struct bench_live *second = queued_start(bench, SECOND);

    assert_int_equal(say(bench, TARGET_FREEZE), ENGINE_DONE);
    assert_int_equal(bench_verb(bench, first, VERB_ABORT), ENGINE_DONE);
    assert_int_equal(bench_state(bench, second)->phase, PHASE_QUEUED);
    assert_int_equal(say(bench, TARGET_UNFREEZE), ENGINE_DONE);
    assert_int_equal(bench_state(bench, second)->phase, PHASE_ADMITTING);
}

static void judge(struct engine_bench *bench, const struct bench_live *live, uint8_t rule, int64_t from_ms)
{
    const struct judgement pass = {.verdict = VERDICT_PASS, .from_ms = from_ms, .to_ms = bench->now_ms};

    assert_true(engine_judgement(bench->engine, live->id, rule, &pass));
    bench_turn(bench);
}

/* S2: a pass that was found for the step before does not pass this one. */
static void test_passes_of_another_step_are_none(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->blind = UINT32_MAX;
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_to_observe(bench, live);
    int64_t confirmed_ms = bench_state(bench, live)->confirmed_ms;
    for (uint8_t rule = 0; rule < BENCH_RULES; rule++)
        judge(bench, live, rule, confirmed_ms - 1);
    bench_later(bench, BENCH_OBSERVE_MS);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_OBSERVE);
    for (uint8_t rule = 0; rule < BENCH_RULES; rule++)
        judge(bench, live, rule, confirmed_ms);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_WHOLE);
}

/* S9: the slot that a way back leads to is being stopped. */
static void test_no_way_back_while_the_old_slot_retires(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    struct bench_live *back = bench_prepare(bench, SECOND);

    live->plan->retire = 0;
    live->plan->retire_delay_ms = 1000;
    bench_adopt(bench, SECOND, 0);
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_to_promoted(bench, live);
    bench_later(bench, 1000);
    assert_int_equal(bench_state(bench, live)->care, CARE_ACTING);
    back->plan->kind = PLAN_ROLLBACK;
    back->start.takes_back = live->id;
    back->start.queues = true;
    assert_int_equal(bench_start(bench, back), ENGINE_CONFLICT);
    bench_result(bench, live, RESULT_DONE);
}

static struct bench_live *observed(struct engine_bench *bench)
{
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    bench_forget(bench);
    return live;
}

static void assert_only_route(const struct engine_bench *bench, uint32_t sequence, bool is_ahead)
{
    struct bench_note start = bench_only_start(bench);

    assert_int_equal(start.action.kind, ACTION_ROUTE);
    assert_int_equal(start.action.share, 0);
    assert_int_equal(start.action.sequence, sequence);
    assert_int_equal(start.is_ahead, is_ahead);
}

static void push_verb(struct engine_bench *bench, const struct bench_live *live, enum verb verb)
{
    assert_true(engine_verb(bench->engine, 0, live->id, verb, 0));
    bench_turn(bench);
}

/* S19: its try failed within the batch that hangs; the next one does not wait for the journal either. */
static void test_a_try_that_waits_goes_ahead_too(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench->journal = BENCH_REFUSES;
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_only_route(bench, 3, true);
    assert_true(engine_result(bench->engine, live->id, 3, 0, RESULT_AGAIN));
    bench->journal = BENCH_STUCK;
    bench_later(bench, 1000);
    bench_forget(bench);
    bench_later(bench, 1000);
    assert_only_route(bench, 3, true);
}

/* What comes back for a route that left ahead is not taken for the end of something else (S5, S6). */
static void test_the_key_of_what_went_ahead_is_its_own(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench_values(bench, live, BENCH_GOOD);
    bench->journal = BENCH_STUCK;
    bench_later(bench, BENCH_OBSERVE_MS); /* the batch that hangs routes 100 % as 3 */
    push_verb(bench, live, VERB_ABORT);
    bench_later(bench, ENGINE_AHEAD_MS);
    assert_only_route(bench, 4, true);
    bench->journal = BENCH_REFUSES;
    bench_settle(bench);
    bench_forget(bench);
    bench_later(bench, 1000);
    assert_only_route(bench, 4, true); /* not 3: levers do not go back */
    bench_forget(bench);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1000);
    assert_only_route(bench, 4, false);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_ABORTED);
    assert_int_equal(bench_state(bench, live)->flight.sequence, 4);
}

/* S6: the step passed in the batch that hung, but traffic has gone back since: it is not raised any more. */
static void test_nothing_goes_forward_after_what_went_ahead(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench_values(bench, live, BENCH_GOOD);
    bench->journal = BENCH_STUCK;
    bench_later(bench, BENCH_OBSERVE_MS);
    push_verb(bench, live, VERB_ABORT);
    bench_later(bench, ENGINE_AHEAD_MS);
    bench_forget(bench);
    bench->journal = BENCH_WRITES;
    bench_settle(bench);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_WHOLE);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    bench_turn(bench);
    assert_only_route(bench, 4, false);
}

/* Patience ran out in the batch that hangs; that can wait for the journal, but the FAIL that comes then
 * cannot. */
static void test_a_fail_hurries_what_could_wait(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench->journal = BENCH_STUCK;
    bench_later(bench, BENCH_AT_MOST_MS);
    bench_later(bench, ENGINE_AHEAD_MS);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    push_verb(bench, live, VERB_ABORT);
    assert_only_route(bench, 3, true);
}

/* An abort that went ahead comes before the end of the observation that it met. */
static void test_what_left_for_comes_first(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench_values(bench, live, BENCH_GOOD);
    bench->journal = BENCH_REFUSES;
    push_verb(bench, live, VERB_ABORT);
    assert_only_route(bench, 3, true);
    bench->journal = BENCH_WRITES;
    bench_later(bench, BENCH_OBSERVE_MS);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_ABORTED);
    assert_int_equal(bench_traces(bench, live, TRACE_STEP_PASS), 0);
}

/* S2: of a pass that is due and a judgement that came with it the judgement counts. */
static void test_no_step_ends_on_half_of_the_news(void **state)
{
    static const struct judgement bad = {.verdict = VERDICT_INCONCLUSIVE};
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->blind = UINT32_MAX;
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_to_observe(bench, live);
    for (uint8_t rule = 0; rule < BENCH_RULES; rule++)
        judge(bench, live, rule, bench->now_ms);
    assert_true(engine_judgement(bench->engine, live->id, BENCH_RULE_HOLD, &bad));
    bench_later(bench, BENCH_OBSERVE_MS);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_OBSERVE);
}

/* S19: the way back is durable, and a full disk with other news does not stop its tries. */
static void test_tries_of_a_way_back_need_no_journal(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    push_verb(bench, live, VERB_ABORT);
    bench_result(bench, live, RESULT_AGAIN);
    bench_forget(bench);
    bench->journal = BENCH_REFUSES;
    assert_int_equal(say(bench, TARGET_FREEZE), ENGINE_NOT_DURABLE);
    bench_later(bench, BACKOFF_FIRST_MS);
    assert_only_route(bench, 3, false);
    bench_later(bench, BACKOFF_FIRST_MS);
    assert_int_equal(bench_count(bench, NOTE_START), 1);
}

/* L4: the same after a restart into a full disk. */
static void test_a_way_back_is_driven_again_without_a_journal(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    push_verb(bench, live, VERB_ABORT);
    bench_restart(bench, 1000);
    bench_forget(bench);
    bench->journal = BENCH_REFUSES;
    assert_int_equal(say(bench, TARGET_FREEZE), ENGINE_NOT_DURABLE);
    assert_only_route(bench, 3, false);
}

/* S9: the old slot was adopted again; its retirement is off. While it is being stopped it cannot be adopted.
 */
static void test_what_is_adopted_is_not_retired(void **state)
{
    static const struct target_verb old = {
        .kind = TARGET_ADOPT, .target = BENCH_TARGET, .version_key = SECOND};
    struct engine_bench *bench = *state;

    for (int is_late = 0; is_late < 2; is_late++) {
        struct bench_live *live = bench_prepare(bench, FIRST + (uint64_t)is_late);
        live->plan->retire = 0;
        live->plan->retire_delay_ms = 1000;
        assert_int_equal(bench_start(bench, live), ENGINE_DONE);
        bench_to_promoted(bench, live);
        bench_later(bench, is_late != 0 ? 1000 : 0);
        bench_forget(bench);
        assert_int_equal(bench_target_verb(bench, &old), is_late != 0 ? ENGINE_CONFLICT : ENGINE_DONE);
        bench_later(bench, 1000);
        assert_int_equal(bench_count(bench, NOTE_START), 0);
        bench_forget(bench);
    }
}

/* A question that is not in the journal may never be asked: no traffic moves for its rejection. */
static void test_a_rejection_ahead_of_its_question(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->steps[BENCH_STEP_WHOLE].kind = STEP_APPROVE;
    live->plan->steps[BENCH_STEP_WHOLE].approvals = 1;
    bench_to_observe(bench, live);
    bench_later(bench, BENCH_OBSERVE_MS);
    bench->journal = BENCH_STUCK;
    bench_values(bench, live, BENCH_GOOD);
    assert_non_null(bench->pending);
    bench_forget(bench);
    bench_later(bench, ENGINE_AHEAD_MS);
    assert_true(engine_verb(bench->engine, TOKEN, live->id, VERB_REJECT, 0));
    bench_turn(bench);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    bench->journal = BENCH_WRITES;
    bench_settle(bench);
    bench_turn(bench);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_NOT_APPROVED);
}

/* What is not admitted by the journal routed nothing: there is nothing to hurry back. */
static void test_nothing_goes_ahead_before_admission(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_forget(bench);
    bench->journal = BENCH_STUCK;
    bench_result(bench, live, RESULT_DONE);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ADMITTING);
    bench_later(bench, ENGINE_AHEAD_MS);
    assert_true(engine_verb(bench->engine, TOKEN, live->id, VERB_ABORT, 0));
    bench_turn(bench);
    bench->journal = BENCH_REFUSES;
    bench_settle(bench);
    bench_later(bench, 5000);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1000);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    assert_int_equal(bench_count(bench, NOTE_RELEASED), 1);
}

/* S11: whoever takes it back in the first turn after a stall does not make it watched. */
static void test_a_stall_is_told_before_people(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    bench->now_ms += 5000;
    engine_gap(bench->engine, 4000);
    assert_true(engine_verb(bench->engine, 0, live->id, VERB_ABORT, 0));
    bench_turn(bench);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(bench_state(bench, live)->observed_ms, 1000);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, open_bench, close_bench)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        BENCH_TEST(test_frozen_targets_give_no_turn),
        BENCH_TEST(test_passes_of_another_step_are_none),
        BENCH_TEST(test_no_way_back_while_the_old_slot_retires),
        BENCH_TEST(test_what_is_adopted_is_not_retired),
        BENCH_TEST(test_a_try_that_waits_goes_ahead_too),
        BENCH_TEST(test_the_key_of_what_went_ahead_is_its_own),
        BENCH_TEST(test_nothing_goes_forward_after_what_went_ahead),
        BENCH_TEST(test_what_left_for_comes_first),
        BENCH_TEST(test_a_fail_hurries_what_could_wait),
        BENCH_TEST(test_a_rejection_ahead_of_its_question),
        BENCH_TEST(test_nothing_goes_ahead_before_admission),
        BENCH_TEST(test_a_stall_is_told_before_people),
        BENCH_TEST(test_no_step_ends_on_half_of_the_news),
        BENCH_TEST(test_tries_of_a_way_back_need_no_journal),
        BENCH_TEST(test_a_way_back_is_driven_again_without_a_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
