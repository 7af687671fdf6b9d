/* test_utf8.c - texts that were cut in the middle of a character.
 * SPDX-License-Identifier: MIT */
#include "io/utf8.h"

#include "base/attributes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NONE "\xEF\xBF\xBD"

static void test_what_is_no_character_is_replaced(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
        {"gr\xC3", "gr" NONE},   /* cut */
        {"\xE2\x9C", NONE NONE}, /* two bytes of three */
        {"a\xFF"
         "b",
         "a" NONE "b"},                   /* never one */
        {"\xC0\x80.", NONE NONE "."},     /* overlong */
        {"\xED\xA0\x80", NONE NONE NONE}, /* a surrogate */
        {"\xF0\x9F\x9A\x80", "\xF0\x9F\x9A\x80"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char *mended = utf8_mended(rows[i][0]);
        assert_string_equal(mended, rows[i][1]);
        assert_true(utf8_is_valid(mended, strlen(mended)));
        free(mended);
    }
}

/* A byte that is wrong is found wherever it stands in a long text, and a right one lets pass. */
static void test_long_texts(void **state)
{
    char text[40];

    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t length = 1; length <= sizeof(text); length++)
        for (size_t at = 0; at < length; at++) {
            assert_true(utf8_is_valid(text, length));
            text[at] = '\xC3';
            assert_false(utf8_is_valid(text, length));
            if (at + 1 < length) {
                text[at + 1] = '\xBC';
                assert_true(utf8_is_valid(text, length));
                text[at + 1] = 'x';
            }
            text[at] = 'x';
        }
}

static void test_controls_beyond_ascii(void **state)
{
    static const struct {
        const char *text;
        bool is_control;
    } rows[] = {
        {"\xC2\x80", true},      {"\xC2\x9F", true},      {"\xC2\xA0", false},
        {"\xE2\x80\x8D", false}, {"\xE2\x80\x8E", true},  {"\xE2\x80\x8F", true},
        {"\xE2\x80\x90", false}, {"\xE2\x80\xA8", true},  {"\xE2\x80\xAE", true},
        {"\xE2\x80\xAF", false}, {"\xE2\x81\xA5", false}, {"\xE2\x81\xA6", true},
        {"\xE2\x81\xA9", true},  {"\xE2\x81\xAA", false}, {"a", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        assert_int_equal(utf8_is_control(rows[i].text, strlen(rows[i].text)), rows[i].is_control);
    assert_int_equal(utf8_length("", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_character_is_replaced),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_controls_beyond_ascii),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
