/* test_engine_retry.c - what has ended is wanted once more: a new deployment, its version out of quarantine.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { VERSION = 100, OTHER };

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

static uint8_t quarantined(const struct engine_bench *bench)
{
    return engine_target(bench->engine, BENCH_TARGET)->quarantined_count;
}

/* Taken back by a rule; over, and in quarantine. */
static struct bench_live *failed(struct engine_bench *bench)
{
    struct bench_live *live = bench_prepare(bench, VERSION);

    bench_to_observe(bench, live);
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    bench_result(bench, live, RESULT_DONE);
    bench_result(bench, live, RESULT_DONE);
    assert_null(engine_state(bench->engine, live->id));
    assert_int_equal(quarantined(bench), 1);
    return live;
}

static struct bench_live *prepare_retry(struct engine_bench *bench, uint64_t of, bool takes_out)
{
    struct bench_live *live = bench_prepare(bench, VERSION);

    live->start.retries = of;
    live->start.takes_out = takes_out;
    return live;
}

static void test_a_retry_is_new_and_out_of_quarantine(void **state)
{
    struct engine_bench *bench = *state;
    const struct bench_live *first = failed(bench);
    struct bench_live *again = prepare_retry(bench, first->id, true);

    bench_forget(bench);
    assert_int_equal(bench_start(bench, again), ENGINE_DONE);
    assert_true(again->id != first->id);
    assert_int_equal(bench_state(bench, again)->phase, PHASE_ADMITTING);
    assert_int_equal(quarantined(bench), 0);
    assert_int_equal(bench_rows(bench, ROW_TARGET), 1);
    for (size_t i = 0; i < bench->note_count; i++) {
        const struct bench_note *note = &bench->notes[i];
        if (note->kind != NOTE_ROW || note->row != ROW_TRACE || note->trace.kind != TRACE_RETRIED)
            continue;
        assert_int_equal(note->trace.a, first->id);
        assert_int_equal(note->trace.b, 1);
        assert_int_equal(note->token, again->start.token);
    }
    assert_int_equal(bench_traces(bench, again, TRACE_RETRIED), 1);
    bench_restart(bench, 1000);
    assert_int_equal(quarantined(bench), 0);
}

/* Who may start but not override: refused as any start, and nothing leaves the quarantine. */
static void test_only_who_may_takes_out(void **state)
{
    struct engine_bench *bench = *state;
    const struct bench_live *first = failed(bench);

    assert_int_equal(bench_start(bench, prepare_retry(bench, first->id, false)), ENGINE_QUARANTINED);
    assert_int_equal(quarantined(bench), 1);
}

/* Not in quarantine: nothing is taken out, and it is attributed all the same. */
static void test_a_retry_of_what_is_not_in_quarantine(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = bench_prepare(bench, VERSION);

    assert_int_equal(bench_start(bench, first), ENGINE_DONE);
    assert_int_equal(bench_verb(bench, first, VERB_ABORT), ENGINE_DONE);
    struct bench_live *again = prepare_retry(bench, first->id, true);
    assert_int_equal(bench_start(bench, again), ENGINE_DONE);
    assert_int_equal(bench_traces(bench, again, TRACE_RETRIED), 1);
    assert_int_equal(bench_verb(bench, again, VERB_ABORT), ENGINE_DONE);
    again = prepare_retry(bench, first->id, false);
    assert_int_equal(bench_start(bench, again), ENGINE_DONE);
    assert_int_equal(bench_traces(bench, again, TRACE_RETRIED), 1);
}

/* It is let in as any other, and where it is not, the quarantine stays. */
static void test_a_retry_passes_admission(void **state)
{
    struct engine_bench *bench = *state;
    const struct bench_live *first = failed(bench);
    const struct target_verb freeze = {.kind = TARGET_FREEZE, .target = BENCH_TARGET};
    const struct target_verb unfreeze = {.kind = TARGET_UNFREEZE, .target = BENCH_TARGET};

    (void)bench_target_verb(bench, &freeze);
    assert_int_equal(bench_start(bench, prepare_retry(bench, first->id, true)), ENGINE_FROZEN);
    assert_int_equal(quarantined(bench), 1);
    (void)bench_target_verb(bench, &unfreeze);
    struct bench_live *other = bench_prepare(bench, OTHER);
    assert_int_equal(bench_start(bench, other), ENGINE_DONE);
    assert_int_equal(bench_start(bench, prepare_retry(bench, first->id, true)), ENGINE_CONFLICT);
    assert_int_equal(quarantined(bench), 1);
}

/* Twice is once; but to one that is going back nobody is attached. */
static void test_a_retry_beside_the_same_version(void **state)
{
    struct engine_bench *bench = *state;
    const struct bench_live *first = failed(bench);
    struct bench_live *again = prepare_retry(bench, first->id, true);

    bench_to_observe(bench, again);
    assert_int_equal(bench_start(bench, prepare_retry(bench, first->id, true)), ENGINE_ALREADY);
    bench_value(bench, again, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_int_equal(bench_state(bench, again)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(bench_start(bench, prepare_retry(bench, first->id, true)), ENGINE_CONFLICT);
    assert_int_equal(bench_start(bench, bench_prepare(bench, VERSION)), ENGINE_ALREADY);
    assert_int_equal(quarantined(bench), 1);
}

/* The journal refuses it: then nothing left the quarantine. */
static void test_a_retry_that_is_not_durable(void **state)
{
    struct engine_bench *bench = *state;
    const struct bench_live *first = failed(bench);

    bench->journal = BENCH_REFUSES;
    assert_int_equal(bench_start(bench, prepare_retry(bench, first->id, true)), ENGINE_NOT_DURABLE);
    assert_int_equal(quarantined(bench), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_retry_is_new_and_out_of_quarantine, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_only_who_may_takes_out, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_a_retry_of_what_is_not_in_quarantine, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_a_retry_passes_admission, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_a_retry_beside_the_same_version, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_a_retry_that_is_not_durable, open_bench, close_bench),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
