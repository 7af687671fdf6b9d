/* test_base.c - errors, arenas, texts, durations, options.
 * SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "base/duration.h"
#include "base/err.h"
#include "base/option.h"
#include "base/text.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_err_wraps(void **state)
{
    struct err err = {0};

    (void)state;
    assert_false(err_set(&err, ERR_NOT_FOUND, "no file %s", "x"));
    assert_false(err_wrap(&err, "loading %d", 7));
    assert_string_equal(err.text, "loading 7: no file x");
    assert_string_equal(err_code_name(err.code), "not-found");
    assert_false(err_set(NULL, ERR_IO, "nobody listens"));
    assert_false(err_wrap(NULL, "nobody listens"));
}

static void test_arena_ends(void **state)
{
    alignas(max_align_t) unsigned char memory[128];
    struct arena arena;

    (void)state;
    arena_init(&arena, memory, sizeof(memory));
    char *copy = arena_copy_text(&arena, "abc");
    assert_string_equal(copy, "abc");
    assert_non_null(arena_take(&arena, 100));
    assert_null(arena_take(&arena, 1));
    assert_null(arena_take_array(&arena, SIZE_MAX / 2, 4));
    assert_null(arena_take(&arena, SIZE_MAX));
    assert_null(arena_copy_text(&arena, "abc"));
    arena_reset(&arena);
    assert_non_null(arena_take_array(&arena, 4, 8));
}

static void test_text_is_bounded(void **state)
{
    char memory[8];
    struct text text;

    (void)state;
    text_init(&text, memory, sizeof(memory));
    text_add(&text, "%d", 12345);
    text_add_bytes(&text, "ab", 2);
    assert_string_equal(memory, "12345ab");
    assert_false(text.is_cut);
    text_add(&text, "x");
    assert_true(text.is_cut);
    text_init(&text, memory, sizeof(memory));
    text_add_bytes(&text, "123456789", 9);
    assert_true(text.is_cut);
    assert_string_equal(memory, "1234567");
    assert_false(text_copy(memory, sizeof(memory), "12345678"));
    assert_true(text_copy(memory, sizeof(memory), "7654321"));
}

static void test_names(void **state)
{
    (void)state;
    assert_true(text_is_name("shop-2"));
    assert_false(text_is_name("Shop"));
    assert_false(text_is_name("s_p"));
    assert_false(text_is_name(""));
    assert_true(text_is_metric("error_rate"));
    assert_false(text_is_metric("error-rate"));
    assert_true(text_is_version("2.4.1-rc1+b~7"));
    assert_false(text_is_version("-1"));
    assert_false(text_is_version("1;2"));
    assert_true(text_is_digest("sha256:0123456789abcdef0123456789abcdef"));
    assert_false(text_is_digest("sha256:xyz"));
    assert_false(text_is_digest("0123"));
}

static void test_numbers(void **state)
{
    double number = 0;
    int64_t integer = 0;
    static const char *const bad[] = {"", "1,5", "0x10", "inf", "nan", "1e999", " 1", "1 "};

    (void)state;
    assert_true(text_to_number("-1.5e3", &number));
    assert_true(number == -1500);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(text_to_number(bad[i], &number));
    assert_true(text_to_integer("42", 0, 100, &integer));
    assert_int_equal(integer, 42);
    assert_false(text_to_integer("101", 0, 100, &integer));
    assert_false(text_to_integer("4x", 0, 100, &integer));
    assert_false(text_to_integer("99999999999999999999", INT64_MIN, INT64_MAX, &integer));
}

/* Short ones are read without strtod, and are what it would say to the last bit. */
static void test_numbers_are_exact(void **state)
{
    static const char *const texts[] = {"0",
                                        "-0",
                                        "007",
                                        ".5",
                                        "-.5",
                                        "5.",
                                        "-5.",
                                        "0.1",
                                        "123456789012345",
                                        "1234567890123456",
                                        "0.000000000000001",
                                        "99999999999999.9",
                                        ".999999999999999",
                                        "-0.30000000000004",
                                        "9007199254740993",
                                        "2.5e-3",
                                        "+1",
                                        "1e22"};
    static const char *const bad[] = {".", "-", "-.", "1..2", "1.2.3", "--1", "1-", "1.5x", "1e", "."};
    char text[32];
    double number = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        double expected = strtod(texts[i], NULL);
        if (!text_to_number(texts[i], &number) || memcmp(&number, &expected, sizeof(number)) != 0)
            fail_msg("%s: %.17g", texts[i], number);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        if (text_to_number(bad[i], &number))
            fail_msg("%s: %.17g", bad[i], number);
    uint64_t seed = 1;
    for (int i = 0; i < 20000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        (void)snprintf(text, sizeof(text), "%s%" PRIu64 ".%0*" PRIu64, i % 2 == 0 ? "" : "-", seed >> 40,
                       1 + i % 8, (seed & 0xffffff) % 10);
        double expected = strtod(text, NULL);
        if (!text_to_number(text, &number) || memcmp(&number, &expected, sizeof(number)) != 0)
            fail_msg("%s: %.17g", text, number);
    }
}

