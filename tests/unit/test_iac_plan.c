/* test_iac_plan.c - terraform's plans counted; and what is no plan that can be counted is refused with its
 * place.
 * SPDX-License-Identifier: MIT */
#include "iac/plan.h"

#include "base/attributes.h"
#include "io/iac_protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct plan_case {
    const char *text, *expected;
};

struct told {
    char *to;
    size_t size, at;
};

static void note(void *data, enum plan_action action, const char *address, const char *reason)
{
    struct told *told = data;

    told->at += (size_t)snprintf(told->to + told->at, told->size - told->at, "%s %s%s%s; ",
                                 plan_count_name(action), address, reason[0] == '\0' ? "" : " ", reason);
}

/* Each change, then creates/updates/deletes/replaces, outputs, drifts; or what is wrong. */
static const char *count(const char *text, char *to, size_t size)
{
    struct told told = {.to = to, .size = size};
    const struct plan_reader reader = {.data = &told, .change = note};
    struct plan_counts counts = {.outputs = 0};
    struct err err = {0};

    to[0] = '\0';
    if (!plan_read(text, strlen(text), &reader, &counts, &err)) {
        (void)snprintf(to, size, "%s", err.text);
        return to;
    }
    (void)snprintf(to + told.at, size - told.at, "%zu/%zu/%zu/%zu %zu %zu", counts.of[PLAN_CREATE],
                   counts.of[PLAN_UPDATE], counts.of[PLAN_DELETE], counts.of[PLAN_REPLACE], counts.outputs,
                   counts.drifts);
    return to;
}

#define HEAD "{\"format_version\":\"1.2\""
#define CHANGE(actions)                                                                                      \
    "{\"address\":\"a.b\",\"change\":{\"actions\":[" actions "],\"after\":{\"size\":1e999}}}"
#define CHANGES(changes) HEAD ",\"resource_changes\":[" changes "]}"

static const struct plan_case cases[] = {
    {HEAD "}", "0/0/0/0 0 0"},
    {HEAD ",\"errored\":false,\"resource_changes\":null}", "0/0/0/0 0 0"},
    {CHANGES(CHANGE("\"create\"") "," CHANGE("\"create\"")), "creates a.b; creates a.b; 2/0/0/0 0 0"},
    {CHANGES(CHANGE("\"no-op\"") "," CHANGE("\"read\"") "," CHANGE("\"update\"")),
     "updates a.b; 0/1/0/0 0 0"},
    {CHANGES(CHANGE("\"delete\"") "," CHANGE("\"forget\"")), "deletes a.b; deletes a.b; 0/0/2/0 0 0"},
    {CHANGES(CHANGE("\"delete\",\"create\"") "," CHANGE("\"create\",\"delete\"") "," CHANGE(
         "\"create\",\"forget\"")),
     "replaces a.b; replaces a.b; replaces a.b; 0/0/0/3 0 0"},
    {CHANGES("{\"address\":\"m[\\\"x\\\"].a\",\"action_reason\":\"replace_because_tainted\",\"change\":{"
             "\"actions\":[\"delete\",\"create\"]}}"),
     "replaces m[\"x\"].a replace_because_tainted; 0/0/0/1 0 0"},
    {HEAD ",\"resource_drift\":[" CHANGE("\"update\"") "," CHANGE("\"no-op\"") "," CHANGE("\"delete\"") "]}",
     "0/0/0/0 0 2"},
    {HEAD ",\"output_changes\":{\"a\":{\"actions\":[\"create\"]},\"b\":{\"actions\":[\"no-op\"]}}}",
     "0/0/0/0 1 0"},
    {HEAD ",\"applyable\":false,\"complete\":true,\"relevant_attributes\":[]}", "0/0/0/0 0 0"},
    {"{}", "#/format_version: is missing"},
    {"[]", "#: is an array, expected an object"},
    {"{\"format_version\":\"2.0\"}", "#/format_version: '2.0' is not known here, only 1.x"},
    {"{\"format_version\":1}", "#/format_version: is a number, expected a text"},
    {HEAD ",\"errored\":true}", "#/errored: the plan says that it failed"},
    {HEAD ",\"errored\":1}", "#/errored: is a number, expected true or false"},
    {HEAD ",\"resource_changes\":{}}", "#/resource_changes: is an object, expected an array"},
    {CHANGES("7"), "#/resource_changes/0: is a number, expected an object"},
    {CHANGES("{\"address\":\"a\"}"), "#/resource_changes/0/change: is missing"},
    {CHANGES("{\"address\":\"a\",\"change\":{}}"), "#/resource_changes/0/change/actions: is missing"},
    {CHANGES("{\"change\":{\"actions\":[\"create\"]}}"), "#/resource_changes/0/address: is missing"},
    {CHANGES("{\"address\":\"a\",\"action_reason\":{},\"change\":{\"actions\":[\"create\"]}}"),
     "#/resource_changes/0/action_reason: is an object, expected a text"},
    {CHANGES(CHANGE("")), "#/resource_changes/0/change/actions: '' is no action that is known here"},
    {CHANGES(CHANGE("\"create\"") "," CHANGE("\"move\"")),
     "#/resource_changes/1/change/actions: 'move' is no action that is known here"},
    {CHANGES(CHANGE("\"update\",\"delete\"")),
     "#/resource_changes/0/change/actions: 'update delete' is no action that is known here"},
    {CHANGES(CHANGE("\"create\",5")), "#/resource_changes/0/change/actions/1: is a number, expected a text"},
    {CHANGES(CHANGE("\"a\",\"b\",\"c\"")), "#/resource_changes/0/change/actions: has more than 2 elements"},
    {HEAD ",\"resource_drift\":[{}]}", "#/resource_drift/0/change: is missing"},
    {HEAD ",\"resource_drift\":7}", "#/resource_drift: is a number, expected an array"},
    {HEAD ",\"output_changes\":[]}", "#/output_changes: is an array, expected an object"},
    {HEAD ",\"output_changes\":{\"a\":[]}}", "#/output_changes/a: is an array, expected an object"},
    {HEAD ",\"output_changes\":{\"a\":{\"actions\":[\"burn\"]}}}",
     "#/output_changes/a/actions: 'burn' is no action that is known here"},
    {"{\"format_version\":\"1.2\"} x", "offset 25: something stands behind the end of the value"},
};

