/* test_roster.c - who is found, who is due, and what is left of those who went.
 * SPDX-License-Identifier: MIT */
#include "engine/engine_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SLOTS = 37, TARGETS = 3, ROUNDS = 5000 };

static int open_engine(void **state)
{
    struct engine_env env = {0};
    struct engine *engine = calloc(1, engine_size(SLOTS, TARGETS));

    assert_non_null(engine);
    engine_init(engine, SLOTS, TARGETS, 0, &env);
    *state = engine;
    return 0;
}

static int close_engine(void **state)
{
    free(*state);
    return 0;
}

static struct engine_slot *take(struct engine *engine, uint64_t id, uint32_t target)
{
    struct engine_slot *slot = roster_take(engine, id, target);

    if (slot != NULL)
        slot->start.target = target;
    return slot;
}

/* A small generator of our own: the same numbers in every run. */
static uint32_t draw(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

static void test_found_by_id_and_target(void **state)
{
    struct engine *engine = *state;

    for (uint64_t id = 1; id <= SLOTS; id++)
        assert_non_null(take(engine, id * 64, (uint32_t)(id % TARGETS) + 1)); /* all in one chain */
    assert_null(take(engine, 9999, 1));
    for (uint64_t id = 1; id <= SLOTS; id++)
        assert_int_equal(roster_find(engine, id * 64)->id, id * 64);
    assert_null(roster_find(engine, 0));
    assert_null(roster_find(engine, 65 * 64));
    uint64_t newest = UINT64_MAX;
    size_t count = 0;
    for (const struct engine_slot *slot = roster_first(engine, 2); slot != NULL;
         slot = roster_next(engine, slot)) {
        assert_true(slot->id < newest);
        newest = slot->id;
        count++;
    }
    assert_int_equal(count, 13);
}

static void test_a_place_is_used_again(void **state)
{
    struct engine *engine = *state;

    for (uint64_t id = 1; id <= SLOTS; id++)
        assert_non_null(take(engine, id, 1));
    roster_give(engine, roster_find(engine, 5));
    roster_give(engine, roster_find(engine, SLOTS));
    roster_give(engine, roster_find(engine, 1));
    assert_null(roster_find(engine, 5));
    assert_int_equal(roster_first(engine, 1)->id, SLOTS - 1);
    for (uint64_t id = 101; id <= 103; id++)
        assert_non_null(take(engine, id, 2));
    assert_null(take(engine, 104, 2));
    assert_int_equal(roster_first(engine, 2)->id, 103);
    assert_int_equal(roster_find(engine, 102)->id, 102);
    assert_int_equal(engine->slots_used, SLOTS);
}

static int64_t earliest(const struct engine *engine)
{
    int64_t at_ms = DEPLOYMENT_NEVER;

    for (uint32_t i = 0; i < engine->slots_used; i++)
        if (engine->slots[i].agenda_place != 0 && engine->slots[i].at_ms < at_ms)
            at_ms = engine->slots[i].at_ms;
    return at_ms;
}

/* The heap against a walk over all of them. */
static void test_the_earliest_is_first(void **state)
{
    struct engine *engine = *state;
    uint32_t seed = 7;

    for (uint64_t id = 1; id <= SLOTS; id++)
        assert_non_null(take(engine, id, 1));
    assert_true(roster_next_ms(engine) == DEPLOYMENT_NEVER);
    for (int i = 0; i < ROUNDS; i++) {
        struct engine_slot *slot = &engine->slots[draw(&seed, SLOTS)];
        int64_t at_ms = draw(&seed, 8) == 0 ? DEPLOYMENT_NEVER : (int64_t)draw(&seed, 50);
        roster_schedule(engine, slot, at_ms);
        assert_true(roster_next_ms(engine) == earliest(engine));
    }
}

static void test_due_and_marked_are_involved_once(void **state)
{
    struct engine *engine = *state;

    for (uint64_t id = 1; id <= 6; id++)
        roster_schedule(engine, take(engine, id, 1), (int64_t)id * 10);
    roster_mark(engine, roster_find(engine, 5));
    roster_mark(engine, roster_find(engine, 2));
    roster_mark(engine, roster_find(engine, 5));
    roster_mark(engine, roster_find(engine, 6));
    roster_give(engine, roster_find(engine, 6));
    roster_involve_due(engine, 20);
    const uint64_t expected[] = {5, 2, 1};
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(roster_involved(engine, i)->id, expected[i]);
    assert_null(roster_involved(engine, 3));
    assert_int_equal(roster_next_ms(engine), 30);
    roster_forget_involved(engine);
    assert_null(roster_involved(engine, 0));
    assert_false(roster_find(engine, 5)->is_involved);
}

static void test_targets_are_kept_or_as_before(void **state)
{
    struct engine *engine = *state;
    struct engine_target *target = &engine->targets[2];

    target->state.stable_slot = 1;
    roster_touch(engine, target);
    target->state.stable_slot = 2;
    roster_touch(engine, target);
    roster_settle_targets(engine, false);
    assert_int_equal(target->state.stable_slot, 1);
    roster_touch(engine, target);
    target->state.stable_slot = 3;
    roster_settle_targets(engine, true);
    assert_int_equal(target->state.stable_slot, 3);
    assert_int_equal(target->saved, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_found_by_id_and_target, open_engine, close_engine),
        cmocka_unit_test_setup_teardown(test_a_place_is_used_again, open_engine, close_engine),
        cmocka_unit_test_setup_teardown(test_the_earliest_is_first, open_engine, close_engine),
        cmocka_unit_test_setup_teardown(test_due_and_marked_are_involved_once, open_engine, close_engine),
        cmocka_unit_test_setup_teardown(test_targets_are_kept_or_as_before, open_engine, close_engine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
