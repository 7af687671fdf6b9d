/* test_scrape_page.c - a page that is read slice by slice says what it says in one piece.
 * SPDX-License-Identifier: MIT */
#include "collectors/scrape_page.h"
#include "io/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { VALUES = 3000, LINE_SIZE = 64, CHOOSERS = 40 };

struct part {
    struct scrape_part part;
    struct err why;
};

static struct http_answer answer_of(const char *text)
{
    return (struct http_answer){.status = 200, .body = text, .length = strlen(text), .headers = ""};
}

static void choose(struct part *part, const char *selector)
{
    *part = (struct part){.part.why = &part->why};
    assert_true(selector_new(selector, &part->part.selector, NULL));
}

static void drop(struct part *part)
{
    selection_done(&part->part.selection);
    selector_free(part->part.selector);
}

static struct selector_index *index_of(struct part *parts, size_t count)
{
    struct selector_index *index = selector_index_new(count);

    for (size_t i = 0; i < count; i++)
        selector_index_add(index, &parts[i].part.entry, parts[i].part.selector, &parts[i].part);
    return index;
}

static char *long_text(const char *line, const char *end)
{
    char *text = memory_take(VALUES * LINE_SIZE + strlen(end) + 1);
    size_t length = 0;

    for (int i = 0; i < VALUES; i++)
        length += (size_t)snprintf(text + length, LINE_SIZE, line, i, i + 1);
    memcpy(text + length, end, strlen(end) + 1);
    return text;
}

/* How many slices it took; `why` is "" where the page is good. */
static size_t read_all(const char *text, struct part *parts, size_t count, char why[ERR_TEXT_MAX])
{
    struct selector_index *index = index_of(parts, count);
    struct http_answer answer = answer_of(text);
    struct scrape_page *page = NULL;
    struct err err = {0};
    enum labelled_step step = LABELLED_VALUE;
    size_t slices = 0;

    assert_true(scrape_page_new(&answer, &page, NULL));
    while (step == LABELLED_VALUE) {
        step = scrape_page_read(page, index, "a", &err);
        slices++;
    }
    assert_true((step == LABELLED_END) == (err.code == ERR_NONE));
    (void)snprintf(why, ERR_TEXT_MAX, "%s", err.text);
    scrape_page_free(page);
    selector_index_free(index);
    return slices;
}

static double first_of(const struct part *part)
{
    assert_int_equal(part->part.selection.count, 1);
    return part->part.selection.samples[0].value;
}

/* The first, the last, those around each slice's end and all of them are there, none twice. */
static void test_slices_lose_nothing(void **state)
{
    char *text = long_text("v{i=\"%d\",text=\"ten bytes.\"} %d\n", "");
    size_t slices_min = strlen(text) / (SCRAPE_SLICE_BYTES + LINE_SIZE);
    struct part parts[3];
    char why[ERR_TEXT_MAX];
    double sum = 0;

    (void)state;
    choose(&parts[0], "v{i='0'}");
    choose(&parts[1], "v{i='2999'}");
    choose(&parts[2], "v");
    size_t slices = read_all(text, parts, 3, why);
    assert_string_equal(why, "");
    assert_true(slices_min >= 2 && slices >= slices_min && slices <= slices_min + 3);
    assert_true(first_of(&parts[0]) == 1 && first_of(&parts[1]) == VALUES);
    assert_int_equal(parts[2].part.selection.count, VALUES);
    for (size_t i = 0; i < VALUES; i++)
        sum += parts[2].part.selection.samples[i].value;
    assert_true(sum == VALUES / 2 * (VALUES + 1));
    for (size_t i = 0; i < 3; i++)
        drop(&parts[i]);
    free(text);
}

/* Lines that nobody wants, and a few that many want. */
static void test_slices_are_bounded(void **state)
{
    char *comments = long_text("# comment %d %d, and words that make it long\n", "v 1\n");
    char *text = long_text("v{i=\"%d\"} %d\n", "");
    struct part parts[CHOOSERS];
    char why[ERR_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < CHOOSERS; i++)
        choose(&parts[i], "v{i=~'1'}");
    assert_true(read_all(comments, parts, 1, why) >= strlen(comments) / (SCRAPE_SLICE_BYTES + LINE_SIZE));
    assert_true(parts[0].part.selection.count == 0 && why[0] == '\0');
    assert_true(read_all(text, parts, CHOOSERS, why) >=
                VALUES * CHOOSERS / (SCRAPE_SLICE_COMPARISONS + CHOOSERS));
    for (size_t i = 0; i < CHOOSERS; i++) {
        assert_true(first_of(&parts[i]) == 2);
        drop(&parts[i]);
    }
    free(comments);
    free(text);
}

/* Who says what different labels are gets a value once, though they are the same. */
static void test_none_twice(void **state)
{
    static const char *const selectors[] = {"m{a='x'}", "m{b='x'}", "m{b='x',a='x'}", "m", "m{a='x',b!='y'}"};
    enum { COUNT = sizeof(selectors) / sizeof(*selectors) };
    struct part parts[COUNT];
    char why[ERR_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        choose(&parts[i], selectors[i]);
    assert_int_equal(read_all("m{a=\"x\",b=\"x\"} 7\nm{c=\"x\"} 8\nn{a=\"x\"} 9\n", parts, COUNT, why), 1);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(parts[i].part.selection.count, i == 3 ? 2 : 1);
        assert_true(parts[i].part.selection.samples[0].value == 7);
        drop(&parts[i]);
    }
}

static void test_a_wrong_end_is_found(void **state)
{
    char *text = long_text("v{i=\"%d\"} %d\n", "v{i=\"last\" 1\n");
    struct http_answer answer = answer_of("");
    struct scrape_page *page = NULL;
    struct part part;
    struct err err = {0};
    char why[ERR_TEXT_MAX];

    (void)state;
    choose(&part, "v");
    assert_true(read_all(text, &part, 1, why) >= 2);
    assert_string_equal(why, "line 3001: ',' or '}' is expected behind the label i");
    assert_int_equal(read_all("", &part, 1, why), 1);
    assert_string_equal(why, "");
    answer.status = 503;
    assert_false(scrape_page_new(&answer, &page, &err));
    answer = (struct http_answer){.status = 200,
                                  .body = "a 1\n",
                                  .length = 4,
                                  .headers = "Content-Type: application/openmetrics-text\n"};
    assert_false(scrape_page_new(&answer, &page, &err));
    drop(&part);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slices_lose_nothing),
        cmocka_unit_test(test_slices_are_bounded),
        cmocka_unit_test(test_none_twice),
        cmocka_unit_test(test_a_wrong_end_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
