/* test_iac_complaint.c - what terraform says when it ends badly: which end it is, and the state that it
 * prints.
 * SPDX-License-Identifier: MIT */
#include "iac/complaint.h"
#include "iac/printed_state.h"

#include "base/attributes.h"
#include "io/iac_protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STATE                                                                                                \
    "{\n  \"version\": 4,\n  \"lineage\": \"a\",\n  \"outputs\": {\n    \"key\": \"hunter2\"\n  }\n}\n"

static const char unsaved[] =
    "a: Creation complete after 0s [id=1]\n" STATE "\n\n"
    "Error: Failed to save state\n\n"
    "Error saving state: Failed to upload state: POST\n"
    "http://127.0.0.1:1/s?ID=c0a14aa3-e075-a5af-e1d6-2ee14ba8feae giving up\n"
    "after 2 attempt(s)\n\n"
    "Error: Failed to create local state file\n\nread errored.tfstate: is a directory\n\n"
    "Error: Failed to persist state to backend\n\nThe errors shown above\n\n"
    "Error: Error releasing the state lock\n\nError message: Failed to unlock\n";

#define LOCK_FAILED "Error: Error acquiring the state lock\n\nError message: "

static void test_kinds(void **state)
{
    static const struct {
        const char *said;
        enum complaint_kind kind;
    } cases[] = {
        {"", COMPLAINT_OTHER},
        {"Error: Unsupported block type\n", COMPLAINT_OTHER},
        {"Error: Saved plan is stale\n", COMPLAINT_STALE},
        {"Error: Saved plan\n is stale\n", COMPLAINT_STALE},
        {LOCK_FAILED "HTTP remote state already locked: ID=one\nLock Info:\n  ID:  two\n", COMPLAINT_HELD},
        {LOCK_FAILED "resource temporarily unavailable\n", COMPLAINT_HELD},
        {LOCK_FAILED "HTTP remote state endpoint requires auth\n", COMPLAINT_OTHER},
        {LOCK_FAILED "HTTP remote state endpoint invalid auth\n", COMPLAINT_OTHER},
        {LOCK_FAILED "Unexpected HTTP response code 418\n", COMPLAINT_OTHER},
        {LOCK_FAILED "Failed to lock: LOCK http://127.0.0.1:1/s giving up\nafter 1 attempt(s)\n",
         COMPLAINT_UNHEARD},
        {unsaved, COMPLAINT_UNSAVED},
        {"Failed to persist state: Failed to upload state: POST http://h giving up after 1 attempt(s)\n",
         COMPLAINT_UNSAVED},
        {"Failed to write state: disk full\n", COMPLAINT_UNSAVED},
        {"Error: Failed to save state\n\nError saving state: HTTP error: 409\n", COMPLAINT_REFUSED},
        {"Failed to write state: cannot import state with lineage \"a\" over unrelated state\n",
         COMPLAINT_REFUSED},
        {"Failed to write state: cannot overwrite existing state with serial 4 with a different state\n",
         COMPLAINT_REFUSED},
        {"Error: Error releasing the state lock\n", COMPLAINT_UNRELEASED},
        {"Error: something\n\nError: Error releasing the state lock\n", COMPLAINT_OTHER},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (complaint_read(cases[i].said) != cases[i].kind)
            fail_msg("%s", cases[i].said);
}

static void test_errors(void **state)
{
    static const struct {
        const char *said, *error;
    } cases[] = {
        {"", ""},
        {"\n \n", ""},
        {"one\ntwo\n\n", "two"},
        {"Error: Bad\n\n  on main.tf line 3:\n   3: x {\n\nBlocks\n",
         "Error: Bad: on main.tf line 3: 3: x {"},
        {"Error: A\n\na\n\nError: B\n\nb\n", "Error: B: b"},
        {"Error: B", "Error: B"},
        {"Error: Error releasing the state lock\n", "Error: Error releasing the state lock"},
    };
    char error[COMPLAINT_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        complaint_error(cases[i].said, error);
        assert_string_equal(error, cases[i].error);
    }
    complaint_error(unsaved, error);
    assert_non_null(
        strstr(error, "Failed to save state: Error saving state: Failed to upload state: POST http"));
}

static void test_holders(void **state)
{
    struct complaint_holder holder;
    char lock[COMPLAINT_FIELD_SIZE];

    (void)state;
    complaint_holder(LOCK_FAILED
                     "busy\nLock Info:\n  ID:        one\n  Path:      x\n  Operation: OperationTypeApply\n"
                     "  Who:       ci@builder\n  Created:   2026-11-27 17:17\n",
                     &holder);
    assert_string_equal(holder.id, "one");
    assert_string_equal(holder.who, "ci@builder");
    assert_string_equal(holder.operation, "OperationTypeApply");
    assert_string_equal(holder.since, "2026-11-27 17:17");
    complaint_holder(LOCK_FAILED "HTTP remote state already locked: ID=one\nLock Info:\n  Who: ourselves\n",
                     &holder);
    assert_string_equal(holder.who, "");
    complaint_holder("", &holder);
    assert_string_equal(holder.id, "");
    assert_true(complaint_lock(unsaved, lock));
    assert_string_equal(lock, "c0a14aa3-e075-a5af-e1d6-2ee14ba8feae");
    assert_true(complaint_is_of_state_alone(unsaved));
    assert_false(complaint_is_of_state_alone("Error: creating\n\nError: Failed to save state\n"));
    assert_false(complaint_lock("Error saving state: HTTP error: 409\n", lock));
    assert_false(complaint_lock("Failed to upload state: POST http://h?ID= giving up\n", lock));
}

static void test_a_printed_state_is_found(void **state)
{
    const char *found = NULL;
    size_t length = 0;

    (void)state;
    assert_true(printed_state_find(unsaved, strlen(unsaved), &found, &length));
    assert_int_equal(length, strlen(STATE));
    assert_memory_equal(found, STATE, length);
    assert_false(printed_state_find("{\n  cut", strlen("{\n  cut"), &found, &length));
    assert_false(printed_state_find("", 0, &found, &length));
    assert_true(printed_state_find("{\n}\n{\n1\n}\n", 11, &found, &length));
    assert_memory_equal(found, "{\n1\n}\n", length);
}

/* However the text is cut into pieces. */
static void test_a_printed_state_is_hidden(void **state)
{
    (void)state;
    for (size_t size = 1; size <= strlen(unsaved); size++) {
        struct printed_state_veil veil = {0};
        char shown[sizeof(unsaved)] = "";
        size_t length = 0;
        for (size_t at = 0; at < strlen(unsaved); at += size) {
            size_t left = strlen(unsaved) - at;
            char piece[sizeof(unsaved)];
            memcpy(piece, unsaved + at, left < size ? left : size);
            size_t kept = printed_state_hide(&veil, piece, left < size ? left : size);
            memcpy(shown + length, piece, kept);
            length += kept;
        }
        assert_null(strstr(shown, "hunter2"));
        assert_non_null(strstr(shown, "[id=1]\n\n\nError: Failed to save state"));
        assert_true(veil.has_hidden);
    }
}

static void test_a_line_is_hidden_alone(void **state)
{
    struct printed_state_veil veil = {0};
    char text[] = "a {\n{\"secret\": 1}\n}\nb\n";

    (void)state;
    size_t length = printed_state_hide(&veil, text, strlen(text));
    assert_memory_equal(text, "a {\n}\nb\n", length);
    assert_int_equal(length, strlen("a {\n}\nb\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_holders),
        cmocka_unit_test(test_a_printed_state_is_found),
        cmocka_unit_test(test_a_printed_state_is_hidden),
        cmocka_unit_test(test_a_line_is_hidden_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
