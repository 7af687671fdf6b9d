/* test_engine_locks.c - services that name the same lock: one deployment at a time, and nobody forgotten.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { FIRST = 100, SECOND, THIRD, SHOP = BENCH_TARGET, BANK, MAIL, LOCK = 5, SLOTS = 4 };
enum { SAME_CHAIN = LOCK + SLOTS, HOUR_MS = 3600000, ENGINE_RETRY_MS = 1000 };

static int open_bench(void **state)
{
    static struct engine_bench bench;

    bench_open(&bench, SLOTS);
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    bench_close(*state);
    return 0;
}

static void adopt(struct engine_bench *bench, uint32_t target)
{
    const struct target_verb verb = {.kind = TARGET_ADOPT, .target = target, .version_key = 1};

    assert_int_equal(bench_target_verb(bench, &verb), ENGINE_DONE);
}

static struct bench_live *prepare(struct engine_bench *bench, uint32_t target, uint64_t version_key)
{
    struct bench_live *live = bench_prepare(bench, version_key);

    live->start.target = target;
    live->start.queues = true;
    live->start.lock = LOCK;
    return live;
}

static struct bench_live *start(struct engine_bench *bench, uint32_t target, uint64_t version_key)
{
    struct bench_live *live = prepare(bench, target, version_key);

    adopt(bench, target);
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    return live;
}

static void expect_waits(const struct engine_bench *bench, const struct bench_live *live,
                         const struct bench_live *holder)
{
    assert_int_equal(bench_state(bench, live)->phase, PHASE_QUEUED);
    assert_int_equal(engine_lock_holder(bench->engine, live->id), holder == NULL ? 0 : holder->id);
}

static void expect_runs(const struct engine_bench *bench, const struct bench_live *live)
{
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ADMITTING);
    assert_int_equal(engine_lock_holder(bench->engine, live->id), 0);
}

static void test_the_next_one_waits_until_the_lock_is_free(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *holder = start(bench, SHOP, FIRST);
    const struct bench_live *waits = start(bench, BANK, SECOND);

    expect_runs(bench, holder);
    expect_waits(bench, waits, holder);
    assert_int_equal(engine_deadline(bench->engine), bench_state(bench, holder)->flight.deadline_ms);
    bench_to_watch(bench, holder);
    expect_waits(bench, waits, holder);
    assert_int_equal(bench_verb(bench, holder, VERB_ROLLBACK), ENGINE_DONE);
    expect_waits(bench, waits, holder);
    bench_result(bench, holder, RESULT_DONE);
    bench_result(bench, holder, RESULT_DONE);
    assert_int_equal(bench_state(bench, waits)->phase, PHASE_ADMITTING);
}

static void test_an_end_in_the_queue_frees_nothing(void **state)
{
    struct engine_bench *bench = *state;
    const struct bench_live *holder = start(bench, SHOP, FIRST);
    const struct bench_live *gone = start(bench, BANK, SECOND);
    const struct bench_live *waits = start(bench, MAIL, THIRD);

    assert_int_equal(bench_verb(bench, gone, VERB_ABORT), ENGINE_DONE);
    expect_waits(bench, waits, holder);
}

static void test_other_locks_and_none_are_nobodys_matter(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *other = prepare(bench, BANK, SECOND);
    struct bench_live *none = prepare(bench, MAIL, THIRD);

    (void)start(bench, SHOP, FIRST);
    adopt(bench, BANK);
    adopt(bench, MAIL);
    other->start.lock = SAME_CHAIN;
    none->start.lock = 0;
    assert_int_equal(bench_start(bench, other), ENGINE_DONE);
    assert_int_equal(bench_start(bench, none), ENGINE_DONE);
    expect_runs(bench, other);
    expect_runs(bench, none);
    assert_int_equal(bench_verb(bench, other, VERB_ABORT), ENGINE_DONE);
    assert_int_equal(bench_verb(bench, none, VERB_ABORT), ENGINE_DONE);
}

static void test_who_waits_longest_comes_first(void **state)
{
    struct engine_bench *bench = *state;
    const struct bench_live *holder = start(bench, SHOP, FIRST);
    const struct bench_live *second = start(bench, BANK, SECOND);
    const struct bench_live *third = prepare(bench, SHOP, THIRD);

    assert_int_equal(bench_start(bench, (struct bench_live *)third), ENGINE_DONE);
    assert_int_equal(bench_state(bench, third)->phase, PHASE_QUEUED);
    assert_int_equal(bench_verb(bench, holder, VERB_ABORT), ENGINE_DONE);
    expect_runs(bench, second);
    expect_waits(bench, third, second);
    assert_int_equal(bench_verb(bench, second, VERB_ABORT), ENGINE_DONE);
    expect_runs(bench, third);
}

static void test_who_cannot_go_lets_the_next_one(void **state)
{
    struct engine_bench *bench = *state;
    const struct target_verb freeze = {.kind = TARGET_FREEZE, .target = BANK};
    const struct target_verb unfreeze = {.kind = TARGET_UNFREEZE, .target = BANK};
    const struct bench_live *holder = start(bench, SHOP, FIRST);
    const struct bench_live *frozen = start(bench, BANK, SECOND);
    const struct bench_live *next = start(bench, MAIL, THIRD);

    assert_int_equal(bench_target_verb(bench, &freeze), ENGINE_DONE);
    assert_int_equal(bench_verb(bench, holder, VERB_ABORT), ENGINE_DONE);
    expect_runs(bench, next);
    assert_int_equal(bench_target_verb(bench, &unfreeze), ENGINE_DONE);
    expect_waits(bench, frozen, next);
    assert_int_equal(bench_verb(bench, next, VERB_ABORT), ENGINE_DONE);
    expect_runs(bench, frozen);
}

static void test_a_window_that_opens_finds_the_lock_held(void **state)
{
    struct engine_bench *bench = *state;
    const int64_t opens_ms = bench->now_ms + HOUR_MS;
    struct bench_live *gated = prepare(bench, BANK, SECOND);
    struct bench_live *holder = NULL;

    adopt(bench, BANK);
    gated->start.window = &opens_ms;
    assert_int_equal(bench_start(bench, gated), ENGINE_DONE);
    bench_later(bench, HOUR_MS / 2);
    holder = start(bench, SHOP, FIRST);
    bench_to_observe(bench, holder);
    assert_int_equal(bench_verb(bench, holder, VERB_HOLD), ENGINE_DONE);
    bench_later(bench, HOUR_MS / 2);
    expect_waits(bench, gated, holder);
}

static void test_an_emergency_waits_for_no_lock(void **state)
{
    struct engine_bench *bench = *state;
    const struct bench_live *holder = start(bench, SHOP, FIRST);
    struct bench_live *emergency = prepare(bench, BANK, SECOND);
    const struct bench_live *waits = start(bench, MAIL, THIRD);

    adopt(bench, BANK);
    emergency->start.is_emergency = true;
    assert_int_equal(bench_start(bench, emergency), ENGINE_DONE);
    expect_runs(bench, emergency);
    expect_runs(bench, holder);
    assert_int_equal(bench_verb(bench, holder, VERB_ABORT), ENGINE_DONE);
    expect_waits(bench, waits, emergency);
    assert_int_equal(bench_verb(bench, emergency, VERB_ABORT), ENGINE_DONE);
    expect_runs(bench, waits);
}

/* Whose emergency is behind one of its own target waits for that alone. */
static void test_an_emergency_in_the_queue_waits_for_its_own_target(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *mine = start(bench, BANK, FIRST);
    struct bench_live *emergency = prepare(bench, BANK, SECOND);
    struct bench_live *other = prepare(bench, SHOP, THIRD);

    bench_to_observe(bench, mine);
    emergency->start.is_emergency = true;
    adopt(bench, SHOP);
    other->start.is_emergency = true;
    assert_int_equal(bench_start(bench, other), ENGINE_DONE);
    assert_int_equal(bench_start(bench, emergency), ENGINE_DONE);
    assert_int_equal(bench_state(bench, mine)->phase, PHASE_ROLLING_BACK);
    expect_waits(bench, emergency, NULL);
    bench_result(bench, mine, RESULT_DONE);
    bench_result(bench, mine, RESULT_DONE);
    expect_runs(bench, emergency);
}

