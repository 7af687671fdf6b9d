/* test_engine_commit.c - nothing leaves before it is durable, what a failed commit drops, and the engine's
 * limits.
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

static void push_verb(struct engine_bench *bench, uint64_t token, const struct bench_live *live,
                      enum verb verb)
{
    assert_true(engine_verb(bench->engine, token, live->id, verb, 0));
}

/* S1, S5: no answer, no state, no action until the journal has it. */
static void test_nothing_leaves_before_the_commit(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench->journal = BENCH_STUCK;
    assert_true(engine_start(bench->engine, &live->start));
    bench_turn(bench);
    assert_int_equal(bench->commits, 1);
    assert_int_equal(bench->note_count, 0);
    assert_null(engine_state(bench->engine, 1));
    bench_later(bench, 100);
    assert_int_equal(bench->commits, 1);
    bench->journal = BENCH_WRITES;
    bench_settle(bench);
    assert_int_equal(bench->notes[0].kind, NOTE_ROW);
    assert_int_equal(bench->notes[bench->note_count - 2].kind, NOTE_ANSWER);
    assert_int_equal(bench->notes[bench->note_count - 1].kind, NOTE_START);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ADMITTING);
}

/* The state that is shown is the durable one, of a target too. */
static void test_targets_are_shown_when_durable(void **state)
{
    struct engine_bench *bench = *state;
    const struct target_verb freeze = {.kind = TARGET_FREEZE, .target = BENCH_TARGET};

    bench->journal = BENCH_STUCK;
    assert_true(engine_target_verb(bench->engine, TOKEN, &freeze));
    bench_turn(bench);
    assert_false(engine_target(bench->engine, BENCH_TARGET)->is_frozen);
    bench->journal = BENCH_WRITES;
    bench_settle(bench);
    assert_true(engine_target(bench->engine, BENCH_TARGET)->is_frozen);
}

static void test_inputs_wait_for_the_batch_under_way(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench->journal = BENCH_STUCK;
    assert_true(engine_start(bench->engine, &live->start));
    bench_turn(bench);
    push_verb(bench, TOKEN, &(struct bench_live){.id = 1}, VERB_ABORT);
    bench_turn(bench);
    assert_int_equal(bench->commits, 1);
    bench->journal = BENCH_WRITES;
    bench_settle(bench);
    bench_turn(bench);
    assert_int_equal(bench_answer_of(bench, TOKEN), ENGINE_DONE);
    assert_int_equal(bench->commits, 2);
}

/* S6: an action that was overtaken within its own batch stays at home. */
static void test_overtaken_actions_stay_at_home(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->steps[BENCH_STEP_OBSERVE].kind = STEP_APPROVE;
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_result(bench, live, RESULT_DONE);
    bench_result(bench, live, RESULT_DONE);
    assert_int_equal(bench_state(bench, live)->step_state, STEP_WAITING);
    bench_forget(bench);
    assert_true(engine_verb(bench->engine, 0, live->id, VERB_APPROVE, 0));
    assert_true(engine_result(bench->engine, live->id, 3, 0, RESULT_FAILED));
    bench_turn(bench);
    assert_int_equal(bench_rows(bench, ROW_ACTION), 1);
    assert_int_equal(bench_only_start(bench).action.kind, ACTION_NONE);
    assert_true(bench_state(bench, live)->flight.is_waiting);
}

static void test_actions_of_the_cancelled_stay_at_home(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    assert_true(engine_start(bench->engine, &live->start));
    push_verb(bench, TOKEN, &(struct bench_live){.id = 1}, VERB_ABORT);
    bench_turn(bench);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    assert_int_equal(bench_count(bench, NOTE_RELEASED), 1);
    assert_int_equal(bench_answer_of(bench, live->start.token), ENGINE_DONE);
    assert_int_equal(bench_answer_of(bench, TOKEN), ENGINE_DONE);
}

