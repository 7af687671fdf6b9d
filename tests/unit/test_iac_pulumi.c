/* test_iac_pulumi.c - previews of pulumi counted and compared, its events read, variables as its words.
 * SPDX-License-Identifier: MIT */
#include "iac/pulumi_config.h"
#include "iac/pulumi_event.h"
#include "iac/pulumi_preview.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FOUND_SIZE = 4096 };

#define URN(name)      "urn:pulumi:prod::network::cloud:Thing::" name
#define STEP(op, more) "{\"op\":\"" op "\",\"urn\":\"" URN("a") "\"" more "}"
#define STEPS(steps)   "{\"steps\":[" steps "],\"duration\":12345678901234567890}"
#define SUMMARY(pairs) "{\"changeSummary\":{" pairs "}}"

struct text_case {
    const char *text, *expected;
};

static void note(void *data, enum plan_action action, const char *address, const char *reason)
{
    struct text *told = data;

    text_add(told, "%s %s%s%s; ", plan_count_name(action), address + strlen(URN("")),
             reason[0] == '\0' ? "" : " ", reason);
}

/* Each change, then creates/updates/deletes/replaces and drifts; or what is wrong. */
static const char *count(const char *text, char to[FOUND_SIZE])
{
    struct text told;
    const struct plan_reader reader = {.data = &told, .change = note};
    struct pulumi_preview preview = {.text = NULL};
    struct err err = {0};

    text_init(&told, to, FOUND_SIZE);
    if (!pulumi_preview_read(text, strlen(text), PULUMI_VALUES_COMPARED, &reader, &preview, &err)) {
        (void)snprintf(to, FOUND_SIZE, "%s", err.text);
        return to;
    }
    const size_t *of = preview.counts.of;
    text_add(&told, "%zu/%zu/%zu/%zu %zu", of[PLAN_CREATE], of[PLAN_UPDATE], of[PLAN_DELETE],
             of[PLAN_REPLACE], preview.counts.drifts);
    pulumi_preview_done(&preview);
    return to;
}

static const struct text_case counted[] = {
    {"{}", "0/0/0/0 0"},
    {STEPS(""), "0/0/0/0 0"},
    {STEPS(STEP("create", "") "," STEP("import", "")), "creates a; creates a; 2/0/0/0 2"},
    {STEPS(STEP("same", "") "," STEP("read", "") "," STEP("refresh", "")), "0/0/0/0 0"},
    {STEPS(STEP("update", ",\"diffReasons\":[\"size\"]")), "updates a; 0/1/0/0 1"},
    {STEPS(STEP("delete", "") "," STEP("discard", "") "," STEP("remove-pending-replace", "")),
     "deletes a; deletes a; deletes a; 0/0/3/0 3"},
    {STEPS(STEP("replace", ",\"replaceReasons\":[\"name\",\"zone\"]")), "replaces a name; 0/0/0/1 1"},
    {STEPS(STEP("create-replacement", "") "," STEP("replace", "") "," STEP("delete-replaced", "")),
     "replaces a; 0/0/0/1 1"},
    {STEPS(STEP("delete-replaced", "") "," STEP("discard-replaced", "")), "0/0/0/2 2"},
    {STEPS(STEP("import-replacement", "") "," STEP("read-replacement", "")), "0/0/0/2 2"},
    {SUMMARY("\"same\":7,\"update\":2,\"delete\":1"), "0/2/1/0 3"},
    {"{\"steps\":[" STEP("delete", "") "],\"changeSummary\":{\"delete\":0,\"create\":2}}",
     "deletes a; 2/0/1/0 3"},
    {"{\"steps\":[" STEP("delete", "") "],\"changeSummary\":{\"delete\":5},\"maybeCorrupt\":false}",
     "deletes a; 0/0/5/0 5"},
    {"[]", "#: is an array, expected an object"},
    {"{\"steps\":{}}", "#/steps: is an object, expected an array"},
    {STEPS("5"), "#/steps/0: is a number, expected an object"},
    {STEPS(STEP("create", "") ",{\"op\":\"burn\",\"urn\":\"x\"}"),
     "#/steps/1/op: 'burn' is no operation that is known here"},
    {STEPS("{\"urn\":\"x\"}"), "#/steps/0/op: is missing"},
    {STEPS("{\"op\":\"create\"}"), "#/steps/0/urn: is missing"},
    {STEPS(STEP("replace", ",\"replaceReasons\":[5]")),
     "#/steps/0/replaceReasons/0: is a number, expected a text"},
    {STEPS(STEP("replace", ",\"replaceReasons\":5")),
     "#/steps/0/replaceReasons: is a number, expected an array"},
    {SUMMARY("\"burn\":1"), "#/changeSummary/burn: is no operation that is known here"},
    {SUMMARY("\"delete\":-1"), "#/changeSummary/delete: is not from 0 to 100000"},
    {"{\"changeSummary\":[]}", "#/changeSummary: is an array, expected an object"},
    {"{\"maybeCorrupt\":true}", "#/maybeCorrupt: pulumi does not trust its own state"},
    {"{\"maybeCorrupt\":1}", "#/maybeCorrupt: is a number, expected true or false"},
    {"{} x", "offset 3: something stands behind the end of the value"},
};

