/* test_listed.c - lists of past deployments: what they hold, and what is said of broken ones, line by line.
 * SPDX-License-Identifier: MIT */
#include "cli/listed.h"

#include "base/text.h"
#include "support/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool read_text(const char *text, struct listed *ret_listed, struct err *err)
{
    struct folder folder = folder_make();
    char path[FOLDER_PATH_MAX];

    folder_write(&folder, "x.csv", text);
    bool is_good = listed_read(folder_path(&folder, "x.csv", path), ret_listed, err);
    folder_remove(&folder);
    return is_good;
}

static void test_a_list(void **state)
{
    static const char text[] = "# what went out\n\n"
                               " outcome , end, start,version,environment,service,slot\r\n"
                               "good,1970-01-02T00:00:10Z,86400,1.0,prod,shop,blue\r\n"
                               ",200,100,2.0,prod,shop,\n"
                               "rolled_back,200,100,3.0,prod,shop,green";
    struct listed listed;
    struct err err = {0};

    (void)state;
    if (!read_text(text, &listed, &err))
        fail_msg("%s", err.text);
    assert_int_equal(listed.finding_count, 0);
    assert_int_equal(listed.count, 3);
    assert_int_equal(listed.rows[0].line, 4);
    assert_int_equal(listed.rows[0].start_ms, 86400000);
    assert_int_equal(listed.rows[0].end_ms, 86410000);
    assert_string_equal(listed.rows[0].slot, "blue");
    assert_string_equal(listed.rows[0].stable_slot, "");
    assert_string_equal(listed.rows[0].previous, "");
    assert_int_equal(listed.rows[0].label, PAST_GOOD);
    assert_int_equal(listed.rows[1].label, PAST_UNKNOWN);
    assert_int_equal(listed.rows[2].label, PAST_BAD);
    assert_string_equal(listed.rows[2].version, "3.0");
    listed_done(&listed);
}

#define HEADER "service,environment,version,start,end\n"

static const struct {
    const char *text;
    const char *said; /* the first finding */
} broken[] = {
    {"", "no line names the columns"},
    {"service,environment,version,start\n", "x.csv:1: the first line names the columns; 'end' is missing"},
    {"service,enviroment,version,start,end\n", "did you mean 'environment'?"},
    {"service,environment,version,start,end,end\n", "column 'end' stands twice"},
    {"a,b,c,d,e,f,g,h,i,j,k\n", "unknown column 'a'"},
    {HEADER "shop,prod,1.0,1\n", "x.csv:2: 4 fields where the first line has 5"},
    {HEADER "shop,prod,1.0,1,2,3\n", "x.csv:2: 6 fields where the first line has 5"},
    {HEADER "shop,prod,1.0,1,2\n\nshop,prod,-,1,2\n", "x.csv:4: version: '-' is no version"},
    {HEADER "SHOP,prod,1.0,1,2\n", "service: 'SHOP' is no name"},
    {HEADER ",prod,1.0,1,2\n", "service: '' is no name"},
    {HEADER "shop,prod,1.0,2026-11-20 10:00,2\n", "start: '2026-11-20 10:00' is no time"},
    {HEADER "shop,prod,1.0,2026-11-20T10:00:00Z+1,2\n", "is no time"},
    {HEADER "shop,prod,1.0,-5,2\n", "start: '-5' is no time"},
    {HEADER "shop,prod,1.0,5,5\n", "it ends before it starts"},
    {HEADER "shop,prod,1.0,5,1000000\n", "it takes longer than two days"},
    {HEADER "shop,\"prod\",1.0,1,2\n", "quotes are not known here"},
};

static void test_broken_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct listed listed;
        struct err err = {0};
        if (!read_text(broken[i].text, &listed, &err))
            fail_msg("%s", err.text);
        if (listed.finding_count == 0 || strstr(listed.findings[0], broken[i].said) == NULL)
            fail_msg("%s:\n%s\nnot\n%s", broken[i].text, listed.findings[0], broken[i].said);
        listed_done(&listed);
    }
}

static void test_more_findings_than_are_kept(void **state)
{
    struct listed listed;
    struct err err = {0};
    char memory[1024];
    struct text text;

    (void)state;
    text_init(&text, memory, sizeof(memory));
    text_add(&text, HEADER);
    for (int i = 0; i < 30; i++)
        text_add(&text, "shop,prod,1.0,2,1\n");
    assert_true(read_text(memory, &listed, &err));
    assert_int_equal(listed.finding_count, 30);
    assert_int_equal(listed.count, 0);
    assert_non_null(strstr(listed.findings[LISTED_FINDINGS_MAX - 1], ":21: it ends before it starts"));
    listed_done(&listed);
    assert_false(listed_read("/nowhere/x.csv", &listed, &err));
    assert_int_equal(err.code, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_list), cmocka_unit_test(test_broken_ones),
                                       cmocka_unit_test(test_more_findings_than_are_kept)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
