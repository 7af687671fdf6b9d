/* test_json_pick.c - members of a large object, and nothing taken that the strict reader would refuse.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "io/json_pick.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[] = {"serial", "lineage"};

/* What is picked, printed ("" where it is refused); free(). */
static char *pick(const char *text, struct err *err)
{
    struct cJSON *object = NULL;

    if (!json_pick(text, strlen(text), NULL, names, ARRAY_LENGTH(names), &object, err)) {
        assert_null(object);
        return calloc(1, 1);
    }
    char *printed = json_print(object);
    json_free(object);
    return printed;
}

static void only_what_is_named_is_taken(void **state)
{
    static const char *const cases[][2] = {
        {"{\"serial\":4,\"lineage\":\"x\"}", "{\"serial\":4,\"lineage\":\"x\"}"},
        {" {\n  \"version\": 4,\n  \"serial\": 4 , \"outputs\": {\"serial\": 9, \"a\": [1, {\"b\": "
         "\"}\\\"]\"}]},\n"
         "  \"lineage\": \"a\\\"}b\"\n}\n",
         "{\"serial\":4,\"lineage\":\"a\\\"}b\"}"},
        {"{\"resources\":[{\"serial\":1},[[\"{\"]]],\"x\":null,\"y\":-1.5e3,\"z\":true}", "{}"},
        {"{}", "{}"},
        {" { } ", "{}"},
        {"{\"lineage\":{\"a\":[\"]\"]},\"serial\":[]}", "{\"lineage\":{\"a\":[\"]\"]},\"serial\":[]}"},
        {"{\r\n\t\"a\"\t:\r1\r,\"serial\":4\t}", "{\"serial\":4}"},
        {"{\"seria\\u006c\":4}", "{}"}, /* another spelling is another name */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct err err = {0};
        char *picked = pick(cases[i][0], &err);
        assert_string_equal(picked, cases[i][1]);
        free(picked);
    }
}

static void what_is_no_object_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "[]",
                                      "4",
                                      "\"serial\"",
                                      "{\"serial\":4",
                                      "{\"serial\":4}}",
                                      "{\"serial\":4,\"serial\":5}",
                                      "{\"a\":1e}",
                                      "{\"a\":\"\\u0000\"}",
                                      "{\"a\":[}",
                                      "nul"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct err err = {0};
        char *picked = pick(bad[i], &err);
        assert_string_equal(picked, "");
        assert_int_equal(err.code, ERR_INVALID);
        free(picked);
    }
}

/* The reader's own bounds, in the place of the usual ones. */
static void other_limits_can_be_given(void **state)
{
    static const char text[] = "{\"serial\":4,\"a\":5}";
    static const struct json_limits narrow = {.size_max = 100, .depth_max = 2, .keys_max = 1};
    static const struct json_limits wide = {.size_max = 100, .depth_max = 2, .keys_max = 2};
    struct cJSON *object = NULL;
    struct err err = {0};

    (void)state;
    assert_false(json_pick(text, strlen(text), &narrow, names, ARRAY_LENGTH(names), &object, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_true(json_pick(text, strlen(text), &wide, names, ARRAY_LENGTH(names), &object, &err));
    json_free(object);
}

static void what_is_picked_has_a_limit(void **state)
{
    char text[JSON_PICK_MAX_BYTES + 64];
    struct err err = {0};
    struct text long_one;

    (void)state;
    text_init(&long_one, text, sizeof(text));
    text_add(&long_one, "{\"lineage\":\"");
    while (long_one.length < JSON_PICK_MAX_BYTES)
        text_add(&long_one, "x");
    text_add(&long_one, "\"}");
    char *picked = pick(text, &err);
    assert_string_equal(picked, "");
    assert_int_equal(err.code, ERR_LIMIT);
    free(picked);
}

static void a_value_has_a_place(void **state)
{
    static const struct {
        const char *text, *value; /* NULL: none */
    } cases[] = {{"{\"serial\":7}", "7"},
                 {" { \"a\" : {\"serial\":1} , \"serial\" : 12 , \"b\":[{}]}", "12"},
                 {"{\"b\":\"\\\"serial\\\":3\",\"serial\":\"x,}\"}", "\"x,}\""},
                 {"{\"serials\":7,\"seria\":8}", NULL},
                 {"{}", NULL},
                 {"[{\"serial\":1}]", NULL}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        size_t at = 0;
        size_t length = 0;
        bool is_there = json_pick_place(cases[i].text, strlen(cases[i].text), "serial", &at, &length);
        assert_int_equal(is_there, cases[i].value != NULL);
        if (!is_there)
            continue;
        assert_int_equal(length, strlen(cases[i].value));
        assert_memory_equal(cases[i].text + at, cases[i].value, length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_named_is_taken), cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(other_limits_can_be_given),   cmocka_unit_test(what_is_picked_has_a_limit),
        cmocka_unit_test(a_value_has_a_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
