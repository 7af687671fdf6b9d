/* test_repeating.c - what is open at a receiver, by what was delivered there.
 * SPDX-License-Identifier: MIT */
#include "drivers/repeating.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void deliver(struct repeating *repeating, const char *id, const char *deployment, const char *event,
                    const char *ends)
{
    char body[512];

    (void)snprintf(body, sizeof(body),
                   "{\"id\":\"%s\",\"data\":{\"event\":\"%s\",\"deployment\":\"%s\",\"ends\":[%s]}}", id,
                   event, deployment, ends);
    repeating_note(repeating, id, body);
}

static void what_ends_is_not_told_again(void **state)
{
    struct repeating repeating = {0};

    (void)state;
    deliver(&repeating, "msg_1", "dep_1", "started", "");
    assert_int_equal(repeating.count, 0);
    deliver(&repeating, "msg_2", "dep_1", "held", "");
    deliver(&repeating, "msg_3", "dep_2", "held", "");
    deliver(&repeating, "msg_4", "dep_1", "verdict_failed", "");
    assert_int_equal(repeating.count, 3);
    deliver(&repeating, "msg_5", "dep_1", "resumed", "\"held\"");
    assert_int_equal(repeating.count, 2);
    assert_string_equal(repeating.all[0].id, "msg_3");
    deliver(&repeating, "msg_6", "dep_1", "rolled_back", "\"failed\",\"held\"");
    assert_int_equal(repeating.count, 1);
    repeating_done(&repeating);
    assert_int_equal(repeating.count, 0);
}

/* The newest one of its kind stays, and ends nothing when it comes again; the round goes on where it was. */
static void the_newest_one_stays(void **state)
{
    struct repeating repeating = {0};

    (void)state;
    deliver(&repeating, "msg_1", "dep_1", "verdict_failed", "");
    deliver(&repeating, "msg_2", "dep_2", "held", "");
    repeating.next = 1;
    deliver(&repeating, "msg_3", "dep_1", "rollback_started", "\"held\"");
    assert_int_equal(repeating.count, 2);
    assert_int_equal(repeating.next, 0);
    assert_string_equal(repeating.all[1].id, "msg_3");
    assert_non_null(strstr(repeating.all[1].body, "rollback_started"));
    assert_null(strstr(repeating.all[1].body, "ends"));
    repeating_note(&repeating, "msg_4", "no body");
    assert_int_equal(repeating.count, 2);
    repeating_done(&repeating);
}

static void there_is_room_for_so_many(void **state)
{
    struct repeating repeating = {0};
    char deployment[16];

    (void)state;
    for (int i = 0; i < REPEATS_MAX + 10; i++) {
        (void)snprintf(deployment, sizeof(deployment), "dep_%d", i);
        deliver(&repeating, "msg_1", deployment, "held", "");
    }
    assert_int_equal(repeating.count, REPEATS_MAX);
    repeating_done(&repeating);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_ends_is_not_told_again),
        cmocka_unit_test(the_newest_one_stays),
        cmocka_unit_test(there_is_room_for_so_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
