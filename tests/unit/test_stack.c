/* test_stack.c - who may change the state of a stack, and when: every rule.
 * SPDX-License-Identifier: MIT */
#include "store/journal_stack.h"
#include "store/stack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct stack_wish wish_of(enum stack_change change, const char *lock)
{
    struct stack_wish wish = {.change = change, .state = {.serial = 5, .lineage = "a", .sha256 = {1}}};

    (void)snprintf(wish.lock_id, sizeof(wish.lock_id), "%s", lock);
    return wish;
}

/* `lock` "": nobody holds it. */
static struct stack_now now_of(int64_t serial, const char *lineage, unsigned char hash, const char *lock)
{
    struct stack_now now = {
        .has_state = true, .state = {.serial = serial, .sha256 = {hash}}, .is_locked = lock[0] != '\0'};

    (void)snprintf(now.state.lineage, sizeof(now.state.lineage), "%s", lineage);
    (void)snprintf(now.lock_id, sizeof(now.lock_id), "%s", lock);
    return now;
}

static void a_state_has_a_higher_serial(void **state)
{
    const struct {
        int64_t serial;
        const char *lineage;
        unsigned char hash;
        enum stack_outcome outcome;
    } cases[] = {{4, "a", 1, STACK_DONE},  {5, "a", 1, STACK_SAME},    {5, "a", 2, STACK_OTHER},
                 {6, "a", 1, STACK_STALE}, {4, "b", 1, STACK_FOREIGN}, {5, "b", 1, STACK_FOREIGN}};
    const struct stack_wish wish = wish_of(STACK_SAVE, "");

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct stack_now now = now_of(cases[i].serial, cases[i].lineage, cases[i].hash, "");
        assert_int_equal(stack_decide(&wish, &now), cases[i].outcome);
    }
    assert_int_equal(stack_decide(&wish, &(struct stack_now){0}), STACK_DONE);
}

static void it_comes_under_the_lock_where_there_is_one(void **state)
{
    static const enum stack_change changes[] = {STACK_SAVE, STACK_RESTORE, STACK_DELETE};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
        const struct stack_wish none = wish_of(changes[i], "");
        const struct stack_wish mine = wish_of(changes[i], "mine");
        const struct stack_now free_now = now_of(4, "a", 2, "");
        const struct stack_now held = now_of(4, "a", 2, "mine");
        const struct stack_now others = now_of(4, "a", 2, "yours");
        assert_int_equal(stack_decide(&none, &free_now), STACK_DONE);
        assert_int_equal(stack_decide(&none, &held), STACK_HELD);
        assert_int_equal(stack_decide(&mine, &held), STACK_DONE);
        assert_int_equal(stack_decide(&mine, &others), STACK_HELD);
        assert_int_equal(stack_decide(&mine, &free_now), STACK_NOT_HELD);
    }
}

static void it_is_restored_over_what_it_was_made_for(void **state)
{
    struct stack_wish wish = wish_of(STACK_RESTORE, "");
    struct stack_now now = now_of(4, "a", 2, "");

    (void)state;
    now.version = wish.base = 7;
    assert_int_equal(stack_decide(&wish, &now), STACK_DONE);
    now.version = 8;
    assert_int_equal(stack_decide(&wish, &now), STACK_MOVED);
    assert_int_equal(stack_decide(&wish, &(struct stack_now){0}), STACK_MOVED);
    wish.base = 0; /* what was deleted */
    assert_int_equal(stack_decide(&wish, &(struct stack_now){0}), STACK_DONE);
}

static void what_is_not_there_is_deleted_already(void **state)
{
    const struct stack_wish wish = wish_of(STACK_DELETE, "");

    (void)state;
    assert_int_equal(stack_decide(&wish, &(struct stack_now){0}), STACK_SAME);
}

static void a_lock_is_one_holders(void **state)
{
    const struct {
        enum stack_change change;
        const char *wanted, *held;
        enum stack_outcome outcome;
    } cases[] = {
        {STACK_LOCK, "mine", "", STACK_DONE},        {STACK_LOCK, "mine", "mine", STACK_SAME},
        {STACK_LOCK, "mine", "yours", STACK_HELD},   {STACK_UNLOCK, "mine", "", STACK_SAME},
        {STACK_UNLOCK, "mine", "mine", STACK_DONE},  {STACK_UNLOCK, "mine", "yours", STACK_HELD},
        {STACK_BREAK, "", "", STACK_NOT_HELD},       {STACK_BREAK, "", "yours", STACK_DONE},
        {STACK_BREAK, "yours", "yours", STACK_DONE}, {STACK_BREAK, "another", "yours", STACK_HELD},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct stack_wish wish = wish_of(cases[i].change, cases[i].wanted);
        const struct stack_now now = now_of(5, "a", 1, cases[i].held);
        assert_int_equal(stack_decide(&wish, &now), cases[i].outcome);
    }
}

static void an_audit_row_says_whose_it_is(void **state)
{
    const struct {
        const char *what, *reason;
        bool is_one;
    } cases[] = {{"stack_locked", "network/prod: lock x", true}, {"stack_locked", "network/prod", true},
                 {"phase", "network/prod: lock x", false},       {"stack_locked", "network: x/y", false},
                 {"stack_locked", "network/: x", false},         {"stack_locked", "", false}};
    char stack[NAME_MAX_LENGTH + 1];
    char environment[NAME_MAX_LENGTH + 1];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct journal_audit row = {.what = cases[i].what, .reason = cases[i].reason};
        stack[0] = '\0';
        assert_int_equal(journal_stack_place(&row, stack, environment), cases[i].is_one);
        assert_string_equal(stack, cases[i].is_one ? "network" : "");
        if (cases[i].is_one)
            assert_string_equal(environment, "prod");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_has_a_higher_serial),
        cmocka_unit_test(it_comes_under_the_lock_where_there_is_one),
        cmocka_unit_test(it_is_restored_over_what_it_was_made_for),
        cmocka_unit_test(what_is_not_there_is_deleted_already),
        cmocka_unit_test(a_lock_is_one_holders),
        cmocka_unit_test(an_audit_row_says_whose_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
