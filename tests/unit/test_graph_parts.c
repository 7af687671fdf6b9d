/* test_graph_parts.c - which bounds and marks a picture of a metric has.
 * SPDX-License-Identifier: MIT */
#include "api/graph_parts.h"

#include "base/attributes.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ERRORS, LATENCY, LAG };

static const struct metric_definition metrics[] = {[ERRORS] = {.name = "error_rate", .kind = SERIES_COUNT},
                                                   [LATENCY] = {.name = "latency", .kind = SERIES_HISTOGRAM},
                                                   [LAG] = {.name = "lag", .kind = SERIES_GAUGE}};

#define READ(of)                                                                                             \
    {                                                                                                        \
        .op = EXPRESSION_VALUE, .metric = (of)                                                               \
    }
#define OVER(kind)                                                                                           \
    {                                                                                                        \
        .op = (kind), .metric = 0, .span_ms = 60000                                                          \
    }
#define NUMBER(text)                                                                                         \
    {                                                                                                        \
        .op = EXPRESSION_NUMBER, .number = (text)                                                            \
    }
#define SIGN(sign)                                                                                           \
    {                                                                                                        \
        .op = (sign)                                                                                         \
    }

static const struct rule_definition rules[] = {
    {.name = "errors",
     .text = "error_rate > 5% for 10s",
     .metrics = {ERRORS},
     .rule = {.kind = RULE_TRIGGER,
              .metric_count = 1,
              .condition = {.count = 4,
                            .nodes = {READ(0), NUMBER(0.05), SIGN(EXPRESSION_GREATER),
                                      SIGN(EXPRESSION_FOR)}}}},
    {.name = "slow",
     .text = "quantile(latency, 95%, 1m) > 500ms",
     .metrics = {LATENCY},
     .rule = {.kind = RULE_TRIGGER,
              .condition = {.count = 3,
                            .nodes = {OVER(EXPRESSION_QUANTILE), NUMBER(0.5), SIGN(EXPRESSION_GREATER)}}}},
    {.name = "grown",
     .text = "lag > before * 1.5",
     .metrics = {LAG},
     .rule = {.kind = RULE_TRIGGER,
              .condition = {.count = 5,
                            .nodes = {READ(0),
                                      {.op = EXPRESSION_VALUE, .side = SIDE_BEFORE},
                                      NUMBER(1.5),
                                      SIGN(EXPRESSION_MULTIPLY),
                                      SIGN(EXPRESSION_GREATER)}}}},
    {.name = "http/error_rate",
     .text = "at most 1.5 times",
     .metrics = {ERRORS},
     .rule = {.kind = RULE_COMPARISON}},
    {.name = "many",
     .text = "sum(error_rate, 1m) > 100",
     .metrics = {ERRORS},
     .rule = {.kind = RULE_TRIGGER,
              .condition = {.count = 3,
                            .nodes = {OVER(EXPRESSION_SUM), NUMBER(100), SIGN(EXPRESSION_GREATER)}}}},
};

static const struct definition definition = {.metric_count = ARRAY_LENGTH(metrics),
                                             .metrics = metrics,
                                             .rule_count = ARRAY_LENGTH(rules),
                                             .rules = rules};

static void assert_bounds(size_t metric, const char *expected)
{
    cJSON *request = cJSON_CreateObject();

    graph_add_bounds(request, &definition, metric);
    char *text = cJSON_PrintUnformatted(request);
    assert_string_equal(text, expected);
    cJSON_free(text);
    cJSON_Delete(request);
}

static void test_bounds(void **state)
{
    (void)state;
    assert_bounds(ERRORS,
                  "{\"bounds\":[{\"value\":5,\"name\":\"bound of errors: error_rate > 5% for 10s\"}]}");
    assert_bounds(
        LATENCY,
        "{\"bounds\":[{\"value\":0.5,\"name\":\"bound of slow: quantile(latency, 95%, 1m) > 500ms\"}]}");
    assert_bounds(LAG, "{\"bounds\":[]}"); /* no one number */
}