static void test_counts(void **state)
{
    char found[FOUND_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(counted); i++) {
        const char *text = count(counted[i].text, found);
        if (strncmp(text, counted[i].expected, strlen(counted[i].expected)) != 0)
            fail_msg("case %zu: %s\nfound:    %s\nexpected: %s", i, counted[i].text, text,
                     counted[i].expected);
    }
}

static char *text_of(const char *json, enum pulumi_values values)
{
    struct pulumi_preview preview = {.text = NULL};
    struct err err = {0};

    if (!pulumi_preview_read(json, strlen(json), values, NULL, &preview, &err))
        fail_msg("%s: %s", json, err.text);
    char *text = strdup(preview.text);
    pulumi_preview_done(&preview);
    return text;
}

#define NEW(op, inputs)                                                                                      \
    STEPS(STEP(op, ",\"newState\":{\"type\":\"t\",\"inputs\":{" inputs "},\"outputs\":{\"x\":1}}"))
#define LONG_ENDING "0123456789012345678901234567890123456789"
#define NAMELESS(value)                                                                                      \
    "{\"steps\":[{\"op\":\"create\",\"urn\":\"" URN("") "\",\"newState\":{\"n\":\"" value "\"}}]}"
#define OLD(state)       STEPS(STEP("delete", ",\"oldState\":{" state "}"))
#define TWO(first, next) STEPS(first "," next)

/* Do two previews want the same? */
struct pair_case {
    const char *one, *other;
    enum pulumi_values values;
    bool is_same;
};

