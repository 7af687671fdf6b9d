/* test_notice_text.c - escaping and cutting of texts in notices; what kinds of notices mean.
 * SPDX-License-Identifier: MIT */
#include "drivers/notice_kind.h"
#include "drivers/notice_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void expect(const char *from, enum notice_escape escape, size_t size, const char *shown)
{
    char to[64];

    assert_true(size <= sizeof(to));
    memset(to, 'x', sizeof(to));
    assert_string_equal(notice_text(from, escape, to, size), shown);
}

static void escapes(void **state)
{
    (void)state;
    expect("a<b>&c", NOTICE_PLAIN, 64, "a<b>&c");
    expect("a<b>&c", NOTICE_ENTITIES, 64, "a&lt;b&gt;&amp;c");
    expect("a_b *c* [d](e)", NOTICE_MARKDOWN, 64, "a\\_b \\*c\\* \\[d\\](e)");
    expect("a\nb\tc\x7f", NOTICE_PLAIN, 64, "a b c ");
    expect("a\xE2\x80\xAE"
           "b",
           NOTICE_PLAIN, 64, "a b"); /* turns the direction of writing */
    expect("a\xFFz", NOTICE_PLAIN, 64, "a\xEF\xBF\xBDz");
}

static void cuts_between_characters(void **state)
{
    (void)state;
    expect("abcdef", NOTICE_PLAIN, 7, "abcdef");
    expect("abcdefg", NOTICE_PLAIN, 7, "abc...");
    expect("ab\xC3\xA4\xC3\xA4\xC3\xA4", NOTICE_PLAIN, 8, "ab\xC3\xA4...");
    expect("ab\xC3\xA4\xC3\xA4\xC3\xA4", NOTICE_PLAIN, 7, "ab...");
    expect("ab<cdefgh", NOTICE_ENTITIES, 10, "ab&lt;..."); /* an entity is whole, or not there */
    expect("ab<cdefgh", NOTICE_ENTITIES, 9, "ab...");
    expect("abcdefg", NOTICE_PLAIN, 3, "");
    expect("", NOTICE_PLAIN, 1, "");
}

static void kinds_have_a_meaning(void **state)
{
    (void)state;
    assert_int_equal(notice_kind_find("verdict_failed")->incident, NOTICE_OPENS);
    assert_int_equal(notice_kind_find("rolled_back")->incident, NOTICE_ENDS);
    assert_int_equal(notice_kind_find("brake_closed")->incident, NOTICE_OPENS);
    assert_int_equal(notice_kind_find("what else")->incident, NOTICE_TELLS);
    assert_string_equal(notice_severity_name(notice_kind_find("escalated")->severity), "critical");
    assert_int_equal(notice_colour(notice_kind_find("promoted")), 0x2e8b57);
    assert_int_not_equal(notice_colour(notice_kind_find("started")),
                         notice_colour(notice_kind_find("promoted")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(kinds_have_a_meaning),
    };
    return cmocka_run_group_tests_name("notice_text", tests, NULL, NULL);
}
