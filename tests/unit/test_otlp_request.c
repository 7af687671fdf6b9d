/* test_otlp_request.c - OTLP as JSON: requests that are refused, and how much is read.
 * SPDX-License-Identifier: MIT */
#include "collectors/otlp_request.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BODY_MAX = 4096 };

static const char *body_of(const char *name, const char *part)
{
    static char body[BODY_MAX];

    (void)snprintf(body, sizeof(body),
                   "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"%s\",%s}]}]}]}", name,
                   part);
    return body;
}

static const struct {
    const char *body, *why;
} broken[] = {
    {"", "offset 0"},
    {"[]", "no object"},
    {"{} x", "offset 3"},
    {"<html>", "offset 0"},
    {"{\"resourceMetrics\":{}}", "no list"},
    {"{\"resourceMetrics\":[{\"scopeMetrics\":1}]}", "no list"},
    {"{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[1]}]}]}", "name"},
    {"{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":1}]}]}]}", "metrics/0"},
    {"{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"x\",\"gauge\":[]}]}]}]}", "gauge"},
    {"{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"x\",\"gauge\":{\"dataPoints\":[1]}}]"
     "}]}]}",
     "no object"},
};

static const struct {
    const char *part, *why;
} mistyped[] = {
    {"\"gauge\":{\"dataPoints\":[{\"asInt\":true}]}", "whole"},
    {"\"gauge\":{\"dataPoints\":[{\"asInt\":1.5}]}", "whole"},
    {"\"gauge\":{\"dataPoints\":[{\"flags\":1.5}]}", "flags"},
    {"\"gauge\":{\"dataPoints\":[{\"startTimeUnixNano\":\"x\"}]}", "startTimeUnixNano"},
    {"\"gauge\":{\"dataPoints\":[{\"startTimeUnixNano\":\"-1\"}]}", "before 1970"},
    {"\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":{}}]}", "timeUnixNano"},
    {"\"gauge\":{\"dataPoints\":[{\"asInt\":1,\"attributes\":[{\"key\":\"k\",\"value\":1}]}]}", "attributes"},
    {"\"gauge\":{\"dataPoints\":1}", "no list"},
    {"\"histogram\":{\"dataPoints\":[{\"explicitBounds\":1}]}", "list"},
    {"\"histogram\":{\"dataPoints\":[{\"count\":\"-1\"}]}", "count"},
    {"\"gauge\":{\"dataPoints\":[{},{\"asInt\":\"1.5\"}]}", "gauge/1/asInt: is no whole number"},
    {"\"gauge\":{\"dataPoints\":[{\"asInt\":1e300}]}", "whole"},
    {"\"gauge\":{\"dataPoints\":[{\"asDouble\":\"1,5\"}]}", "no number"},
    {"\"gauge\":{\"dataPoints\":[{\"asDouble\":true}]}", "no number"},
    {"\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":-5}]}", "before 1970"},
    {"\"gauge\":{\"dataPoints\":[{\"flags\":\"1\"}]}", "flags"},
    {"\"gauge\":{\"dataPoints\":[{\"asInt\":1,\"attributes\":{}}]}", "no list"},
    {"\"gauge\":{\"dataPoints\":[{\"asInt\":1,\"attributes\":[{\"value\":1}]}]}", "attributes"},
    {"\"sum\":{\"isMonotonic\":1}", "isMonotonic"},
    {"\"sum\":{\"aggregationTemporality\":\"AGGREGATION_TEMPORALITY_DELTA\"}", "aggregationTemporality"},
    {"\"histogram\":{\"dataPoints\":[{\"count\":-1}]}", "count"},
    {"\"histogram\":{\"dataPoints\":[{\"bucketCounts\":1}]}", "list"},
    {"\"histogram\":{\"dataPoints\":[{\"bucketCounts\":[\"x\"]}]}", "bucketCounts"},
    {"\"histogram\":{\"dataPoints\":[{\"explicitBounds\":[\"x\"]}]}", "explicitBounds"},
    {"\"histogram\":{\"dataPoints\":[]},\"histogram\":{}", "offset"},
};