static const struct pair_case pairs[] = {
    {STEPS(""), STEPS(STEP("same", "")), PULUMI_VALUES_COMPARED, true},
    {STEPS(STEP("create", "")), STEPS(STEP("import", "")), PULUMI_VALUES_COMPARED, false},
    {TWO(STEP("create", ""), STEP("delete", "")), TWO(STEP("delete", ""), STEP("create", "")),
     PULUMI_VALUES_COMPARED, true},
    {STEPS(STEP("create", "")), TWO(STEP("create", ""), STEP("create", "")), PULUMI_VALUES_COMPARED, false},
    {STEPS(STEP("create", ",\"provider\":\"p\"")), STEPS(STEP("create", ",\"provider\":\"q\"")),
     PULUMI_VALUES_COMPARED, false},
    {STEPS(STEP("update", ",\"diffReasons\":[\"a\",\"b\"]")),
     STEPS(STEP("update", ",\"diffReasons\":[\"a\"]")), PULUMI_VALUES_COMPARED, false},
    {STEPS(STEP("update", ",\"detailedDiff\":{\"a\":{\"kind\":\"add\"}}")),
     STEPS(STEP("update", ",\"detailedDiff\":{\"a\":{\"kind\":\"delete\"}}")), PULUMI_VALUES_COMPARED, false},
    {OLD("\"id\":\"1\""), OLD("\"id\":\"2\""), PULUMI_VALUES_SAVED, false},
    {OLD("\"outputs\":{\"n\":1}"), OLD("\"outputs\":{\"n\":2}"), PULUMI_VALUES_COMPARED, false},
    {NEW("create", "\"n\":1"), NEW("create", "\"n\":2"), PULUMI_VALUES_COMPARED, false},
    {NEW("create", "\"n\":1"), NEW("create", "\"n\":2"), PULUMI_VALUES_SAVED, true},
    {NEW("create", "\"n\":[1,[2]]"), NEW("create", "\"n\":[[1],2]"), PULUMI_VALUES_COMPARED, false},
    {NEW("create", "\"n\":{\"b\":1}"), NEW("create", "\"n\":[1]"), PULUMI_VALUES_COMPARED, false},
    {NEW("create", "\"n\":\"*\""), NEW("create", "\"n\":\"a-1b2c3d4\""), PULUMI_VALUES_COMPARED, false},
    /* What is named anew each time begins with the resource's name. */
    {NEW("create", "\"n\":\"a-1b2c3d4\""), NEW("create", "\"n\":\"a-7c8d9e0\""), PULUMI_VALUES_COMPARED,
     true},
    {NEW("replace", "\"n\":{\"m\":\"a1b2c3d4\"}"), NEW("replace", "\"n\":{\"m\":\"a-7c8d9e0\"}"),
     PULUMI_VALUES_COMPARED, true},
    {NEW("update", "\"n\":\"a-1b2c3d4\""), NEW("update", "\"n\":\"a-7c8d9e0\""), PULUMI_VALUES_COMPARED,
     false},
    {NEW("update", "\"n\":1"), NEW("update", "\"n\":2"), PULUMI_VALUES_SAVED, false},
    {NEW("create", "\"n\":\"a-one\""), NEW("create", "\"n\":\"a-two\""), PULUMI_VALUES_COMPARED, false},
    {NEW("create", "\"n\":\"a-abcdefg\""), NEW("create", "\"n\":\"a-hijklmn\""), PULUMI_VALUES_COMPARED,
     false},
    {NEW("create", "\"n\":\"a-" LONG_ENDING "1\""), NEW("create", "\"n\":\"a-" LONG_ENDING "2\""),
     PULUMI_VALUES_COMPARED, false},
    {NAMELESS("1b2c3d4"), NAMELESS("7c8d9e0"), PULUMI_VALUES_COMPARED, false},
    {STEPS(STEP("create", ",\"newState\":1")), STEPS(STEP("create", ",\"newState\":2")),
     PULUMI_VALUES_COMPARED, false},
    {NEW("create", "\"n\":\"a-1b2\""), NEW("create", "\"n\":\"a-7c8\""), PULUMI_VALUES_COMPARED, false},
    {NEW("create", "\"n\":\"allow 10\""), NEW("create", "\"n\":\"allow 20\""), PULUMI_VALUES_COMPARED, false},
    {NEW("create", "\"n\":\"b-1b2c3d4\""), NEW("create", "\"n\":\"b-7c8d9e0\""), PULUMI_VALUES_COMPARED,
     false},
    {STEPS(STEP("create", ",\"newState\":{\"outputs\":{\"x\":1}}")),
     STEPS(STEP("create", ",\"newState\":{\"outputs\":{\"x\":2}}")), PULUMI_VALUES_COMPARED, true},
};

static void test_what_is_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++) {
        char *one = text_of(pairs[i].one, pairs[i].values);
        char *other = text_of(pairs[i].other, pairs[i].values);
        if ((strcmp(one, other) == 0) != pairs[i].is_same)
            fail_msg("pair %zu: %s | %s", i, one, other);
        free(one);
        free(other);
    }
}

static void test_what_is_allowed(void **state)
{
    static const char text[] =
        STEPS(STEP("replace", "") ",{\"op\":\"update\",\"urn\":\"b\"},{\"op\":\"delete\",\"urn\":\"c\"}");
    static const struct {
        enum pulumi_op op;
        const char *urn;
        bool is_allowed;
    } asked[] = {
        {PULUMI_REPLACE, URN("a"), true},
        {PULUMI_CREATE_REPLACEMENT, URN("a"), true},
        {PULUMI_DELETE_REPLACED, URN("a"), true},
        {PULUMI_UPDATE, URN("a"), true},
        {PULUMI_DELETE, URN("a"), false},
        {PULUMI_CREATE, URN("a"), false},
        {PULUMI_SAME, "z", true},
        {PULUMI_READ, "z", true},
        {PULUMI_UPDATE, "b", true},
        {PULUMI_SAME, "b", true},
        {PULUMI_REPLACE, "b", false},
        {PULUMI_DELETE_REPLACED, "b", false},
        {PULUMI_DELETE, "c", true},
        {PULUMI_DELETE, "b", false},
        {PULUMI_CREATE, "z", false},
    };
    struct pulumi_preview preview = {.text = NULL};
    struct err err = {0};

    (void)state;
    assert_true(pulumi_preview_read(text, strlen(text), PULUMI_VALUES_COMPARED, NULL, &preview, &err));
    for (size_t i = 0; i < ARRAY_LENGTH(asked); i++)
        if (pulumi_preview_allows(&preview, asked[i].op, asked[i].urn) != asked[i].is_allowed)
            fail_msg("%s %s", pulumi_op_name(asked[i].op), asked[i].urn);
    pulumi_preview_done(&preview);
    assert_true(pulumi_op_is_within(PULUMI_SAME, PULUMI_DELETE));
}