/* What changes nothing durable needs no commit, and is answered at once. */
static void test_no_commit_for_nothing(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_turn(bench);
    assert_int_equal(bench->commits, 0);
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    uint32_t commits = bench->commits;
    assert_int_equal(bench_verb(bench, live, VERB_APPROVE), ENGINE_CONFLICT);
    assert_int_equal(bench_verb(bench, &(struct bench_live){.id = 77}, VERB_ABORT), ENGINE_NOT_FOUND);
    assert_true(engine_result(bench->engine, 77, 1, 0, RESULT_DONE));
    assert_true(engine_read_back(bench->engine, live->id, BENCH_LOW, false));
    bench_turn(bench);
    assert_int_equal(bench->commits, commits);
    assert_int_equal(bench_verb(bench, live, VERB_ABORT), ENGINE_DONE);
    assert_int_equal(bench_verb(bench, live, VERB_ABORT), ENGINE_NOT_FOUND);
}

static void test_verbs_twice(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    assert_int_equal(bench_verb(bench, live, VERB_HOLD), ENGINE_DONE);
    assert_int_equal(bench_verb(bench, live, VERB_HOLD), ENGINE_ALREADY);
    assert_int_equal(bench_traces(bench, live, TRACE_HELD), 1);
}

/* A refused start leaves nothing behind; whoever asked hears it. */
static void test_failed_commit_of_a_start(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench->journal = BENCH_REFUSES;
    assert_int_equal(bench_start(bench, live), ENGINE_NOT_DURABLE);
    assert_null(engine_state(bench->engine, 1));
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 5000);
    assert_int_equal(bench->commits, 1);
    assert_int_equal(bench_count(bench, NOTE_ANSWER), 1);
    live = bench_prepare(bench, FIRST);
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ADMITTING);
}

/* Nobody waits for it: it is tried again, with what it brought still in its place. */
static void test_failed_commit_of_a_start_without_token(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->start.token = 0;
    bench->journal = BENCH_REFUSES;
    assert_true(engine_start(bench->engine, &live->start));
    bench_turn(bench);
    assert_int_equal(bench_count(bench, NOTE_RELEASED), 0);
    bench->journal = BENCH_STUCK;
    bench_later(bench, 1000);
    assert_int_equal(bench->commits, 2);
    assert_int_equal(bench->pending->rows[0].kind, ROW_DEPLOYMENT);
}

/* Results are stepped again, once the journal takes them; nothing happens twice. */
static void test_failed_commit_steps_results_again(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_forget(bench);
    bench->journal = BENCH_REFUSES;
    bench_result(bench, live, RESULT_DONE);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ADMITTING);
    assert_int_equal(bench->note_count, 0);
    assert_int_equal(engine_deadline(bench->engine), bench->now_ms + 1000);
    uint32_t commits = bench->commits;
    bench_later(bench, 999);
    assert_int_equal(bench->commits, commits);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_RUNNING);
    assert_int_equal(bench_only_start(bench).action.sequence, 2);
}

static void test_failed_commit_gives_targets_back(void **state)
{
    struct engine_bench *bench = *state;
    const struct target_verb freeze = {.kind = TARGET_FREEZE, .target = BENCH_TARGET};

    bench_adopt(bench, SECOND, 1);
    bench->journal = BENCH_REFUSES;
    assert_int_equal(bench_target_verb(bench, &freeze), ENGINE_NOT_DURABLE);
    assert_false(engine_target(bench->engine, BENCH_TARGET)->is_frozen);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1000);
    assert_int_equal(bench_start(bench, bench_prepare(bench, FIRST)), ENGINE_DONE);
}

/* A promotion that was not durable is no promotion; its evidence is judged again. */
static void test_failed_commit_of_a_promotion(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_adopt(bench, SECOND, 0);
    bench_to_watch(bench, live);
    bench_values(bench, live, BENCH_GOOD);
    bench->journal = BENCH_REFUSES;
    bench_later(bench, BENCH_OBSERVE_MS);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_WATCHING);
    assert_int_equal(engine_target(bench->engine, BENCH_TARGET)->stable_version_key, SECOND);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1000);
    assert_int_equal(engine_target(bench->engine, BENCH_TARGET)->stable_version_key, FIRST);
    assert_int_equal(bench_count(bench, NOTE_RELEASED), 1);
}