static void test_marks(void **state)
{
    static const char audit[] =
        "[{\"what\":\"accepted\",\"time\":\"2026-01-31T12:00:00Z\",\"text\":\"accepted\"},"
        "{\"what\":\"step\",\"time\":\"2026-01-31T12:00:04Z\",\"text\":\"step 1: traffic to 5 %\"},"
        "{\"what\":\"confirmed\",\"time\":\"2026-01-31T12:00:05Z\",\"text\":\"traffic confirmed at 5 %\"},"
        "{\"what\":\"step_pass\",\"time\":\"2026-01-31T12:00:30Z\",\"text\":\"verdict PASS for step 2\"},"
        "{\"what\":\"fail\",\"time\":\"2026-01-31T12:01:00Z\",\"text\":\"verdict FAIL: rule errors\"},"
        "{\"what\":\"phase\",\"time\":null,\"text\":\"no time\"}]";
    cJSON *rows = NULL;
    cJSON *request = cJSON_CreateObject();

    (void)state;
    assert_true(json_parse(audit, strlen(audit), NULL, &rows, NULL));
    graph_add_marks(request, rows);
    char *text = cJSON_PrintUnformatted(request);
    assert_string_equal(
        text,
        "{\"marks\":[{\"time\":1769860804,\"name\":\"12:00:04  step 1: traffic to 5 %\",\"kind\":\"step\"},"
        "{\"time\":1769860805,\"name\":\"12:00:05  traffic confirmed at 5 %\",\"kind\":\"event\"},"
        "{\"time\":1769860830,\"name\":\"12:00:30  verdict PASS for step 2\",\"kind\":\"pass\"},"
        "{\"time\":1769860860,\"name\":\"12:01:00  verdict FAIL: rule errors\",\"kind\":\"bad\"}]}");
    cJSON_free(text);
    cJSON_Delete(request);
    cJSON_Delete(rows);
}

static int count_of(const cJSON *marks, const char *kind)
{
    const cJSON *mark = NULL;
    int count = 0;

    cJSON_ArrayForEach(mark, marks) count += strcmp(json_text_of(mark, "kind"), kind) == 0 ? 1 : 0;
    return count;
}

static void add_row(cJSON *rows, const char *what)
{
    cJSON *row = cJSON_CreateObject();

    cJSON_AddStringToObject(row, "what", what);
    cJSON_AddStringToObject(row, "time", "2026-01-31T12:00:05Z");
    cJSON_AddStringToObject(row, "text", what);
    cJSON_AddItemToArray(rows, row);
}

/* What a long deployment is about comes last, and has room all the same. */
static void test_more_marks_than_a_picture_bears(void **state)
{
    cJSON *rows = cJSON_CreateArray();

    (void)state;
    for (int i = 0; i < 20; i++) {
        add_row(rows, "step");
        add_row(rows, "confirmed");
        if (i < 10)
            add_row(rows, "step_pass");
    }
    for (int i = 0; i < 7; i++)
        add_row(rows, "fail");
    cJSON *request = cJSON_CreateObject();
    graph_add_marks(request, rows);
    const cJSON *marks = cJSON_GetObjectItemCaseSensitive(request, "marks");
    assert_int_equal(cJSON_GetArraySize(marks), 40);
    assert_int_equal(count_of(marks, "bad"), 7);
    assert_int_equal(count_of(marks, "pass"), 10);
    assert_int_equal(count_of(marks, "event"), 20);
    assert_int_equal(count_of(marks, "step"), 3);
    cJSON_Delete(request);
    for (int i = 0; i < 100; i++)
        add_row(rows, "held");
    request = cJSON_CreateObject();
    graph_add_marks(request, rows);
    marks = cJSON_GetObjectItemCaseSensitive(request, "marks");
    assert_int_equal(cJSON_GetArraySize(marks), 40);
    assert_int_equal(count_of(marks, "bad"), 40);
    cJSON_Delete(request);
    cJSON_Delete(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_more_marks_than_a_picture_bears),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