static void say(void *data, const char *message)
{
    struct text *said = data;

    text_add(said, "%s;", message);
}

static void test_complaints(void **state)
{
    static const struct text_case cases[] = {
        {"{\"diagnostics\":[{\"severity\":\"error\",\"message\":\"a\"},{\"severity\":\"info\",\"message\":"
         "\"b\"},{\"severity\":\"warning\",\"message\":\"c\"},{\"severity\":\"error\"}]}",
         "a;c;;"},
        {"{\"diagnostics\":5}", ""},
        {"{}", ""},
        {"[]", ""},
        {"error: no", ""},
    };
    char found[FOUND_SIZE];
    struct text said;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        text_init(&said, found, sizeof(found));
        pulumi_preview_complaints(cases[i].text, strlen(cases[i].text), say, &said);
        assert_string_equal(found, cases[i].expected);
    }
}

static void test_what_is_left(void **state)
{
    static const struct text_case cases[] = {
        {"{\"version\":3,\"deployment\":{\"resources\":[{},{}]}}", "2"},
        {"{\"version\":3,\"deployment\":{}}", "0"},
        {"{\"version\":3,\"deployment\":{\"resources\":null}}", "0"},
        {"{\"version\":3}", "#/deployment: is missing"},
        {"{\"deployment\":{\"resources\":5}}", "#/deployment/resources: is a number, expected an array"},
        {"[]", "#: is an array, expected an object"},
        {"", "offset 0: "},
    };
    char found[FOUND_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct err err = {0};
        size_t left = 0;
        if (pulumi_export_count(cases[i].text, strlen(cases[i].text), &left, &err))
            (void)snprintf(found, sizeof(found), "%zu", left);
        else
            (void)snprintf(found, sizeof(found), "%s", err.text);
        if (strncmp(found, cases[i].expected, strlen(cases[i].expected)) != 0)
            fail_msg("%s: %s", cases[i].text, found);
    }
}

/* ---- events ---- */

#define METADATA(op) "{\"metadata\":{\"op\":\"" op "\",\"urn\":\"u\"}}"

static const struct text_case events[] = {
    {"{\"sequence\":1,\"preludeEvent\":{}}", "0"},
    {"{\"resourcePreEvent\":" METADATA("delete") "}", "1 delete u"},
    {"{\"resOpFailedEvent\":" METADATA("update") "}", "2 update u"},
    {"{\"resOutputsEvent\":" METADATA("burn") "}", "0"},
    {"{\"diagnosticEvent\":{\"message\":\"hello\",\"severity\":\"info\"}}", "3 hello"},
    {"{\"diagnosticEvent\":{\"message\":\"hello\",\"severity\":\"debug\"}}", "0"},
    {"{\"diagnosticEvent\":{\"message\":\"hello\",\"ephemeral\":true}}", "0"},
    {"{\"diagnosticEvent\":{\"ephemeral\":5}}",
     "#/diagnosticEvent/ephemeral: is a number, expected true or false"},
    {"{\"stdoutEvent\":{\"message\":\"hi\"}}", "3 hi"},
    {"{\"summaryEvent\":{\"maybeCorrupt\":false}}", "4"},
    {"{\"summaryEvent\":{\"maybeCorrupt\":5}}",
     "#/summaryEvent/maybeCorrupt: is a number, expected true or false"},
    {"{\"summaryEvent\":{\"maybeCorrupt\":true}}",
     "#/summaryEvent/maybeCorrupt: pulumi does not trust its own state"},
    {"{\"resourcePreEvent\":null}", "0"},
    {"{\"resourcePreEvent\":5}", "#/resourcePreEvent: is a number, expected an object"},
    {"{\"resourcePreEvent\":{}}", "#/resourcePreEvent/metadata: is missing"},
    {"{\"resourcePreEvent\":" METADATA("burn") "}",
     "#/resourcePreEvent/metadata/op: 'burn' is no operation that is known here"},
    {"{\"resourcePreEvent\":{\"metadata\":{\"op\":\"create\"}}}",
     "#/resourcePreEvent/metadata/urn: is missing"},
    {"[]", "#: is an array, expected an object"},
};

