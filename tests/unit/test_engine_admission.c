/* test_engine_admission.c - who may start, whose turn it is, what serves and what must not come back.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { FIRST = 100, SECOND, THIRD };

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

static struct bench_live *queued_start(struct engine_bench *bench, uint64_t version_key)
{
    struct bench_live *live = bench_prepare(bench, version_key);

    live->start.queues = true;
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    return live;
}

static enum engine_answer target_verb(struct engine_bench *bench, enum target_verb_kind kind,
                                      uint64_t version_key)
{
    const struct target_verb verb = {.kind = kind, .target = BENCH_TARGET, .version_key = version_key};

    return bench_target_verb(bench, &verb);
}

/* The target, from its journal: an earlier promotion that can be taken back. */
static uint64_t way_back(struct engine_bench *bench)
{
    const struct target_state target = {
        .id = BENCH_TARGET, .has_stable = true, .stable_version_key = THIRD, .way_back = 77};

    engine_recover_target(bench->engine, &target);
    return target.way_back;
}

static const struct target_state *target_of(const struct engine_bench *bench)
{
    return engine_target(bench->engine, BENCH_TARGET);
}

static void test_a_start_is_rehearsed(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    assert_int_equal(live->id, 1);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ADMITTING);
    assert_int_equal(bench_state(bench, live)->slot, 1);
    assert_int_equal(bench_only_start(bench).action.kind, ACTION_REHEARSE);
    assert_int_equal(bench_traces(bench, live, TRACE_PHASE), 2);
    assert_ptr_equal(engine_rule_states(bench->engine, live->id), live->rule_states);
    assert_null(engine_state(bench->engine, 0));
    assert_null(engine_rule_states(bench->engine, 77));
}

static void test_one_slot_is_enough(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->start.slot_count = 1;
    bench_adopt(bench, THIRD, 0);
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    assert_int_equal(bench_state(bench, live)->slot, 0);
}

static void test_the_same_version_attaches(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = queued_start(bench, FIRST);
    struct bench_live *same = bench_prepare(bench, FIRST);
    struct bench_live *elsewhere = bench_prepare(bench, FIRST);

    assert_int_equal(bench_start(bench, same), ENGINE_ALREADY);
    assert_int_equal(bench->notes[bench->note_count - 1].deployment, live->id);
    elsewhere->start.target = 2;
    assert_int_equal(bench_start(bench, elsewhere), ENGINE_DONE);
    assert_int_equal(bench_state(bench, elsewhere)->phase, PHASE_ADMITTING);
    assert_int_equal(bench_verb(bench, live, VERB_ABORT), ENGINE_DONE);
    assert_int_equal(bench_start(bench, bench_prepare(bench, FIRST)), ENGINE_DONE);
}

/* The way back to a version is not the same as the version's deployment. */
/* Taking a promotion back is not the start that is under way, and it does not wait: its slot would be gone.
 */
static void test_a_rollback_does_not_attach(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *back = bench_prepare(bench, FIRST);

    (void)queued_start(bench, FIRST);
    back->plan->kind = PLAN_ROLLBACK;
    back->start.queues = true;
    assert_int_equal(bench_start(bench, back), ENGINE_CONFLICT);
}

static void test_another_one_is_in_the_way(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = queued_start(bench, FIRST);

    assert_int_equal(bench_start(bench, bench_prepare(bench, SECOND)), ENGINE_CONFLICT);
    (void)bench_verb(bench, live, VERB_ABORT);
    assert_int_equal(bench_start(bench, bench_prepare(bench, SECOND)), ENGINE_DONE);
}

/* S8: one at a time, in the order of their coming. */
static void test_turns_come_in_order(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = queued_start(bench, FIRST);
    struct bench_live *second = queued_start(bench, SECOND);
    struct bench_live *third = queued_start(bench, THIRD);

    assert_int_equal(bench_state(bench, second)->phase, PHASE_QUEUED);
    bench_result(bench, first, RESULT_FAILED);
    assert_int_equal(bench_state(bench, second)->phase, PHASE_ADMITTING);
    assert_int_equal(bench_state(bench, third)->phase, PHASE_QUEUED);
    assert_int_equal(bench_verb(bench, third, VERB_ABORT), ENGINE_DONE);
    assert_int_equal(bench_state(bench, second)->phase, PHASE_ADMITTING);
    assert_int_equal(bench_verb(bench, second, VERB_ABORT), ENGINE_DONE);
    assert_int_equal(bench_count(bench, NOTE_RELEASED), 3);
}

