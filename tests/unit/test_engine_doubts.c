/* test_engine_doubts.c - what nobody saw until the limit of an observation is written as a verdict is.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { FIRST = 100, DEPLOYMENTS = 2 };

static int open_bench(void **state)
{
    static struct engine_bench bench;

    bench_open(&bench, DEPLOYMENTS);
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    bench_close(*state);
    return 0;
}

/* The reason of each rule that acts; not of what only records, or is muted. */
static void test_what_was_not_seen_is_written(void **state)
{
    struct engine_bench *bench = *state;

    for (int is_muted = 0; is_muted < 2; is_muted++) {
        struct bench_live *live = bench_prepare(bench, FIRST);
        live->plan->rules[0] = is_muted != 0 ? PLAN_RULE_ACT_ROLLBACK : PLAN_RULE_RECORD;
        bench_to_observe(bench, live);
        if (is_muted != 0)
            assert_int_equal(bench_verb(bench, live, VERB_MUTE), ENGINE_DONE);
        bench_forget(bench);
        bench_later(bench, BENCH_AT_MOST_MS);
        assert_int_equal(bench_state(bench, live)->ending, ENDING_NO_EVIDENCE);
        assert_int_equal(bench_rows(bench, ROW_VERDICT), BENCH_RULES - 1);
        bench_result(bench, live, RESULT_DONE);
        bench_result(bench, live, RESULT_DONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_not_seen_is_written, open_bench, close_bench),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
