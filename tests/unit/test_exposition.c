/* test_exposition.c - text expositions, right and wrong, and what a selector chooses from them.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "collectors/exposition.h"
#include "collectors/selector.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_S = 1700000000 };

static struct exposition reader;

static bool has_key(const struct selector *selector, const struct labelled *value)
{
    uint64_t key = 0;

    return selector_key_of(selector, value, &key) && key == selector_key(selector);
}

/* What fits has the key as well. */
static bool add(struct selection *selection, const struct selector *selector, const struct labelled *value,
                struct err *err)
{
    size_t before = selection->count;
    bool is_good = selection_add(selection, selector, "", value, NOW_S * INT64_C(1000), err);

    assert_true(selection->count == before || has_key(selector, value));
    return is_good;
}

/* All that fits; `why` is "" where the text is good. */
static bool select_from(const char *bytes, size_t length, bool must_be_whole, const char *selector_text,
                        struct prometheus_vector *ret_vector, char why[ERR_TEXT_MAX])
{
    struct selector *selector = NULL;
    struct selection selection = {0};
    struct labelled value;
    struct err err = {0};
    bool is_good = exposition_begin(&reader, bytes, length, must_be_whole, &err);
    enum labelled_step step = LABELLED_END;

    assert_true(selector_new(selector_text, &selector, NULL));
    while (is_good && (step = exposition_next(&reader, &value, &err)) == LABELLED_VALUE)
        is_good = add(&selection, selector, &value, &err);
    is_good = is_good && step == LABELLED_END;
    assert_true(is_good == (err.text[0] == '\0'));
    (void)snprintf(why, ERR_TEXT_MAX, "%s", err.text);
    selection_take(&selection, ret_vector);
    selector_free(selector);
    return is_good;
}

static double one(const char *text, const char *selector)
{
    struct prometheus_vector vector;
    char why[ERR_TEXT_MAX];

    if (!select_from(text, strlen(text), false, selector, &vector, why))
        fail_msg("%s", why);
    if (vector.count != 1)
        fail_msg("%s: %zu values", selector, vector.count);
    double value = vector.samples[0].value;
    prometheus_vector_done(&vector);
    return value;
}

static size_t count_of(const char *text, const char *selector)
{
    struct prometheus_vector vector;
    char why[ERR_TEXT_MAX];

    if (!select_from(text, strlen(text), false, selector, &vector, why))
        fail_msg("%s: %s", selector, why);
    size_t count = vector.count;
    prometheus_vector_done(&vector);
    return count;
}

static void assert_wrong(const char *bytes, size_t length, bool must_be_whole, const char *expected)
{
    struct prometheus_vector vector;
    char why[ERR_TEXT_MAX];

    if (select_from(bytes, length, must_be_whole, "a", &vector, why))
        fail_msg("taken for good: %s", bytes);
    if (strstr(why, expected) == NULL)
        fail_msg("'%s' instead of '%s'", why, expected);
    prometheus_vector_done(&vector);
}

static const char page[] = "# HELP http_requests_total All of them.\n"
                           "# TYPE http_requests_total counter\n"
                           "http_requests_total{code=\"200\",method=\"get\"} 1027 1700000000123\n"
                           "http_requests_total{method=\"post\", code=\"503\",} 3\n"
                           "\n"
                           "   # a note\n"
                           "http_requests_total { code = \"500\" , method = \"get\" }\t4.5e1\r\n"
                           "path{p=\"C:\\\\DIR\\n\\\"x\\\" \\d ü\"} -1\n"
                           "empty{} +Inf\n"
                           "none NaN\n"
                           "up 1";

static void test_prometheus_text(void **state)
{
    (void)state;
    assert_true(one(page, "up") == 1);
    assert_true(one(page, "http_requests_total{code='200'}") == 1027);
    assert_true(one(page, "http_requests_total{code=\"503\", method!='get'}") == 3);
    assert_true(one(page, "path{p='C:\\\\DIR\\n\"x\" \\\\d ü'}") == -1);
    assert_true(one(page, "empty") == INFINITY && isnan(one(page, "none")));
    assert_int_equal(count_of(page, "http_requests_total"), 3);
    assert_int_equal(count_of(page, "http_requests_total{code=~'5..'}"), 2);
    assert_int_equal(count_of(page, "http_requests_total{code=~'5'}"), 0); /* a pattern fits as a whole */
    assert_int_equal(count_of(page, "http_requests_total{code!~'5..|4..',method=~'get|post'}"), 1);
    assert_int_equal(count_of(page, "http_requests_total{zone=''}"), 3); /* what is not there is "" */
    assert_int_equal(count_of(page, "http_requests"), 0);
    assert_int_equal(count_of("", "up"), 0);
}