/* A change that nobody needs durable is dropped with the batch of another, and comes again. */
static void test_failed_commit_drops_neighbours(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    struct bench_live *other = bench_prepare(bench, SECOND);

    other->start.target = 2;
    bench_to_observe(bench, live);
    assert_int_equal(bench_start(bench, other), ENGINE_DONE);
    bench->journal = BENCH_REFUSES;
    assert_true(engine_result(bench->engine, other->id, 1, 0, RESULT_DONE));
    bench_values(bench, live, BENCH_GOOD);
    assert_int_equal(bench_state(bench, live)->passing, 0);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1000);
    assert_int_equal(bench_state(bench, live)->passing, 3);
    assert_int_equal(bench_state(bench, other)->phase, PHASE_RUNNING);
}

/* After a failure the deadline is the retry, and then what it always is: no turning on the spot. */
static void test_the_deadline_after_a_failure(void **state)
{
    struct engine_bench *bench = *state;

    assert_int_equal(engine_deadline(bench->engine), DEPLOYMENT_NEVER);
    bench->journal = BENCH_REFUSES;
    assert_int_equal(bench_start(bench, bench_prepare(bench, FIRST)), ENGINE_NOT_DURABLE);
    assert_int_equal(engine_deadline(bench->engine), bench->now_ms + 1000);
    bench_later(bench, 1000);
    assert_int_equal(engine_deadline(bench->engine), DEPLOYMENT_NEVER);
}

static void test_the_deadline_while_committing(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench->journal = BENCH_STUCK;
    assert_true(engine_start(bench->engine, &live->start));
    assert_int_equal(engine_deadline(bench->engine), bench->now_ms);
    bench_turn(bench);
    assert_int_equal(engine_deadline(bench->engine), bench->now_ms + ENGINE_AHEAD_MS);
    bench->now_ms += ENGINE_AHEAD_MS;
    assert_int_equal(engine_deadline(bench->engine), bench->now_ms + ENGINE_AHEAD_MS);
}

static void test_the_deadline_of_deployments(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    struct bench_live *other = bench_prepare(bench, SECOND);

    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    assert_int_equal(engine_deadline(bench->engine), bench->now_ms + ADMISSION_LIMIT_MS);
    bench->now_ms += 1000;
    other->start.target = 2;
    assert_int_equal(bench_start(bench, other), ENGINE_DONE);
    assert_int_equal(engine_deadline(bench->engine), bench->now_ms - 1000 + ADMISSION_LIMIT_MS);
    (void)bench_verb(bench, live, VERB_ABORT);
    assert_int_equal(engine_deadline(bench->engine), bench->now_ms + ADMISSION_LIMIT_MS);
}

/* S15: a full queue says so, and takes again when it was worked off. */
static void test_the_queue_is_bounded(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    struct judgement judgement = {.verdict = VERDICT_PASS};
    struct target_verb freeze = {.kind = TARGET_FREEZE, .target = BENCH_TARGET};

    for (int i = 0; i < ENGINE_INPUTS_MAX; i++)
        assert_true(engine_result(bench->engine, 77, 1, 0, RESULT_DONE));
    assert_false(engine_result(bench->engine, 77, 1, 0, RESULT_DONE));
    assert_false(engine_read_back(bench->engine, 77, 0, false));
    assert_false(engine_start(bench->engine, &live->start));
    assert_false(engine_verb(bench->engine, TOKEN, 1, VERB_ABORT, 0));
    assert_false(engine_target_verb(bench->engine, TOKEN, &freeze));
    assert_false(engine_judgement(bench->engine, 1, 0, &judgement));
    bench_turn(bench);
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    assert_int_equal(bench_count(bench, NOTE_ANSWER), 1);
}