/* A slot of memory that became free is taken again; the order is that of the ids. */
static void test_memory_is_used_again(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = queued_start(bench, FIRST);
    struct bench_live *waiting = queued_start(bench, SECOND);
    struct bench_live *gone = queued_start(bench, THIRD);

    (void)bench_verb(bench, gone, VERB_ABORT);
    bench_result(bench, first, RESULT_FAILED);
    for (uint64_t i = 0; i < 3; i++)
        (void)queued_start(bench, 200 + i);
    struct bench_live *over = bench_prepare(bench, 300);
    over->start.queues = true;
    assert_int_equal(bench_start(bench, over), ENGINE_FULL);
    (void)bench_verb(bench, waiting, VERB_ABORT);
    assert_int_equal(bench_state(bench, bench->lives[3])->phase, PHASE_ADMITTING);
    assert_int_equal(bench_state(bench, bench->lives[4])->phase, PHASE_QUEUED);
}

static void test_unknown_targets_are_refused(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    struct target_verb verb = {.kind = TARGET_FREEZE, .target = BENCH_TARGETS + 1};

    live->start.target = 0;
    assert_int_equal(bench_start(bench, live), ENGINE_FULL);
    assert_int_equal(bench_target_verb(bench, &verb), ENGINE_FULL);
    assert_null(engine_target(bench->engine, 0));
    assert_null(engine_target(bench->engine, BENCH_TARGETS + 1));
    assert_non_null(engine_target(bench->engine, BENCH_TARGETS));
    assert_int_equal(bench->commits, 0);
}

static void test_no_start_without_a_way_back(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->start.needs_stable = true;
    assert_int_equal(bench_start(bench, live), ENGINE_NO_STABLE);
    bench_adopt(bench, THIRD, 0);
    live = bench_prepare(bench, FIRST);
    live->start.needs_stable = true;
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
}

/* S19: a freeze stops deployments, and never a way back. */
static void test_frozen(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *back = bench_prepare(bench, SECOND);

    back->plan->kind = PLAN_ROLLBACK;
    back->start.takes_back = way_back(bench);
    assert_int_equal(target_verb(bench, TARGET_FREEZE, 0), ENGINE_DONE);
    assert_int_equal(bench_start(bench, bench_prepare(bench, FIRST)), ENGINE_FROZEN);
    assert_int_equal(bench_start(bench, back), ENGINE_DONE);
    (void)bench_verb(bench, back, VERB_ABORT);
    assert_int_equal(target_verb(bench, TARGET_UNFREEZE, 0), ENGINE_DONE);
    assert_int_equal(bench_start(bench, bench_prepare(bench, FIRST)), ENGINE_DONE);
}

static void test_quarantine_by_hand(void **state)
{
    struct engine_bench *bench = *state;
    uint64_t taken_back = way_back(bench);

    assert_int_equal(target_verb(bench, TARGET_QUARANTINE_ADD, FIRST), ENGINE_DONE);
    assert_int_equal(target_verb(bench, TARGET_QUARANTINE_ADD, FIRST), ENGINE_ALREADY);
    assert_int_equal(target_verb(bench, TARGET_QUARANTINE_ADD, SECOND), ENGINE_DONE);
    assert_int_equal(bench_start(bench, bench_prepare(bench, FIRST)), ENGINE_QUARANTINED);
    assert_int_equal(bench_start(bench, bench_prepare(bench, SECOND)), ENGINE_QUARANTINED);
    struct bench_live *back = bench_prepare(bench, FIRST);
    back->plan->kind = PLAN_ROLLBACK;
    back->start.takes_back = taken_back;
    assert_int_equal(bench_start(bench, back), ENGINE_DONE);
    (void)bench_verb(bench, back, VERB_ABORT);
    assert_int_equal(target_verb(bench, TARGET_QUARANTINE_CLEAR, FIRST), ENGINE_DONE);
    assert_int_equal(target_verb(bench, TARGET_QUARANTINE_CLEAR, FIRST), ENGINE_NOT_FOUND);
    assert_int_equal(target_of(bench)->quarantined_count, 1);
    assert_int_equal(target_of(bench)->quarantined[0].version_key, SECOND);
    assert_int_equal(bench_start(bench, bench_prepare(bench, FIRST)), ENGINE_DONE);
}