static void test_counts(void **state)
{
    char found[ERR_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (strcmp(count(cases[i].text, found, sizeof(found)), cases[i].expected) != 0)
            fail_msg("case %zu: %s\nfound:    %s\nexpected: %s", i, cases[i].text, found, cases[i].expected);
}

static void test_counts_alone(void **state)
{
    static const char text[] = CHANGES(CHANGE("\"delete\""));
    struct plan_counts counts = {.outputs = 7};
    struct err err = {0};

    (void)state;
    assert_true(plan_read(text, sizeof(text) - 1, NULL, &counts, &err));
    assert_int_equal(counts.of[PLAN_DELETE], 1);
    assert_int_equal(counts.outputs, 0);
}

/* What there is before it: data and what is yet to be made are none, a replaced one is one. */
static void test_resources_that_there_are(void **state)
{
    static const char text[] =
        CHANGES(CHANGE("\"create\"") "," CHANGE("\"no-op\"") "," CHANGE("\"update\"") "," CHANGE(
            "\"delete\"") "," CHANGE("\"create\",\"delete\"") ",{\"address\":\"data.a\",\"mode\":\"data\","
                                                              "\"change\":{\"actions\":["
                                                              "\"read\"]}},{\"address\":\"a.b\",\"mode\":"
                                                              "\"managed\",\"deposed\":\"1f\",\"change\":{"
                                                              "\"actions\":[\"delete\"]}}");
    static const char broken[] =
        CHANGES("{\"address\":\"a\",\"mode\":7,\"change\":{\"actions\":[\"no-op\"]}}");
    struct plan_counts counts = {.outputs = 0};
    struct err err = {0};

    (void)state;
    assert_true(plan_read(text, sizeof(text) - 1, NULL, &counts, &err));
    assert_int_equal(counts.resources, 4);
    assert_false(plan_read(broken, sizeof(broken) - 1, NULL, &counts, &err));
    assert_string_equal(err.text, "#/resource_changes/0/mode: is a number, expected a text");
}

/* Ends that say something of their own do so, and no other one does. */
static void test_ends(void **state)
{
    (void)state;
    assert_non_null(strstr(iac_exit_text(IAC_EXIT_STALE), "verdict retry"));
    assert_non_null(iac_exit_text(IAC_EXIT_OTHER_PLAN));
    assert_non_null(iac_exit_text(IAC_EXIT_NOT_EMPTY));
    assert_non_null(iac_exit_text(IAC_EXIT_DRIFTED));
    assert_non_null(iac_exit_text(IAC_EXIT_INTERRUPTED));
    assert_non_null(iac_exit_text(IAC_EXIT_REFUSED));
    assert_non_null(iac_exit_text(IAC_EXIT_UNSAVED));
    assert_non_null(iac_exit_text(IAC_EXIT_NO_SECRET));
    assert_non_null(iac_exit_text(IAC_EXIT_AGAIN));
    assert_null(iac_exit_text(IAC_EXIT_DONE));
    assert_null(iac_exit_text(IAC_EXIT_FAILED));
    assert_null(iac_exit_text(IAC_EXIT_USAGE));
    assert_null(iac_exit_text(127));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_counts_alone),
        cmocka_unit_test(test_resources_that_there_are),
        cmocka_unit_test(test_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
