/* test_engine_refused.c - what people asked for and a journal refused: a way back is tried on by their name,
 * all else was refused for good (S14, S19).
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
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

static void assert_went_ahead(const struct engine_bench *bench, uint32_t sequence)
{
    struct bench_note start = bench_only_start(bench);

    assert_int_equal(start.action.kind, ACTION_ROUTE);
    assert_int_equal(start.action.share, 0);
    assert_int_equal(start.action.sequence, sequence);
    assert_true(start.action.is_rollback);
    assert_true(start.is_ahead);
}

/* S19: a full disk delays no rollback. Whoever asked hears that it is not written down, and it goes on. */
static void test_an_abort_is_not_lost_with_its_commit(void **state)
{
    static const enum verb verbs[] = {VERB_ABORT, VERB_ROLLBACK, VERB_ROLLBACK_PAST};
    struct engine_bench *bench = *state;

    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++) {
        struct bench_live *live = bench_prepare(bench, FIRST + i);
        live->start.target = (uint32_t)(BENCH_TARGET + i);
        bench_to_observe(bench, live);
        bench_forget(bench);
        bench->journal = BENCH_REFUSES;
        assert_int_equal(bench_verb(bench, live, verbs[i]), ENGINE_NOT_DURABLE);
        assert_went_ahead(bench, 3);
        bench_later(bench, 999);
        assert_int_equal(bench_state(bench, live)->phase, PHASE_RUNNING);
        bench->journal = BENCH_WRITES;
        bench_later(bench, 1);
        assert_int_equal(bench_state(bench, live)->phase, PHASE_ROLLING_BACK);
        assert_int_equal(bench_state(bench, live)->ending,
                         verbs[i] == VERB_ABORT ? ENDING_ABORTED : ENDING_TAKEN_BACK);
        assert_int_equal(bench_count(bench, NOTE_ANSWER), 1);
    }
}

static void test_a_rejection_is_not_lost_with_its_commit(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->steps[BENCH_STEP_OBSERVE].kind = STEP_APPROVE;
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_result(bench, live, RESULT_DONE);
    bench_result(bench, live, RESULT_DONE);
    assert_int_equal(bench_state(bench, live)->step_state, STEP_WAITING);
    bench_forget(bench);
    bench->journal = BENCH_REFUSES;
    assert_int_equal(bench_verb(bench, live, VERB_REJECT), ENGINE_NOT_DURABLE);
    assert_went_ahead(bench, 3);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1000);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_NOT_APPROVED);
}

/* Other verbs were refused, and that is that. */
static void test_refused_verbs_are_not_tried_again(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);

    bench->journal = BENCH_REFUSES;
    assert_int_equal(bench_verb(bench, live, VERB_HOLD), ENGINE_NOT_DURABLE);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1000);
    assert_int_equal(bench_state(bench, live)->step_state, STEP_OBSERVING);
    assert_int_equal(bench_count(bench, NOTE_ANSWER), 1);
}

/* Rows that name this token. */
static size_t rows_of(const struct engine_bench *bench, uint64_t token)
{
    size_t count = 0;

    for (size_t i = 0; i < bench->note_count; i++)
        count += bench->notes[i].kind == NOTE_ROW && bench->notes[i].token == token;
    return count;
}

/* S14: its audit rows say who asked, though the answer was given long before; and it is given once. */
static void test_a_way_back_keeps_its_author(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench);
    struct bench_live *other = bench_prepare(bench, SECOND);

    other->start.target = 2;
    bench_to_observe(bench, other);
    bench_forget(bench);
    bench->journal = BENCH_REFUSES;
    assert_true(engine_verb(bench->engine, TOKEN, live->id, VERB_ABORT, 0));
    assert_true(engine_verb(bench->engine, TOKEN + 1, other->id, VERB_HOLD, 0));
    bench_turn(bench);
    assert_int_equal(bench_answer_of(bench, TOKEN), ENGINE_NOT_DURABLE);
    assert_int_equal(bench_answer_of(bench, TOKEN + 1), ENGINE_NOT_DURABLE);
    bench_later(bench, 1000);
    assert_true(engine_names(bench->engine, TOKEN));
    assert_false(engine_names(bench->engine, TOKEN + 1));
    assert_int_equal(rows_of(bench, TOKEN), 0);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1000);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_ABORTED);
    assert_true(rows_of(bench, TOKEN) > 0);
    assert_int_equal(rows_of(bench, TOKEN + 1), 0);
    assert_int_equal(bench_count(bench, NOTE_ANSWER), 2);
    assert_false(engine_names(bench->engine, TOKEN));
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, open_bench, close_bench)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        BENCH_TEST(test_an_abort_is_not_lost_with_its_commit),
        BENCH_TEST(test_a_rejection_is_not_lost_with_its_commit),
        BENCH_TEST(test_refused_verbs_are_not_tried_again),
        BENCH_TEST(test_a_way_back_keeps_its_author),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