static void test_nearest(void **state)
{
    static const char *const names[] = {"triggers", "baselines", "metrics"};

    (void)state;
    assert_string_equal(text_nearest("trigers", names, 3), "triggers");
    assert_null(text_nearest("nothing", names, 3));
}

static void test_durations(void **state)
{
    char text[DURATION_TEXT_MAX];
    int64_t ms = 0;
    static const char *const bad[] = {
        "",     "5",   "m",   "5x",    "5m3",   "0.5ms",  "1e3s",
        "400d", "5 m", "-5s", "0.3ms", "0.7ms", "1.2.3s", "00000000000000000000000000000001s"};

    (void)state;
    assert_true(duration_parse("1h30m", &ms));
    assert_int_equal(ms, 5400000);
    assert_true(duration_parse("250ms", &ms));
    assert_int_equal(ms, 250);
    assert_true(duration_parse("0.5s", &ms));
    assert_int_equal(ms, 500);
    assert_true(duration_parse("64.4s", &ms));
    assert_int_equal(ms, 64400);
    assert_true(duration_parse("130.2s", &ms));
    assert_int_equal(ms, 130200);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(duration_parse(bad[i], &ms));
    assert_string_equal(duration_format(90061001, text, sizeof(text)), "1d1h1m1s1ms");
    assert_string_equal(duration_format(0, text, sizeof(text)), "0s");
    assert_string_equal(duration_format(-1500, text, sizeof(text)), "-1s500ms");
}

static const char *const colours[] = {"red", "blue", NULL};
static const struct option table[] = {
    {.name = "url", .type = OPTION_TEXT, .is_required = true, .help = "where it answers"},
    {.name = "every",
     .type = OPTION_DURATION,
     .min = 100,
     .max = 3600000,
     .fallback = "1s",
     .help = "how often"},
    {.name = "tries", .type = OPTION_INTEGER, .min = 1, .max = 9, .fallback = "3", .help = "how many"},
    {.name = "on", .type = OPTION_BOOL, .help = "whether"},
    {.name = "colour", .type = OPTION_CHOICE, .choices = colours, .help = "which"},
    {.name = "list", .type = OPTION_LIST, .help = "several"},
    {.name = "map", .type = OPTION_MAP, .help = "named"},
};

static void test_options(void **state)
{
    alignas(max_align_t) unsigned char memory[1024];
    struct arena arena;
    struct option_value values[ARRAY_LENGTH(table)] = {{0}};
    struct option_value value;
    struct err err = {0};
    static const struct {
        size_t option;
        const char *text;
    } bad[] = {{1, "5"}, {1, "1ms"}, {2, "0"}, {2, "1.5"}, {2, "x"}, {3, "yes"}, {4, "green"}, {6, "x"}};

    (void)state;
    arena_init(&arena, memory, sizeof(memory));
    assert_false(option_complete(table, ARRAY_LENGTH(table), &arena, values, &err));
    assert_string_equal(err.text, "url is missing (where it answers)");
    assert_true(option_parse(&table[0], "http://x", &arena, &values[0], &err));
    assert_true(option_complete(table, ARRAY_LENGTH(table), &arena, values, &err));
    assert_int_equal(values[1].duration_ms, 1000);
    assert_true(values[2].number == 3);
    assert_false(values[3].is_set);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(option_parse(&table[bad[i].option], bad[i].text, &arena, &value, &err));
    assert_true(option_parse(&table[3], "true", &arena, &value, &err) && value.flag);
    assert_true(option_parse(&table[4], "blue", &arena, &value, &err) && value.choice == 1);
    assert_true(option_parse(&table[5], "one", &arena, &value, &err) && value.list_length == 1);
    assert_int_equal(option_find(table, ARRAY_LENGTH(table), "none"), ARRAY_LENGTH(table));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_err_wraps),       cmocka_unit_test(test_arena_ends),
        cmocka_unit_test(test_text_is_bounded), cmocka_unit_test(test_names),
        cmocka_unit_test(test_numbers),         cmocka_unit_test(test_numbers_are_exact),
        cmocka_unit_test(test_nearest),         cmocka_unit_test(test_durations),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