/* A person hears of the limit; a FAIL pushes the oldest out, and says so. */
static void test_quarantine_is_bounded(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    for (uint64_t i = 0; i < TARGET_QUARANTINE_MAX; i++)
        assert_int_equal(target_verb(bench, TARGET_QUARANTINE_ADD, 1000 + i), ENGINE_DONE);
    assert_int_equal(target_verb(bench, TARGET_QUARANTINE_ADD, THIRD), ENGINE_FULL);
    bench_to_observe(bench, live);
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_int_equal(target_of(bench)->quarantined_count, TARGET_QUARANTINE_MAX);
    assert_int_equal(target_of(bench)->quarantined[0].version_key, 1001);
    assert_int_equal(bench_traces(bench, live, TRACE_FORGOTTEN), 1);
    assert_int_equal(target_of(bench)->quarantined[TARGET_QUARANTINE_MAX - 1].version_key, FIRST);
    assert_int_equal(target_of(bench)->quarantined[TARGET_QUARANTINE_MAX - 1].deployment, live->id);
}

/* Taken back once, and a person had already said so: it stands there once. */
static void test_quarantine_holds_a_version_once(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    assert_int_equal(target_verb(bench, TARGET_QUARANTINE_ADD, SECOND), ENGINE_DONE);
    assert_int_equal(target_verb(bench, TARGET_QUARANTINE_ADD, FIRST), ENGINE_DONE);
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(target_of(bench)->quarantined_count, 2);
}

static void test_promotion_makes_stable(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_adopt(bench, THIRD, 0);
    assert_int_equal(target_of(bench)->stable_deployment, 0);
    bench_to_promoted(bench, live);
    assert_true(target_of(bench)->has_stable);
    assert_int_equal(target_of(bench)->stable_version_key, FIRST);
    assert_int_equal(target_of(bench)->stable_slot, 1);
    assert_int_equal(target_of(bench)->stable_deployment, live->id);
    assert_int_equal(bench_count(bench, NOTE_RELEASED), 1);
    struct bench_live *next = bench_prepare(bench, SECOND);
    assert_int_equal(bench_start(bench, next), ENGINE_DONE);
    assert_int_equal(bench_state(bench, next)->slot, 0);
    assert_int_equal(bench_state(bench, next)->stable_slot, 1);
    bench_restart(bench, 1000);
    assert_int_equal(target_of(bench)->stable_version_key, FIRST);
    assert_int_equal(target_of(bench)->stable_slot, 1);
}

/* What failed is in quarantine after a restart, too. */
static void test_quarantine_is_durable(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    bench_restart(bench, 1000);
    assert_int_equal(target_of(bench)->quarantined_count, 1);
    assert_int_equal(target_of(bench)->quarantined[0].version_key, FIRST);
}

/* Stable and the turn of the next one in the same batch: it gets the slot that is free now. */
static void test_the_next_one_takes_the_other_slot(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_adopt(bench, THIRD, 0);
    bench_to_watch(bench, live);
    struct bench_live *next = queued_start(bench, SECOND);
    bench_values(bench, live, BENCH_GOOD);
    bench_later(bench, BENCH_OBSERVE_MS);
    assert_int_equal(bench_state(bench, next)->phase, PHASE_ADMITTING);
    assert_int_equal(bench_state(bench, next)->slot, 0);
    assert_int_equal(bench_state(bench, next)->stable_slot, 1);
}

/* After-care keeps the old slot until it is needed; the way back is given up, and the retiring with it. */
static void test_care_ends_when_the_slot_is_needed(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->retire = 3;
    live->plan->retire_delay_ms = 60000;
    bench_to_promoted(bench, live);
    assert_int_equal(bench_state(bench, live)->care, CARE_DUE);
    bench_forget(bench);
    struct bench_live *next = bench_prepare(bench, SECOND);
    assert_int_equal(bench_start(bench, next), ENGINE_DONE);
    assert_int_equal(bench_traces(bench, live, TRACE_RETIRED), 1);
    assert_int_equal(bench_count(bench, NOTE_RELEASED), 1);
    assert_int_equal(bench_state(bench, next)->phase, PHASE_ADMITTING);
    assert_int_equal(bench_only_start(bench).action.kind, ACTION_REHEARSE);
}

/* Whoever does not queue is refused behind one that waits, though nobody is under way: the old slot retires.
 */
static void test_refused_behind_one_that_waits(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    struct bench_live *next = bench_prepare(bench, SECOND);

    live->plan->retire = 3;
    bench_to_promoted(bench, live);
    bench_later(bench, 0);
    assert_int_equal(bench_state(bench, live)->care, CARE_ACTING);
    assert_int_equal(bench_start(bench, next), ENGINE_DONE);
    assert_int_equal(bench_state(bench, next)->phase, PHASE_QUEUED);
    assert_int_equal(bench_start(bench, bench_prepare(bench, THIRD)), ENGINE_CONFLICT);
    bench_result(bench, live, RESULT_DONE);
    assert_int_equal(bench_state(bench, next)->phase, PHASE_ADMITTING);
}