static const char *event_of(const char *line, char to[FOUND_SIZE])
{
    CLEANUP(json_free_at) struct cJSON *tree = NULL;
    struct pulumi_event event = {.kind = PULUMI_EVENT_OTHER};
    struct err err = {0};

    assert_true(json_parse(line, strlen(line), &plan_json_limits, &tree, &err));
    struct json_node root = json_root(tree);
    bool is_step = pulumi_event_read(&root, &event, &err) &&
                   (event.kind == PULUMI_EVENT_STEP || event.kind == PULUMI_EVENT_FAILED);
    if (err.text[0] != '\0')
        (void)snprintf(to, FOUND_SIZE, "%s", err.text);
    else if (is_step)
        (void)snprintf(to, FOUND_SIZE, "%d %s %s", event.kind, pulumi_op_name(event.op), event.urn);
    else
        (void)snprintf(to, FOUND_SIZE, "%d%s%s", event.kind, event.kind == PULUMI_EVENT_SAID ? " " : "",
                       event.kind == PULUMI_EVENT_SAID ? event.text : "");
    return to;
}

static void test_events(void **state)
{
    char found[FOUND_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(events); i++)
        assert_string_equal(event_of(events[i].text, found), events[i].expected);
}

/* ---- variables ---- */

static const struct text_case variables[] = {
    {"{}", ""},
    {"{\"size\":4,\"ratio\":0.5,\"on\":true,\"off\":false,\"empty\":\"\",\"text\":\"a=b\"}",
     "size=4;ratio=0.5;on=true;off=false;empty=;text=a=b;"},
    {"{\"zones\":[\"a\",[\"b\"]],\"tags\":{\"owner\":\"me\",\"n\":{\"m\":1}}}",
     "zones[0]=a;zones[1][0]=b;tags.owner=me;tags.n.m=1;"},
    {"{\"aws:region\":\"eu\"}", "aws:region=eu;"},
    {"{\"a\":{\"b:c\":1}}", "variables: 'b:c' is no name that pulumi can be told"},
    {"{\"a.b\":1}", "variables: 'a.b' is no name that pulumi can be told"},
    {"{\"\":1}", "variables: '' is no name that pulumi can be told"},
    {"{\"a\":[]}", "variables: a is empty, and pulumi has no word for that"},
    {"{\"a\":{\"b\":{}}}", "variables: a.b is empty, and pulumi has no word for that"},
    {"{\"a\":null}", "variables: a is nothing"},
    {"[]", "#: is an array, expected an object"},
    {"{", "variables: offset 1: "},
};

static void test_variables(void **state)
{
    char found[FOUND_SIZE];
    struct text text;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(variables); i++) {
        struct pulumi_config config;
        struct err err = {0};
        text_init(&text, found, sizeof(found));
        if (pulumi_config_read(variables[i].text, &config, &err))
            for (size_t k = 0; k < config.count; k++)
                text_add(&text, "%s;", config.words[k]);
        else
            text_add(&text, "%s", err.text);
        pulumi_config_done(&config);
        if (strncmp(found, variables[i].expected,
                    err.text[0] == '\0' ? sizeof(found) : strlen(variables[i].expected)) != 0)
            fail_msg("%s: %s", variables[i].text, found);
    }
}

static void test_too_many_variables(void **state)
{
    char long_name[PULUMI_PATH_MAX + 8];
    char whole[FOUND_SIZE];
    struct pulumi_config config;
    struct err err = {0};
    struct text text;

    (void)state;
    text_init(&text, whole, sizeof(whole));
    for (int i = 0; i <= PULUMI_VALUES_MAX; i++)
        text_add(&text, "%s\"a%d\":1", i == 0 ? "{" : ",", i);
    text_add(&text, "}");
    assert_false(pulumi_config_read(whole, &config, &err));
    assert_string_equal(err.text, "variables: more than 128 values");
    pulumi_config_done(&config);
    memset(long_name, 'a', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    (void)snprintf(whole, sizeof(whole), "{\"%s\":1}", long_name);
    assert_false(pulumi_config_read(whole, &config, &err));
    assert_non_null(strstr(err.text, "too long a path"));
    pulumi_config_done(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),          cmocka_unit_test(test_what_is_the_same),
        cmocka_unit_test(test_what_is_allowed), cmocka_unit_test(test_complaints),
        cmocka_unit_test(test_what_is_left),    cmocka_unit_test(test_events),
        cmocka_unit_test(test_variables),       cmocka_unit_test(test_too_many_variables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