static void test_a_way_back_waits_for_no_lock(void **state)
{
    struct engine_bench *bench = *state;
    const struct target_state target = {
        .id = BANK, .has_stable = true, .stable_version_key = THIRD, .way_back = 77};
    const struct bench_live *holder = start(bench, SHOP, FIRST);
    struct bench_live *back = prepare(bench, BANK, SECOND);

    engine_recover_target(bench->engine, &target);
    back->plan->kind = PLAN_ROLLBACK;
    back->start.takes_back = target.way_back;
    assert_int_equal(bench_start(bench, back), ENGINE_DONE);
    expect_runs(bench, back);
    expect_runs(bench, holder);
}

static void test_a_restart_finds_who_holds_it(void **state)
{
    struct engine_bench *bench = *state;
    const struct bench_live *holder = start(bench, SHOP, FIRST);
    const struct bench_live *waits = start(bench, BANK, SECOND);

    bench_restart(bench, 1000);
    expect_runs(bench, holder);
    expect_waits(bench, waits, holder);
    assert_int_equal(bench_verb(bench, holder, VERB_ABORT), ENGINE_DONE);
    expect_runs(bench, waits);
}

/* Two windows open at once; the turn of the first one was never durable, and its window has closed again: who
 * was told to wait for it is asked once more. */