/* A key leaves out most of what does not fit: what has another name, or another text where one is said. */
static void test_keys(void **state)
{
    static const struct {
        const char *selector;
        size_t count;
    } keys[] = {{"http_requests_total", 3},
                {"http_requests_total{code='503'}", 1},
                {"http_requests_total{method='get',code='200'}", 1},
                {"http_requests_total{code=~'2..',method='post'}", 1},
                {"http_requests_total{code='',method!='get'}", 3},
                {"http_requests_total{mode='get'}", 0},
                {"http_requests{method='get'}", 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        struct selector *selector = NULL;
        struct labelled value;
        struct err err = {0};
        size_t count = 0;
        assert_true(selector_new(keys[i].selector, &selector, NULL));
        assert_true(exposition_begin(&reader, page, strlen(page), false, &err));
        while (exposition_next(&reader, &value, &err) == LABELLED_VALUE)
            count += has_key(selector, &value);
        assert_int_equal(count, keys[i].count);
        selector_free(selector);
    }
}

static bool are_alike(const char *a, const char *b)
{
    struct selector *one = NULL;
    struct selector *other = NULL;

    assert_true(selector_new(a, &one, NULL) && selector_new(b, &other, NULL));
    bool is_alike = selector_is_alike(one, other);
    assert_true(is_alike == selector_is_alike(other, one));
    assert_string_equal(selector_name(one), "m");
    selector_free(one);
    selector_free(other);
    return is_alike;
}

static void test_alike(void **state)
{
    (void)state;
    assert_true(are_alike("m", "m{}"));
    assert_true(are_alike("m{a='1',b='2'}", "m{b='3', a='4'}"));
    assert_true(are_alike("m{a='1',b!='2'}", "m{c=~'3',d='',a='4'}"));
    assert_false(are_alike("m{a='1'}", "m{b='1'}"));
    assert_false(are_alike("m{a='1'}", "m"));
    assert_false(are_alike("m", "n"));
}

static void test_open_metrics(void **state)
{
    static const char text[] = "# TYPE h histogram\n"
                               "h_bucket{le=\"0.5\"} 8 # {trace_id=\"x\"} 0.47 1700000000.1\n"
                               "h_bucket{le=\"+Inf\"} 9 1700000000.5 # {} 0.9\n"
                               "h_count 9\n"
                               "# EOF\n";
    struct prometheus_vector vector;
    char why[ERR_TEXT_MAX];

    (void)state;
    assert_true(select_from(text, sizeof(text) - 1, true, "h_bucket", &vector, why));
    assert_int_equal(vector.count, 2);
    assert_true(vector.samples[0].bound == 0.5 && vector.samples[0].value == 8);
    assert_true(vector.samples[1].bound == INFINITY && vector.samples[1].value == 9);
    assert_string_equal(vector.samples[0].labels, vector.samples[1].labels);
    prometheus_vector_done(&vector);
    assert_wrong(text, sizeof(text) - 3, true, "a part is missing");
    assert_wrong("a 1\n", 4, true, "a part is missing");
    assert_wrong("a 1# EOF", 8, true, "a part is missing");
    assert_wrong("", 0, true, "a part is missing");
    assert_true(select_from("# EOF", 5, true, "a", &vector, why)); /* nothing, and all of it */
    assert_int_equal(vector.count, 0);
    prometheus_vector_done(&vector);
    assert_wrong("a 1\n# EOF\nb 1\n# EOF\n", 20, true, "line 2: something stands behind '# EOF'");
}

static void test_equal_sets_are_equal_texts(void **state)
{
    static const char text[] = "a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 2\na{x=\"1\"} 3\n";
    struct prometheus_vector vector;
    char why[ERR_TEXT_MAX];

    (void)state;
    assert_true(select_from(text, sizeof(text) - 1, false, "a", &vector, why));
    assert_int_equal(vector.count, 3);
    assert_string_equal(vector.samples[0].labels, vector.samples[1].labels);
    assert_string_not_equal(vector.samples[0].labels, vector.samples[2].labels);
    prometheus_vector_done(&vector);
}

#define WRONG(text, why)                                                                                     \
    {                                                                                                        \
        text, sizeof(text) - 1, why                                                                          \
    }

static void test_what_is_no_exposition(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *why;
    } texts[] = {
        WRONG("<html><body>please log in</body></html>\n", "line 1: neither a comment nor a metric"),
        WRONG("{\"a\": 1}", "line 1: neither a comment nor a metric"),
        WRONG("a 1\na 1,5\n", "line 2: '1,5' is not the value of a: no number"),
        WRONG("a 1e999\n", "line 1: '1e999' is not the value of a"),
        WRONG("a 0x10\n", "no number"),
        WRONG("a nan\n", "no number"),
        WRONG("a\n", "line 1: '' is not the value of a"),
        WRONG("a 1 now\n", "no time"),
        WRONG("a 1 1e300\n", "no time"),
        WRONG("a 1 1700000000000 3\n", "behind the time"),
        WRONG("1a 1\n", "neither a comment nor a metric"),
        WRONG("a{b=\"1\" 1\n", "',' or '}' is expected behind the label b"),
        WRONG("a{b=\"1\"", "',' or '}' is expected behind the label b"),
        WRONG("a{b=1} 1\n", "the label b has no value in quotes"),
        WRONG("a{b=\"1} 1\n", "the label b has no value in quotes"),
        WRONG("a{b=\"1\\", "the label b has no value in quotes"),
        WRONG("a{b} 1\n", "'=' is expected behind the label b"),
        WRONG("a{b:c=\"1\"} 1\n", "'=' is expected behind the label b"),
        WRONG("a{\"b.c\"} 1\n", "the name of a label is expected"),
        WRONG("a{b=\"1\",b=\"2\"} 1\n", "the label b is there twice"),
        WRONG("a 1 # 0.5\n", "labels in braces are expected"),
        WRONG("a 1 # {x=\"1\"} y\n", "in the exemplar"),
        WRONG("a{b=\"\xff\"} 1\n", "line 1: no UTF-8"),
        WRONG("a 1\0\n", "line 1: no UTF-8"),
        WRONG("a 1 1699990000000\n", "a says of itself that it is of the past, 10000 s away"),
        WRONG("a 1 1700010000000\n", "the future, 10000 s"),
        WRONG("a{le=\"x\"} 1\n", "a has an le that is no number"),
        WRONG("a 1 # {x=\"1\" 2\n", "labels in braces are expected"),
        WRONG("a 1 # {} 1 x\n", "in the exemplar"),
        WRONG("a 1 # {} 1 2 3\n", "in the exemplar"),
        WRONG("a\t1\tx\n", "no time"),
        WRONG("a 1 2 x\n", "behind the time"),
        WRONG("a 1111111111222222222233333333334444444444555555555566666666667777777777\n",
              "'111111111122222222223333333333444444444455555555556666666666777' is not the value of a"),
        WRONG(":a b", "'b' is not the value of :a"),
        WRONG("b 1# EOF\na", "line 1: '1#' is not the value of b"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        assert_wrong(texts[i].bytes, texts[i].length, false, texts[i].why);
}

static void test_limits(void **state)
{
    size_t size = 4 * LABELLED_LINE_MAX;
    char *text = calloc(1, size + 1);
    size_t length = 0;

    (void)state;
    assert_non_null(text);
    length = (size_t)snprintf(text, size, "a{");
    for (int i = 0; i <= LABELLED_LABELS_MAX; i++)
        length += (size_t)snprintf(text + length, size - length, "l%d=\"\",", i);
    length += (size_t)snprintf(text + length, size - length, "} 1\n");
    assert_wrong(text, length, false, "more than 64 labels");
    memset(text, 'a', size);
    assert_wrong(text, LABELLED_LINE_MAX, false, "is not the value of aaa");
    assert_wrong(text, LABELLED_LINE_MAX + 1, false, "longer than 16384 bytes");
    for (length = 0; length < PROMETHEUS_SAMPLES_MAX + 1; length++)
        memcpy(text + 4 * length, "a 1\n", 4);
    assert_wrong(text, 4 * length, false, "a has more than 4096 series");
    free(text);
}

static void test_what_is_no_selector(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } texts[] = {
        {"", "a name is expected"},
        {"sum(rate(a[5m]))", "functions are Prometheus' own"},
        {"{a='b'}", "a name is expected"},
        {"a{b}", "character 4: =, !=, =~ or !~ is expected"},
        {"a{b=c}", "a text in quotes is expected"},
        {"a{b='c}", "a text in quotes is expected"},
        {"a{b='\\d'}", "backslashes doubled"},
        {"a{b='c' d='e'}", "a comma or } is expected"},
        {"a{b='c'", "a comma or } is expected"},
        {"a{b='c'} 1", "nothing is expected behind }"},
        {"a{='c'}", "the name of a label is expected"},
        {"a{b=~'('}", "byte"},
        {"a{b='\\", "backslashes doubled"},
        {"a{b=\"c'}", "a text in quotes is expected"},
    };
    static char text[2 * SELECTOR_LENGTH_MAX];
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        if (selector_check(texts[i].text, &err))
            fail_msg("taken for good: %s", texts[i].text);
        if (strstr(err.text, texts[i].why) == NULL)
            fail_msg("%s: %s", texts[i].text, err.text);
    }
    size_t length = (size_t)snprintf(text, sizeof(text), "a{b=~'");
    memset(text + length, 'x', 3000);
    (void)snprintf(text + length + 3000, sizeof(text) - length - 3000, "'}");
    assert_false(selector_check(text, &err));
    assert_non_null(strstr(err.text, "a pattern is longer"));
    memset(text, 'a', SELECTOR_LENGTH_MAX);
    text[SELECTOR_LENGTH_MAX] = '\0';
    assert_false(selector_check(text, &err));
    assert_non_null(strstr(err.text, "longer than 4095 bytes"));
    length = (size_t)snprintf(text, sizeof(text), "a{");
    for (int i = 0; i <= SELECTOR_MATCHERS_MAX; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "l%d='',", i);
    (void)snprintf(text + length, sizeof(text) - length, "}");
    assert_false(selector_check(text, &err));
    assert_non_null(strstr(err.text, "too many labels"));
    assert_true(selector_check("a{b='{{version}}'", &err));
    assert_true(selector_check(" a { b = 'c' , } ", &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prometheus_text),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_alike),
        cmocka_unit_test(test_open_metrics),
        cmocka_unit_test(test_equal_sets_are_equal_texts),
        cmocka_unit_test(test_what_is_no_exposition),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_what_is_no_selector),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
