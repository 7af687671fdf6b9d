/* test_json.c - the strict reader, its getters, paths, and the writer.
 * SPDX-License-Identifier: MIT */
#include "io/json.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static cJSON *parse(const char *text)
{
    cJSON *root = NULL;
    struct err err = {0};

    if (!json_parse(text, strlen(text), NULL, &root, &err))
        fail_msg("%s: %s", text, err.text);
    return root;
}

static void assert_refused(const char *bytes, size_t length, const char *expected)
{
    cJSON *root = NULL;
    struct err err = {0};

    if (json_parse(bytes, length, NULL, &root, &err))
        fail_msg("accepted: %.*s", (int)length, bytes);
    if (strstr(err.text, expected) == NULL)
        fail_msg("%.*s: '%s' does not say '%s'", (int)length, bytes, err.text, expected);
    assert_null(root);
}

static void test_accepts_what_the_rfc_allows(void **state)
{
    static const char *const values[] = {
        "{}",
        "[]",
        " \t\r\n0 ",
        "-0",
        "-1.5e+3",
        "true",
        "null",
        "\"\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"",
        "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7f\"",
        "[1,[2,[3]],{\"a\":{\"a\":{\"a\":1}}}]",
        "{\"a\":1,\"A\":2,\"\":3}",
        "[{\"a\":1},{\"a\":1}]",
        "9007199254740992",
        "-9007199254740992",
        "9007199254740994",
        "1e30",
        "1e-999",
        "0.1",
        "1000000000000000000000",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++)
        cJSON_Delete(parse(values[i]));
}

