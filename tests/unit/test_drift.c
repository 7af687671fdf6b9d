/* test_drift.c - looks for drift come in their time, never together, and say only what is new.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/drift.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { HOUR_MS = 3600 * 1000, EVERY_MS = 6 * HOUR_MS, STACKS = 200 };

static struct drift_decision step(struct drift_state *state, struct drift_event event)
{
    struct drift_state before = *state;

    if (event.every_ms == 0)
        event.every_ms = EVERY_MS;
    return drift_step(&before, &event, state);
}

static void looks_come_in_their_time(void **unused)
{
    struct drift_state state;

    (void)unused;
    drift_init(&state);
    assert_true(state.due_ms == DRIFT_NEVER);
    assert_false(step(&state, (struct drift_event){.kind = DRIFT_EVENT_TICK, .now_ms = HOUR_MS}).starts);
    (void)step(&state,
               (struct drift_event){.kind = DRIFT_EVENT_DECLARED, .now_ms = 1000, .draw = UINT32_MAX});
    assert_in_range(state.due_ms, 1000 + DRIFT_SPREAD_MS - 2, 1000 + DRIFT_SPREAD_MS - 1);
    int64_t due_ms = state.due_ms;
    assert_false(step(&state, (struct drift_event){.kind = DRIFT_EVENT_TICK, .now_ms = due_ms - 1}).starts);
    assert_true(
        step(&state, (struct drift_event){.kind = DRIFT_EVENT_TICK, .now_ms = due_ms, .draw = 1U << 31})
            .starts);
    assert_true(state.due_ms == due_ms + EVERY_MS + EVERY_MS / DRIFT_JITTER_PART / 2);
    (void)step(&state, (struct drift_event){.kind = DRIFT_EVENT_CLEAN, .now_ms = due_ms + 500});
    assert_true(state.due_ms == due_ms + 500 + EVERY_MS && state.looked_ms == due_ms + 500);
}

/* While something is done to it nobody looks; nor is the look forgotten. */
static void who_is_busy_is_asked_again(void **unused)
{
    struct drift_state state = {.due_ms = 5};
    struct drift_event event = {.kind = DRIFT_EVENT_TICK, .now_ms = 10, .is_busy = true};

    (void)unused;
    assert_false(step(&state, event).starts);
    assert_true(state.due_ms == 10 + DRIFT_AGAIN_MS);
    event.every_ms = 5000;
    event.now_ms = state.due_ms;
    assert_false(step(&state, event).starts);
    assert_true(state.due_ms == event.now_ms + 5000);
}

/* A look that made room comes again soon, unless nobody wants any more. */
static void who_made_room_looks_again(void **unused)
{
    struct drift_state state = {.due_ms = EVERY_MS};
    struct drift_state after;

    (void)unused;
    (void)step(&state, (struct drift_event){.kind = DRIFT_EVENT_YIELDED, .now_ms = 10});
    assert_true(state.due_ms == 10 + DRIFT_AGAIN_MS);
    state.due_ms = DRIFT_NEVER;
    (void)drift_step(&state, &(struct drift_event){.kind = DRIFT_EVENT_YIELDED, .now_ms = 10}, &after);
    assert_true(after.due_ms == DRIFT_NEVER);
}

/* After a long stop all of them are due: they are spread, and each is looked at once. */
static void a_restart_is_no_storm(void **unused)
{
    unsigned early = 0;

    (void)unused;
    for (uint32_t i = 0; i < STACKS; i++) {
        struct drift_state state = {.looked_ms = 1000};
        int64_t now_ms = 1000 + 20 * (int64_t)EVERY_MS;
        (void)step(&state, (struct drift_event){.kind = DRIFT_EVENT_DECLARED,
                                                .now_ms = now_ms,
                                                .draw = i * (UINT32_MAX / STACKS)});
        assert_true(state.due_ms >= now_ms && state.due_ms < now_ms + DRIFT_SPREAD_MS);
        early += state.due_ms < now_ms + DRIFT_SPREAD_MS / 10;
        int64_t due_ms = state.due_ms;
        assert_true(step(&state, (struct drift_event){.kind = DRIFT_EVENT_TICK, .now_ms = due_ms}).starts);
        assert_false(step(&state, (struct drift_event){.kind = DRIFT_EVENT_TICK, .now_ms = due_ms}).starts);
    }
    assert_in_range(early, 1, STACKS / 8);
}

/* A restart that took no time changes nothing about when; rules that ask for none end it. */
static void what_is_not_due_keeps_its_time(void **unused)
{
    struct drift_state state = {.looked_ms = 1000};
    struct drift_state none = state;
    const struct drift_event never = {.kind = DRIFT_EVENT_DECLARED, .now_ms = 2000};
    struct drift_state after;

    (void)unused;
    (void)step(&state, (struct drift_event){.kind = DRIFT_EVENT_DECLARED, .now_ms = 2000});
    assert_true(state.due_ms == 1000 + EVERY_MS);
    (void)drift_step(&none, &never, &after);
    assert_true(after.due_ms == DRIFT_NEVER && after.looked_ms == 1000);
}

static enum drift_news found(struct drift_state *state, enum drift_event_kind kind, uint32_t count)
{
    return step(state, (struct drift_event){.kind = kind, .now_ms = 7, .count = count}).news;
}

static void only_news_are_told(void **unused)
{
    struct drift_state state;

    (void)unused;
    drift_init(&state);
    assert_int_equal(found(&state, DRIFT_EVENT_CLEAN, 0), DRIFT_NEWS_NONE);
    assert_int_equal(found(&state, DRIFT_EVENT_DRIFTED, 2), DRIFT_NEWS_FOUND);
    assert_int_equal(found(&state, DRIFT_EVENT_DRIFTED, 2), DRIFT_NEWS_NONE);
    assert_int_equal(found(&state, DRIFT_EVENT_DRIFTED, 3), DRIFT_NEWS_FOUND);
    assert_int_equal(found(&state, DRIFT_EVENT_FAILED, 0), DRIFT_NEWS_UNKNOWN);
    assert_int_equal(found(&state, DRIFT_EVENT_FAILED, 0), DRIFT_NEWS_NONE);
    assert_true(state.is_failing && state.finding == DRIFT_FOUND && state.count == 3);
    assert_int_equal(found(&state, DRIFT_EVENT_DRIFTED, 3), DRIFT_NEWS_NONE);
    assert_false(state.is_failing);
    assert_int_equal(found(&state, DRIFT_EVENT_CLEAN, 0), DRIFT_NEWS_GONE);
    assert_true(state.finding == DRIFT_NONE && state.count == 0);
    assert_string_equal(drift_finding_name(DRIFT_FOUND), "found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_come_in_their_time),       cmocka_unit_test(who_is_busy_is_asked_again),
        cmocka_unit_test(who_made_room_looks_again),      cmocka_unit_test(a_restart_is_no_storm),
        cmocka_unit_test(what_is_not_due_keeps_its_time), cmocka_unit_test(only_news_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