static void assert_refused(const char *body, size_t length, const char *why)
{
    struct otlp_request *request = NULL;
    struct err err = {0};

    if (otlp_request_parse(body, length, &request, &err) || strstr(err.text, why) == NULL)
        fail_msg("%.200s: %s", body, err.text);
}

static void requests_that_are_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
        assert_refused(broken[i].body, strlen(broken[i].body), broken[i].why);
    for (size_t i = 0; i < sizeof(mistyped) / sizeof(*mistyped); i++) {
        const char *body = body_of("x", mistyped[i].part);
        assert_refused(body, strlen(body), mistyped[i].why);
    }
}

/* `count` times `element` in the middle of a request. */
static char *long_body(const char *front, const char *element, size_t count, const char *back)
{
    size_t size = strlen(front) + count * (strlen(element) + 1) + strlen(back) + 1;
    char *body = malloc(size);
    size_t length = (size_t)snprintf(body, size, "%s", front);

    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(body + length, size - length, "%s%s", i == 0 ? "" : ",", element);
    (void)snprintf(body + length, size - length, "%s", back);
    return body;
}

static void what_is_too_much(void **state)
{
    static const char front[] =
        "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"a\",\"value\":{\"boolValue\":true}},"
        "{\"key\":\"b\",\"value\":{\"kvlistValue\":{}}},{\"key\":\"c\"}]},\"scopeMetrics\":[{\"metrics\":"
        "[{\"name\":\"x\",\"gauge\":{\"dataPoints\":[";
    static const char attribute[] = "{\"key\":\"k\",\"value\":{\"stringValue\":\"v\"}}";
    char *body = long_body(front, "{}", OTLP_POINTS_MAX + 1, "]}}]}]}]}");

    (void)state;
    assert_refused(body, strlen(body), "smaller batches");
    free(body);
    body = long_body("{\"resourceMetrics\":[",
                     "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", 1, "]}");
    assert_refused(body, strlen(body), "deeper");
    free(body);
    body = long_body("", " ", OTLP_BODY_MAX, "");
    assert_refused(body, strlen(body), "bytes of JSON");
    free(body);
    body = long_body("{\"resourceMetrics\":[{\"resource\":{\"attributes\":[", attribute, 500,
                     "]},\"scopeMetrics\":[{\"metrics\":[{\"name\":\"x\",\"gauge\":{\"dataPoints\":[");
    char *more = long_body(body, "{}", 9000, "]}}]}]}]}");
    assert_refused(more, strlen(more), "attributes");
    free(more);
    free(body);
}

static void note(void *data, const struct otlp_point *point)
{
    *(struct otlp_point *)data = *point;
}

static void numbers_may_be_texts(void **state)
{
    static const char part[] =
        "\"histogram\":{\"aggregationTemporality\":1,\"dataPoints\":[{\"startTimeUnixNano\":5,"
        "\"timeUnixNano\":\"1700000001000000001\",\"count\":\"3\",\"bucketCounts\":[\"1\",2],"
        "\"explicitBounds\":[\"-0.5\"],\"min\":\"NaN\",\"exemplars\":[{}],\"flags\":0}]}";
    struct otlp_request *request = NULL;
    struct otlp_point point = {0};
    const char *body = body_of("x", part);

    (void)state;
    assert_true(otlp_request_parse(body, strlen(body), &request, NULL));
    otlp_request_each(request, note, &point);
    assert_null(point.wrong);
    assert_true(point.start_ns == 5 && point.time_ns == INT64_C(1700000001000000001));
    assert_true(point.temporality == OTLP_DELTA && point.labelled.value == 3 && point.bucket_count == 2);
    assert_true(point.bounds[0] == -0.5 && point.bounds[1] == INFINITY && point.counts[1] == 2);
    otlp_request_free(request);
}