/* Several changes of one target: one row with the outcome of all, and dropped as one. */
static void test_changes_of_one_target_in_one_batch(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    struct target_verb verb = {.kind = TARGET_FREEZE, .target = BENCH_TARGET};

    live->plan->steps[0].kind = STEP_SMOKE;
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_result(bench, live, RESULT_DONE);
    bench_forget(bench);
    bench->journal = BENCH_REFUSES;
    for (uint32_t i = 0; i < 2; i++) {
        verb.target = BENCH_TARGET + i;
        assert_true(engine_target_verb(bench->engine, 0, &verb));
    }
    verb = (struct target_verb){.kind = TARGET_QUARANTINE_ADD, .target = BENCH_TARGET, .version_key = SECOND};
    assert_true(engine_target_verb(bench->engine, 0, &verb));
    assert_true(engine_result(bench->engine, live->id, 2, 0, RESULT_FAILED));
    bench_turn(bench);
    assert_int_equal(engine_target(bench->engine, BENCH_TARGET)->quarantined_count, 0);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1000);
    assert_int_equal(bench_rows(bench, ROW_TARGET), 2);
    assert_int_equal(engine_target(bench->engine, BENCH_TARGET)->quarantined_count, 2);
    assert_true(engine_target(bench->engine, BENCH_TARGET)->is_frozen);
    assert_true(engine_target(bench->engine, BENCH_TARGET + 1)->is_frozen);
}

/* An abort overtakes what waits before it: nothing begins that would have to be undone. */
static void test_an_abort_comes_first(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_forget(bench);
    assert_true(engine_result(bench->engine, live->id, 1, 0, RESULT_DONE));
    push_verb(bench, TOKEN, live, VERB_ABORT);
    bench_turn(bench);
    assert_int_equal(bench_rows(bench, ROW_ACTION), 0);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    assert_int_equal(bench_count(bench, NOTE_RELEASED), 1);
}

/* Two people speak in one turn: the first one's word counts. */
static void test_approval_before_rejection(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->steps[BENCH_STEP_OBSERVE].kind = STEP_APPROVE;
    live->plan->steps[BENCH_STEP_OBSERVE].approvals = 1;
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_result(bench, live, RESULT_DONE);
    bench_result(bench, live, RESULT_DONE);
    push_verb(bench, TOKEN, live, VERB_APPROVE);
    push_verb(bench, TOKEN + 1, live, VERB_REJECT);
    bench_turn(bench);
    assert_int_equal(bench_answer_of(bench, TOKEN), ENGINE_DONE);
    assert_int_equal(bench_answer_of(bench, TOKEN + 1), ENGINE_CONFLICT);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_WHOLE);
}

/* The place of a refused input in the ring is taken again, and nothing of it is left there. */
static void test_the_ring_is_used_again(void **state)
{
    struct engine_bench *bench = *state;

    bench->journal = BENCH_REFUSES;
    assert_int_equal(bench_start(bench, bench_prepare(bench, FIRST)), ENGINE_NOT_DURABLE);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1000);
    bench_forget(bench);
    for (uint64_t i = 0; i < ENGINE_INPUTS_MAX; i++)
        assert_true(engine_verb(bench->engine, TOKEN + i, 77, VERB_ABORT, 0));
    bench_turn(bench);
    assert_int_equal(bench_count(bench, NOTE_ANSWER), ENGINE_INPUTS_MAX);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, open_bench, close_bench)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        BENCH_TEST(test_nothing_leaves_before_the_commit),
        BENCH_TEST(test_targets_are_shown_when_durable),
        BENCH_TEST(test_inputs_wait_for_the_batch_under_way),
        BENCH_TEST(test_overtaken_actions_stay_at_home),
        BENCH_TEST(test_actions_of_the_cancelled_stay_at_home),
        BENCH_TEST(test_no_commit_for_nothing),
        BENCH_TEST(test_verbs_twice),
        BENCH_TEST(test_failed_commit_of_a_start),
        BENCH_TEST(test_failed_commit_of_a_start_without_token),
        BENCH_TEST(test_failed_commit_steps_results_again),
        BENCH_TEST(test_failed_commit_gives_targets_back),
        BENCH_TEST(test_failed_commit_of_a_promotion),
        BENCH_TEST(test_failed_commit_drops_neighbours),
        BENCH_TEST(test_the_deadline_after_a_failure),
        BENCH_TEST(test_the_deadline_while_committing),
        BENCH_TEST(test_the_deadline_of_deployments),
        BENCH_TEST(test_the_queue_is_bounded),
        BENCH_TEST(test_the_ring_is_used_again),
        BENCH_TEST(test_an_abort_comes_first),
        BENCH_TEST(test_approval_before_rejection),
        BENCH_TEST(test_changes_of_one_target_in_one_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
