/* test_http_json_counts.c - counters of JSON APIs, raw and of a span, and metrics that cannot be.
 * SPDX-License-Identifier: MIT */
#include "support/http_json_polls.h"

static void test_raw_counters(void **state)
{
    struct http_json_query *query =
        good(SERIES_COUNT, (const char *[]){"url", "http://h/", "events", ".e", "total", ".t", NULL});

    (void)state;
    assert_int_equal(poll_at(query, 60000, 200, "{\"e\":5,\"t\":100}").kind, 0);
    struct put put = poll_at(query, 120000, 200, "{\"e\":7,\"t\":150}");
    assert_true(put.kind == 'c' && put.events == 2 && put.total == 50 && put.at_ms == 119999);
    put = poll_at(query, 180000, 200, "{\"e\":1,\"t\":20}"); /* restarted */
    assert_true(put.kind == 'c' && put.events == 1 && put.total == 20);
    put = poll_at(query, 240000, 200, "{\"e\":null,\"t\":30}");
    assert_true(put.kind == 'c' && put.events == 0 && put.total == 10);
    put = poll_at(query, 240000, 200, "{\"e\":1,\"t\":null}");
    assert_true(put.kind == 't' && put.trouble == SERIES_NO_DATA);
    put = poll_at(query, 240000, 200, "{\"e\":-1,\"t\":40}");
    assert_true(put.kind == 't' && put.trouble == SERIES_ERROR);
    assert_int_equal(poll_at(query, 1000000, 200, "{\"e\":9,\"t\":900}").kind, 0); /* nobody observed it */
    http_json_query_free(query);
}

static void test_counts_of_a_span(void **state)
{
    struct http_json_query *query =
        good(SERIES_COUNT, (const char *[]){"url", "http://h/", "events", ".e", "total", ".t", "counts",
                                            "span", "absent", "no_data", NULL});

    (void)state;
    struct put put = poll_at(query, 60000, 200, "{\"e\":5,\"t\":100}");
    assert_true(put.kind == 'c' && put.events == 5 && put.total == 100 && put.at_ms == 59999);
    put = poll_at(query, 120000, 200, "{\"t\":7}");
    assert_true(put.kind == 'c' && put.events == 0 && put.total == 7);
    put = poll_at(query, 180000, 200, "{\"e\":0,\"t\":-1}");
    assert_true(put.kind == 't' && put.trouble == SERIES_ERROR);
    put = poll_at(query, 180000, 200, "{\"e\":{},\"t\":1}");
    assert_true(put.kind == 't' && put.trouble == SERIES_ERROR);
    put = poll_at(query, 180000, 200, "{\"e\":1,\"t\":[]}");
    assert_true(put.kind == 't' && put.trouble == SERIES_ERROR);
    http_json_query_free(query);
}

static void test_metrics_that_cannot_be(void **state)
{
    static const struct {
        enum series_kind kind;
        const char *options[9];
        const char *why;
    } metrics[] = {
        {SERIES_GAUGE, {"url", "ftp://h/", "value", ".x"}, "does not begin with http://"},
        {SERIES_GAUGE, {"url", "http://h/$(now)", "value", ".x"}, "'$(now)': only $(from)"},
        {SERIES_GAUGE, {"url", "http://h/", "value", "x"}, "is not a path"},
        {SERIES_GAUGE, {"url", "http://h/", "value", ".x", "time", "t"}, "is not a path"},
        {SERIES_GAUGE, {"url", "http://h/", "value", ".x", "refuse", "t"}, "is not a path"},
        {SERIES_GAUGE, {"url", "http://h/", "value", ".x", "body", "$(now)"}, "body: '$(now)': only"},
        {SERIES_GAUGE, {"url", "http://h/"}, "value is missing"},
        {SERIES_COUNT, {"url", "http://h/", "total", ".t"}, "needs events and total"},
        {SERIES_COUNT, {"url", "http://h/", "events", ".e"}, "needs events and total"},
        {SERIES_COUNT,
         {"url", "http://h/", "events", ".e", "total", ".t", "value", ".x"},
         "value is of gauges"},
        {SERIES_HISTOGRAM, {"url", "http://h/"}, "histograms are not read"},
    };
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(metrics); i++) {
        assert_null(query_of(metrics[i].kind, metrics[i].options, &err));
        if (strstr(err.text, metrics[i].why) == NULL)
            fail_msg("%zu: %s", i, err.text);
    }
    assert_null(query_of(SERIES_COUNT,
                         (const char *[]){"url", "http://h/", "events", ".e", "total", ".t", "counts", "span",
                                          "span", "5m", NULL},
                         &err));
    assert_non_null(strstr(err.text, "counted twice"));
}