static void test_refuses_the_rest(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } bad[] = {
        {"", "offset 0: the text ends, expected a value"},
        {"  ", "offset 2: the text ends"},
        {"{", "offset 1: the text ends, expected a name"},
        {"{\"a\"", "offset 4: the text ends, expected ':'"},
        {"{\"a\":", "offset 5: the text ends, expected a value"},
        {"{\"a\":1", "offset 6: the text ends, expected ',' or '}'"},
        {"{\"a\":1,}", "offset 7: expected a name in quotes"},
        {"[1,]", "offset 3: expected a value"},
        {"[1 2]", "offset 3: expected ',' or ']'"},
        {"[1}", "offset 2: expected ',' or ']'"},
        {"{a:1}", "offset 1: expected a name in quotes"},
        {"{\"a\" 1}", "offset 5: expected ':'"},
        {"{} x", "offset 3: something stands behind"},
        {"1 2", "offset 2: something stands behind"},
        {"\xEF\xBB\xBF{}", "offset 0: a byte order mark"},
        {"{\"a\":1,\"b\":2,\"a\":3}", "offset 13: \"a\" stands twice"},
        {"{\"ab\":1,\"\\u0061b\":2}", "offset 8: \"\\u0061b\" stands twice"},
        {"{\"\xC3\xA9\":1,\"\\u00e9\":2}", "stands twice"},
        {"{\"\xF0\x9F\x98\x80\":1,\"\\ud83d\\uDE00\":2}", "stands twice"},
        {"{\"\\n\":1,\"\\u000a\":2}", "stands twice"},
        {"{\"x\":{\"a\":1,\"b\":{\"a\":1},\"a\":1}}", "offset 24: \"a\" stands twice"},
        {"\"\\u0000\"", "offset 3: \\u0000"},
        {"\"\\ud800\"", "half of a surrogate pair"},
        {"\"\\ud800\\u0041\"", "half of a surrogate pair"},
        {"\"\\udc00\"", "half of a surrogate pair"},
        {"\"\\u12g4\"", "four hexadecimal digits"},
        {"\"\\u12", "four hexadecimal digits"},
        {"\"\\x41\"", "offset 2: no such escape"},
        {"\"\\", "offset 2: no such escape"},
        {"\"a", "offset 0: the text that begins here does not end"},
        {"\"a\nb\"", "offset 2: a control character"},
        {"\"\xFF\"", "offset 1: not UTF-8"},
        {"\"\xC0\x80\"", "not UTF-8"},
        {"\"\xED\xA0\x80\"", "not UTF-8"},
        {"\"\xF4\x90\x80\x80\"", "not UTF-8"},
        {"\"\xE2\x82\"", "not UTF-8"},
        {"01", "offset 1: a number does not begin with 0"},
        {"-", "offset 1: the text ends, expected a digit"},
        {"+1", "offset 0: expected a value"},
        {".5", "offset 0: expected a value"},
        {"1.", "offset 2: the text ends, expected a digit"},
        {"1e", "offset 2: the text ends, expected a digit"},
        {"0x10", "offset 1: something stands behind"},
        {"1e999", "offset 0: the number is too large"},
        {"[-1e999]", "offset 1: the number is too large"},
        {"9007199254740993", "offset 0: the integer is too large to be exact"},
        {"-9007199254740993", "too large to be exact"},
        {"18446744073709551615", "too large to be exact"},
        {"0.000000000000000000000000000000000000000000000000000000000000001", "at most 63"},
        {"NaN", "offset 0: expected a value"},
        {"Infinity", "offset 0: expected a value"},
        {"tru", "offset 0: expected a value"},
        {"True", "offset 0: expected a value"},
        {"// c\n1", "offset 0: expected a value"},
        {"\v1", "offset 0: expected a value"},
        {"[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", "offset 16: nested deeper than 16"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_refused(bad[i].text, strlen(bad[i].text), bad[i].expected);
    assert_refused("1\0", 2, "offset 1: something stands behind");
    assert_refused("\"a\0b\"", 5, "offset 2: a control character");
    assert_refused("{\"a\":1}\0", 8, "offset 7: something stands behind");
}

static void test_limits(void **state)
{
    static const struct json_limits small = {.size_max = 16, .depth_max = 2, .keys_max = 2};
    static const struct json_limits loose = {
        .size_max = 64, .depth_max = 2, .keys_max = 0, .allows_rounding = true};
    static const struct json_limits few = {.size_max = 64, .depth_max = 3, .keys_max = 2, .values_max = 4};
    cJSON *root = NULL;
    struct err err = {0};

    (void)state;
    assert_false(json_parse("[1,2,3,4,5,6,7,8,9]", 19, &small, &root, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_false(json_parse("[[1]]", 5, &small, &root, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_false(json_parse("{\"a\":1,\"b\":1,\"", 15, &small, &root, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_string_equal(err.text, "offset 13: more names than 2");
    assert_true(json_parse("{\"a\":1,\"b\":1}", 13, &small, &root, &err));
    json_free_at(&root);
    assert_null(root);
    assert_false(json_parse("[1,{\"a\":2},3]", 13, &few, &root, &err));
    assert_string_equal(err.text, "offset 11: more values than 4");
    assert_true(json_parse("[1,{\"a\":2}]", 11, &few, &root, &err));
    json_free_at(&root);
    assert_true(json_parse("[1700000000123456789]", 21, &loose, &root, &err));
    json_free(root);
    json_free(NULL);
}

/* The check and cJSON must agree: every byte string that the check takes, cJSON takes. */
static void test_agrees_with_cjson_on_mutants(void **state)
{
    static const char seed[] = "{\"a\":[1,-2.5e3,\"x\\n\\u00e9\"],\"b\":{\"c\":null,\"d\":true}}";
    static const char bytes[] = "{}[]\",:\\0123456789.-+eEtfnu \n\x80\xC3\xA9";
    uint32_t random = 12345;
    size_t taken = 0;

    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        char mutant[sizeof(seed)];
        memcpy(mutant, seed, sizeof(seed));
        for (size_t i = 0; i < 1 + round % 3; i++) {
            random = random * 1664525 + 1013904223;
            mutant[(random >> 8) % (sizeof(seed) - 1)] = bytes[(random >> 20) % (sizeof(bytes) - 1)];
        }
        cJSON *root = NULL;
        struct err err = {0};
        if (json_parse(mutant, sizeof(seed) - 1, NULL, &root, &err)) {
            taken++;
            char *text = json_print(root);
            cJSON *again = parse(text);
            assert_true(cJSON_Compare(root, again, 1));
            cJSON_Delete(again);
            free(text);
        }
        assert_int_not_equal(err.code, ERR_INTERNAL);
        cJSON_Delete(root);
    }
    assert_true(taken > 100);
}

struct fixture {
    cJSON *root;
    struct json_node object;
    struct err err;
};

static void with(struct fixture *fixture, const char *text)
{
    cJSON_Delete(fixture->root);
    *fixture = (struct fixture){.root = parse(text)};
    fixture->object = json_root(fixture->root);
}

static void test_getters_read(void **state)
{
    struct fixture fixture = {0};
    struct json_node inner = {0};
    struct json_node list = {0};
    const char *text = "before";
    double number = 7;
    int64_t integer = 7;
    bool flag = false;
    size_t length = 0;
    const struct json_node *object = &fixture.object;

    (void)state;
    with(&fixture, "{\"t\":\"abc\",\"n\":1.5,\"i\":-3,\"b\":true,\"o\":{\"x\":1},\"l\":[1,2],\"z\":null}");
    assert_true(json_text(object, "t", JSON_REQUIRED, 3, &text, &fixture.err));
    assert_string_equal(text, "abc");
    assert_true(json_number(object, "n", JSON_REQUIRED, &number, &fixture.err));
    assert_true(number == 1.5);
    assert_true(json_integer(object, "i", JSON_REQUIRED, -3, 0, &integer, &fixture.err));
    assert_int_equal(integer, -3);
    assert_true(json_bool(object, "b", JSON_REQUIRED, &flag, &fixture.err));
    assert_true(flag);
    assert_true(json_object(object, "o", JSON_REQUIRED, &inner, &fixture.err));
    assert_string_equal(JSON_POINTER(&inner), "#/o");
    assert_true(json_array(object, "l", JSON_REQUIRED, 2, &list, &length, &fixture.err));
    assert_int_equal(length, 2);
    text = "before";
    assert_true(json_text(object, "none", JSON_OPTIONAL, 3, &text, &fixture.err));
    assert_true(json_text(object, "z", JSON_OPTIONAL, 3, &text, &fixture.err));
    assert_true(json_text(object, "T", JSON_OPTIONAL, 3, &text, &fixture.err));
    assert_string_equal(text, "before");
    inner.item = NULL;
    assert_true(json_object(object, "none", JSON_OPTIONAL, &inner, &fixture.err));
    assert_null(inner.item);
    assert_true(json_array(object, "none", JSON_OPTIONAL, 2, &list, &length, &fixture.err));
    assert_true(json_bool(object, "none", JSON_OPTIONAL, &flag, &fixture.err));
    assert_true(json_number(object, "none", JSON_OPTIONAL, &number, &fixture.err));
    assert_true(json_integer(object, "none", JSON_OPTIONAL, 0, 1, &integer, &fixture.err));
    cJSON_Delete(fixture.root);
}

static void test_getters_name_the_place(void **state)
{
    struct fixture fixture = {0};
    struct json_node node = {0};
    const char *text = "untouched";
    double number = 7;
    int64_t integer = 7;
    bool flag = false;
    size_t length = 0;
    const struct json_node *object = &fixture.object;
    struct err *err = &fixture.err;

    (void)state;
    with(&fixture,
         "{\"t\":\"abc\",\"n\":1.5,\"i\":12,\"big\":1e300,\"l\":[1,2],\"z\":null,\"o\":{\"a/b~\":[true]}}");
    assert_false(json_text(object, "service", JSON_REQUIRED, 3, &text, err));
    assert_string_equal(err->text, "#/service: is missing");
    assert_false(json_text(object, "t", JSON_REQUIRED, 2, &text, err));
    assert_string_equal(err->text, "#/t: is longer than 2 bytes");
    assert_false(json_text(object, "n", JSON_OPTIONAL, 2, &text, err));
    assert_string_equal(err->text, "#/n: is a number, expected a text");
    assert_false(json_text(object, "z", JSON_REQUIRED, 2, &text, err));
    assert_string_equal(err->text, "#/z: is null, expected a text");
    assert_string_equal(text, "untouched");
    assert_false(json_number(object, "t", JSON_REQUIRED, &number, err));
    assert_string_equal(err->text, "#/t: is a text, expected a number");
    assert_false(json_integer(object, "n", JSON_REQUIRED, 0, 9, &integer, err));
    assert_string_equal(err->text, "#/n: is not a whole number");
    assert_false(json_integer(object, "big", JSON_REQUIRED, 0, 9, &integer, err));
    assert_false(json_integer(object, "i", JSON_REQUIRED, 0, 9, &integer, err));
    assert_string_equal(err->text, "#/i: is not from 0 to 9");
    assert_false(json_bool(object, "l", JSON_REQUIRED, &flag, err));
    assert_string_equal(err->text, "#/l: is an array, expected true or false");
    assert_false(json_object(object, "l", JSON_REQUIRED, &node, err));
    assert_false(json_array(object, "o", JSON_REQUIRED, 2, &node, &length, err));
    assert_string_equal(err->text, "#/o: is an object, expected an array");
    assert_false(json_array(object, "l", JSON_REQUIRED, 1, &node, &length, err));
    assert_string_equal(err->text, "#/l: has more than 1 elements");
    assert_true(json_object(object, "o", JSON_REQUIRED, &node, err));
    node = json_first(&node);
    assert_string_equal(json_name(&node), "a/b~");
    node = json_first(&node);
    assert_false(json_as_number(&node, &number, err));
    assert_string_equal(err->text, "#/o/a~1b~0/0: is true, expected a number");
    node = json_member(object, "none");
    assert_false(json_as_object(&node, err));
    assert_string_equal(err->text, "#/none: is missing, expected an object");
    cJSON_Delete(fixture.root);
}

static void test_walks(void **state)
{
    struct fixture fixture = {0};
    double sum = 0;
    size_t count = 0;

    (void)state;
    with(&fixture, "[1,2,3]");
    assert_true(json_is_array(&fixture.object));
    assert_false(json_is_object(&fixture.object));
    for (struct json_node at = json_first(&fixture.object); at.item != NULL;
         at = json_next(&fixture.object, &at)) {
        double number = 0;
        char pointer[8];
        assert_true(json_as_number(&at, &number, &fixture.err));
        (void)snprintf(pointer, sizeof(pointer), "#/%zu", count++);
        assert_string_equal(JSON_POINTER(&at), pointer);
        assert_null(json_name(&at));
        sum += number;
    }
    assert_true(sum == 6);
    cJSON_Delete(fixture.root);
}

/* Few names are compared each with each, more of them are sorted. */
static void test_finds_one_of_many_twice(void **state)
{
    static const char text[] = "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"d\":1,"
                               "\"i\":{\"d\":1}}";
    cJSON *root = NULL;
    struct err err = {0};

    (void)state;
    assert_false(json_parse(text, sizeof(text) - 1, NULL, &root, &err));
    assert_string_equal(err.text, "offset 49: \"d\" stands twice in one object");
}

static void test_refuses_unknown_keys(void **state)
{
    static const char *const names[] = {"service", "version", "digest"};
    struct fixture fixture = {0};

    (void)state;
    with(&fixture, "{\"service\":1,\"versoin\":2}");
    assert_false(json_known_keys(&fixture.object, names, 3, &fixture.err));
    assert_string_equal(fixture.err.text, "#/versoin: is not known here; did you mean \"version\"?");
    with(&fixture, "{\"something\":1}");
    assert_false(json_known_keys(&fixture.object, names, 3, &fixture.err));
    assert_string_equal(fixture.err.text, "#/something: is not known here");
    with(&fixture, "{\"digest\":1,\"service\":2}");
    assert_true(json_known_keys(&fixture.object, names, 3, &fixture.err));
    cJSON_Delete(fixture.root);
}

static void test_paths(void **state)
{
    static const char *const good[] = {".",          ".a",       ".a.b[0].c", "[3]",   ".[3]",
                                       ".\"a b\".c", ".a[0][1]", ".a-b_c",    ".a[-1]"};
    static const char *const bad[] = {"",     "a",      "..",    ".a.",        ".a..b", ".a[",  ".a[x]",
                                      ".a[]", ".a[-0]", ".a[-]", ".a[1",       ".\"a",  ".a b", ".a\"b\"",
                                      "]",    ".a[0]b", ".a]",   ".[1234567]", ".a[0"};
    cJSON *root =
        parse("{\"a\":{\"b\":[{\"c\":42},[7]],\"x y\":\"1.5\"},\"ab\":1,\"version\":\"2.4.1\",\"t\":true}");
    struct err err = {0};
    double number = 0;
    char text[8];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
        assert_true(json_path_check(good[i], &err));
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        if (json_path_check(bad[i], &err))
            fail_msg("accepted %s", bad[i]);
        assert_null(json_path(root, bad[i]));
    }
    assert_ptr_equal(json_path(root, "."), root);
    assert_true(json_value_number(json_path(root, ".a.b[0].c"), &number));
    assert_true(number == 42);
    assert_true(json_value_number(json_path(root, ".a.b[1][0]"), &number));
    assert_true(number == 7);
    assert_ptr_equal(json_path(root, ".a.b[-1]"), json_path(root, ".a.b[1]"));
    assert_ptr_equal(json_path(root, ".a.b[-2]"), json_path(root, ".a.b[0]"));
    assert_null(json_path(root, ".a.b[-3]"));
    assert_true(json_value_number(json_path(root, ".a.\"x y\""), &number));
    assert_true(number == 1.5);
    assert_true(json_value_number(json_path(root, ".t"), &number));
    assert_true(number == 1);
    assert_false(json_value_number(json_path(root, ".version"), &number));
    assert_true(json_value_text(json_path(root, ".version"), text, sizeof(text)));
    assert_string_equal(text, "2.4.1");
    assert_true(json_value_text(json_path(root, ".t"), text, sizeof(text)));
    assert_string_equal(text, "true");
    assert_false(json_value_text(json_path(root, ".version"), text, 5));
    assert_false(json_value_text(json_path(root, ".a"), text, sizeof(text)));
    assert_false(json_value_number(NULL, &number));
    assert_false(json_value_text(NULL, text, sizeof(text)));
    assert_null(json_path(root, ".a.b[2]"));
    assert_null(json_path(root, ".a[0]"));
    assert_null(json_path(root, "[0]"));
    assert_null(json_path(root, ".version.x"));
    assert_null(json_path(root, ".A"));
    cJSON_Delete(root);
}

static void test_numbers_read_back_equal(void **state)
{
    static const double numbers[] = {0,
                                     -0.0,
                                     0.1,
                                     1.0 / 3,
                                     1e300,
                                     5e-324,
                                     1.7976931348623157e308,
                                     1e6,
                                     123456,
                                     1.5e-10,
                                     1e21,
                                     9007199254740991,
                                     0.30000000000000004};
    char text[JSON_NUMBER_MAX];
    uint64_t bits = 88172645463325252;

    (void)state;
    for (size_t i = 0; i < 20000; i++) {
        double number = 0;
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        memcpy(&number, &bits, sizeof(number));
        if (i < ARRAY_LENGTH(numbers))
            number = numbers[i];
        if (number - number != 0) /* not finite */
            continue;
        double again = strtod(json_format_number(number, text), NULL);
        assert_memory_equal(&again, &number, sizeof(number));
    }
    assert_string_equal(json_format_number(1700000000123, text), "1700000000123");
    assert_string_equal(json_format_number(0.1, text), "0.1");
    assert_string_equal(json_format_number(1e300 * 1e300, text), "null");
}

static void test_prints(void **state)
{
    static const char text[] = "{\"a\":[1,2.5,null,true,false,[],{}],\"b\\n\\u0001\":\"x\\\"\\\\/\xC3\xA9\"}";
    cJSON *root = parse(text);
    char *printed = json_print(root);

    (void)state;
    assert_string_equal(printed, text);
    free(printed);
    cJSON_Delete(root);
    root = parse("{\"a\":[1,{}],\"b\":{}}");
    printed = json_print_pretty(root);
    assert_string_equal(printed, "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {}\n}\n");
    free(printed);
    cJSON_Delete(root);
    root = cJSON_CreateString("cut \xE2\x82");
    printed = json_print(root);
    assert_string_equal(printed, "\"cut \xEF\xBF\xBD\xEF\xBF\xBD\"");
    free(printed);
    cJSON_Delete(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts_what_the_rfc_allows),
        cmocka_unit_test(test_refuses_the_rest),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_agrees_with_cjson_on_mutants),
        cmocka_unit_test(test_getters_read),
        cmocka_unit_test(test_getters_name_the_place),
        cmocka_unit_test(test_walks),
        cmocka_unit_test(test_finds_one_of_many_twice),
        cmocka_unit_test(test_refuses_unknown_keys),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_numbers_read_back_equal),
        cmocka_unit_test(test_prints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