static void attributes_have_a_bound(void **state)
{
    static const char attribute[] = "{\"key\":\"k\",\"value\":{\"stringValue\":\"v\"}}";
    static const char front[] =
        "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"x\",\"gauge\":"
        "{\"dataPoints\":[{\"timeUnixNano\":\"1\",\"asInt\":1,\"attributes\":[";
    struct otlp_point point = {0};
    char text[LABELLED_LINE_MAX + 64];

    (void)state;
    (void)snprintf(text, sizeof(text), "{\"key\":\"%0*d\"}", LABELLED_LINE_MAX + 1, 1);
    for (int i = 0; i < 2; i++) {
        struct otlp_request *request = NULL;
        char *body =
            long_body(front, i == 0 ? attribute : text, i == 0 ? LABELLED_LABELS_MAX + 1 : 1, "]}]}}]}]}]}");
        assert_true(otlp_request_parse(body, strlen(body), &request, NULL));
        otlp_request_each(request, note, &point);
        assert_non_null(strstr(point.wrong, "too many attributes"));
        otlp_request_free(request);
        free(body);
    }
}

/* Reads the one point of a request. */
static struct otlp_point point_of(const char *body)
{
    struct otlp_request *request = NULL;
    struct otlp_point point = {0};
    struct err err = {0};

    if (!otlp_request_parse(body, strlen(body), &request, &err))
        fail_msg("%s", err.text);
    otlp_request_each(request, note, &point);
    otlp_request_free(request);
    return point;
}

static void attributes_of_all_together_have_a_bound(void **state)
{
    char body[8 * BODY_MAX];
    size_t length = 0;

    (void)state;
    for (int count = LABELLED_LABELS_MAX - 2; count <= LABELLED_LABELS_MAX; count++) {
        length =
            (size_t)snprintf(body, sizeof(body),
                             "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"r\"}]},"
                             "\"scopeMetrics\":[{\"scope\":{\"name\":\"s\"},\"metrics\":[{\"name\":\"x\","
                             "\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":1,\"asInt\":1,\"attributes\":[");
        for (int i = 0; i < count; i++)
            length += (size_t)snprintf(body + length, sizeof(body) - length, "%s{\"key\":\"k%d\"}",
                                       i == 0 ? "" : ",", i);
        (void)snprintf(body + length, sizeof(body) - length, "]}]}}]}]}]}");
        struct otlp_point point = point_of(body);
        assert_true((point.wrong != NULL) == (count > LABELLED_LABELS_MAX - 2));
    }
}

static void histograms_that_are_none(void **state)
{
    static const struct {
        const char *rest, *why;
    } points[] = {
        {"\"count\":2", NULL},
        {"\"count\":2,\"bucketCounts\":[],\"explicitBounds\":[]", NULL},
        {"\"count\":2,\"bucketCounts\":[2]", NULL},
        {"\"bucketCounts\":[0,0],\"explicitBounds\":[\"NaN\"]", "do not rise"},
        {"\"bucketCounts\":[0,0],\"explicitBounds\":[\"Infinity\"]", "do not rise"},
        {"\"explicitBounds\":[1]", "one bucket more"},
        {"\"bucketCounts\":[1,1]", "one bucket more"},
        {"\"explicitBounds\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,"
         "30,"
         "31,32,33,34]",
         "one bucket more"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(points) / sizeof(*points); i++) {
        char part[BODY_MAX / 2];
        (void)snprintf(part, sizeof(part), "\"histogram\":{\"dataPoints\":[{\"timeUnixNano\":1,%s}]}",
                       points[i].rest);
        struct otlp_point point = point_of(body_of("x", part));
        if (points[i].why == NULL)
            assert_null(point.wrong);
        else if (point.wrong == NULL || strstr(point.wrong, points[i].why) == NULL)
            fail_msg("%s: %s", points[i].rest, point.wrong == NULL ? "good" : point.wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_are_none),
        cmocka_unit_test(what_is_too_much),
        cmocka_unit_test(numbers_may_be_texts),
        cmocka_unit_test(attributes_have_a_bound),
        cmocka_unit_test(attributes_of_all_together_have_a_bound),
        cmocka_unit_test(histograms_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