static void test_a_lock_that_was_never_durable_keeps_nobody(void **state)
{
    struct engine_bench *bench = *state;
    int64_t early_ms = bench->now_ms + HOUR_MS;
    const int64_t opens_ms = early_ms + 1;
    struct bench_live *first = prepare(bench, SHOP, FIRST);
    struct bench_live *waits = prepare(bench, BANK, SECOND);

    adopt(bench, SHOP);
    adopt(bench, BANK);
    first->start.window = &early_ms;
    waits->start.window = &opens_ms;
    assert_int_equal(bench_start(bench, first), ENGINE_DONE);
    assert_int_equal(bench_start(bench, waits), ENGINE_DONE);
    bench->journal = BENCH_REFUSES;
    bench_later(bench, HOUR_MS + 1);
    expect_waits(bench, waits, NULL);
    early_ms += 2 * HOUR_MS;
    bench->journal = BENCH_WRITES;
    bench_later(bench, ENGINE_RETRY_MS);
    assert_int_equal(bench_state(bench, first)->phase, PHASE_QUEUED);
    expect_runs(bench, waits);
}

/* The journal may name the younger one first. */
static void test_whoever_comes_back_first(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *lives[] = {prepare(bench, SHOP, FIRST), prepare(bench, BANK, SECOND)};
    struct deployment_state recovered;

    for (size_t i = 0; i < 2; i++) {
        lives[i]->id = 9 - i;
        deployment_init(lives[i]->id, bench->now_ms, &recovered);
        assert_true(engine_recover(bench->engine, &lives[i]->start, &recovered, 0, false));
    }
    bench_turn(bench);
    expect_runs(bench, lives[0]);
    expect_waits(bench, lives[1], lives[0]);
    assert_int_equal(bench_verb(bench, lives[0], VERB_ABORT), ENGINE_DONE);
    expect_runs(bench, lives[1]);
}

static void test_nobody_waits_who_is_not_known(void **state)
{
    struct engine_bench *bench = *state;

    assert_int_equal(engine_lock_holder(bench->engine, 12345), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)
    const struct CMUnitTest tests[] = {
        TEST(test_the_next_one_waits_until_the_lock_is_free),
        TEST(test_an_end_in_the_queue_frees_nothing),
        TEST(test_other_locks_and_none_are_nobodys_matter),
        TEST(test_who_waits_longest_comes_first),
        TEST(test_who_cannot_go_lets_the_next_one),
        TEST(test_a_window_that_opens_finds_the_lock_held),
        TEST(test_an_emergency_waits_for_no_lock),
        TEST(test_an_emergency_in_the_queue_waits_for_its_own_target),
        TEST(test_a_way_back_waits_for_no_lock),
        TEST(test_a_restart_finds_who_holds_it),
        TEST(test_a_lock_that_was_never_durable_keeps_nobody),
        TEST(test_whoever_comes_back_first),
        TEST(test_nobody_waits_who_is_not_known),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