static void test_the_next_one_waits_while_a_slot_retires(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->retire = 3;
    live->plan->retire_delay_ms = 60000;
    bench_to_promoted(bench, live);
    bench_later(bench, 60000);
    assert_int_equal(bench_state(bench, live)->care, CARE_ACTING);
    struct bench_live *elsewhere = bench_prepare(bench, SECOND);
    elsewhere->start.target = 2;
    assert_int_equal(bench_start(bench, elsewhere), ENGINE_DONE);
    struct bench_live *next = queued_start(bench, SECOND);
    assert_int_equal(bench_state(bench, next)->phase, PHASE_QUEUED);
    bench_result(bench, live, RESULT_DONE);
    assert_int_equal(bench_state(bench, next)->phase, PHASE_ADMITTING);
}

static void test_adopt_ends_an_escalated_way_back(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    const struct target_verb verb = {
        .kind = TARGET_ADOPT, .target = BENCH_TARGET, .version_key = SECOND, .slot = 1};

    bench_adopt(bench, THIRD, 0);
    bench_to_observe(bench, live);
    assert_int_equal(bench_target_verb(bench, &verb), ENGINE_CONFLICT);
    (void)bench_verb(bench, live, VERB_ABORT);
    assert_int_equal(bench_target_verb(bench, &verb), ENGINE_CONFLICT);
    assert_int_equal(target_of(bench)->stable_version_key, THIRD);
    bench_later(bench, live->plan->rollback_limit_ms);
    assert_true(bench_state(bench, live)->is_escalated);
    bench_forget(bench);
    assert_int_equal(bench_target_verb(bench, &verb), ENGINE_DONE);
    assert_int_equal(bench_traces(bench, live, TRACE_ADOPTED), 1);
    assert_int_equal(bench_count(bench, NOTE_RELEASED), 1);
    assert_int_equal(target_of(bench)->stable_version_key, SECOND);
    assert_int_equal(target_of(bench)->stable_slot, 1);
    assert_int_equal(target_of(bench)->stable_deployment, 0);
}

/* Memory is taken where it is free; the turn goes by the order of coming. */
static void test_turns_follow_ids(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = queued_start(bench, FIRST);
    struct bench_live *second = queued_start(bench, SECOND);
    struct bench_live *third = queued_start(bench, THIRD);

    bench_result(bench, first, RESULT_FAILED);
    struct bench_live *last = queued_start(bench, 300);
    bench_result(bench, second, RESULT_FAILED);
    assert_int_equal(bench_state(bench, third)->phase, PHASE_ADMITTING);
    assert_int_equal(bench_state(bench, last)->phase, PHASE_QUEUED);
}

/* The promoted one is still in memory for its after-care, and no start attaches to it. */
static void test_a_promoted_version_may_come_again(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->plan->retire = 3;
    live->plan->retire_delay_ms = 60000;
    bench_to_promoted(bench, live);
    struct bench_live *again = bench_prepare(bench, FIRST);
    assert_int_equal(bench_start(bench, again), ENGINE_DONE);
    assert_int_equal(again->id, 2);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, open_bench, close_bench)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        BENCH_TEST(test_a_start_is_rehearsed),
        BENCH_TEST(test_one_slot_is_enough),
        BENCH_TEST(test_the_same_version_attaches),
        BENCH_TEST(test_a_rollback_does_not_attach),
        BENCH_TEST(test_another_one_is_in_the_way),
        BENCH_TEST(test_turns_come_in_order),
        BENCH_TEST(test_memory_is_used_again),
        BENCH_TEST(test_unknown_targets_are_refused),
        BENCH_TEST(test_no_start_without_a_way_back),
        BENCH_TEST(test_frozen),
        BENCH_TEST(test_quarantine_by_hand),
        BENCH_TEST(test_quarantine_is_bounded),
        BENCH_TEST(test_quarantine_holds_a_version_once),
        BENCH_TEST(test_promotion_makes_stable),
        BENCH_TEST(test_quarantine_is_durable),
        BENCH_TEST(test_the_next_one_takes_the_other_slot),
        BENCH_TEST(test_care_ends_when_the_slot_is_needed),
        BENCH_TEST(test_refused_behind_one_that_waits),
        BENCH_TEST(test_the_next_one_waits_while_a_slot_retires),
        BENCH_TEST(test_adopt_ends_an_escalated_way_back),
        BENCH_TEST(test_turns_follow_ids),
        BENCH_TEST(test_a_promoted_version_may_come_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