/* The same time again is the same count, and a time that is none proves nothing. */
static void test_counts_have_times(void **state)
{
    static const char *const kinds[] = {"span", "raw"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        struct http_json_query *query =
            good(SERIES_COUNT, (const char *[]){"url", "http://h/", "events", ".e", "total", ".t", "counts",
                                                kinds[i], "span", "1m", "time", ".at", NULL});
        char kind = poll_at(query, 60000, 200, "{\"e\":1,\"t\":10,\"at\":1700000050}").kind;
        assert_int_equal(kind, i == 0 ? 'c' : 0); /* a raw counter needs two readings */
        assert_int_equal(poll_at(query, 61000, 200, "{\"e\":2,\"t\":20,\"at\":1700000050}").kind, 0);
        struct put put = poll_at(query, 62000, 200, "{\"e\":2,\"t\":20,\"at\":\"soon\"}");
        assert_true(put.kind == 't' && strstr(put.why, ".at in the answer is no time") != NULL);
        put = poll_at(query, 120000, 200, "{\"e\":3,\"t\":30,\"at\":1700000110}");
        assert_true(put.kind == 'c' && put.at_ms == 110000);
        assert_true(put.events == (i == 0 ? 3 : 2) && put.total == (i == 0 ? 30 : 20));
        http_json_query_free(query);
    }
}

/* What a template will make of a place or an address is not known yet; and what is too long is not asked. */
static void test_templates_and_long_texts(void **state)
{
    static char url[HTTP_JSON_TEXT_MAX + 1] = "http://h/";
    static char body[HTTP_JSON_TEXT_MAX + 1] = "{}";
    struct err err = {0};

    (void)state;
    http_json_query_free(good(SERIES_GAUGE, (const char *[]){"url", "{{endpoint}}/q", "value", ".{{name}}",
                                                             "time", "{{time}}", "refuse", "{{no}}", NULL}));
    memset(url + strlen(url), 'x', sizeof(url) - 1 - strlen(url));
    assert_null(query_of(SERIES_GAUGE, (const char *[]){"url", url, "value", ".x", NULL}, &err));
    assert_string_equal(err.text, "url: longer than 8191 bytes when it is filled in");
    memset(body + strlen(body), 'x', sizeof(body) - 1 - strlen(body));
    assert_null(query_of(SERIES_GAUGE,
                         (const char *[]){"url", "http://h/", "body", body, "value", ".x", NULL}, &err));
    assert_string_equal(err.text, "body: longer than 8191 bytes when it is filled in");
}

/* The times of now are longer than those of 1970, with which a text was looked at first. */
static void test_texts_that_grow(void **state)
{
    static char url[HTTP_JSON_TEXT_MAX] = "http://h/$(from_ms)";
    static char body[HTTP_JSON_TEXT_MAX] = "$(from_ms)";
    struct http_request request = {0};
    struct err err = {0};

    (void)state;
    memset(url + strlen(url), 'x', sizeof(url) - 1 - strlen(url));
    memset(body + strlen(body), 'x', sizeof(body) - 1 - strlen(body));
    struct http_json_query *query = good(SERIES_GAUGE, (const char *[]){"url", url, "value", ".x", NULL});
    assert_false(http_json_query_ask(query, WALL_MS, 0, &request, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    http_json_query_free(query);
    query = good(SERIES_GAUGE, (const char *[]){"url", "http://h/", "body", body, "value", ".x", NULL});
    assert_false(http_json_query_ask(query, WALL_MS, 0, &request, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    http_json_query_free(query);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raw_counters),
        cmocka_unit_test(test_counts_of_a_span),
        cmocka_unit_test(test_metrics_that_cannot_be),
        cmocka_unit_test(test_counts_have_times),
        cmocka_unit_test(test_templates_and_long_texts),
        cmocka_unit_test(test_texts_that_grow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
