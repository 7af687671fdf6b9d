/* test_prometheus_range.c - answers of Prometheus over a span: series, instants, and what proves nothing.
 * SPDX-License-Identifier: MIT */
#include "collectors/prometheus_answer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SUCCESS "{\"status\":\"success\",\"data\":{\"resultType\":"

static struct http_answer answer_of(int status, const char *body)
{
    return (struct http_answer){.status = status, .body = body, .length = strlen(body)};
}

static void test_a_range(void **state)
{
    struct http_answer answer = answer_of(
        200, SUCCESS
        "\"matrix\",\"result\":["
        "{\"metric\":{\"a\":\"1\",\"le\":\"0.5\"},\"values\":[[10,\"1\"],[15.007,\"2\"],[20,\"NaN\"]]},"
        "{\"metric\":{\"a\":\"1\",\"le\":\"+Inf\"},\"values\":[[15.007,\"7\"]]}]}}");
    struct prometheus_matrix matrix = {0};
    struct prometheus_vector vector = {0};
    struct err err = {0};

    (void)state;
    if (!prometheus_read_range(&answer, &matrix, &err))
        fail_msg("%s", err.text);
    assert_int_equal(matrix.count, 2);
    assert_int_equal(matrix.point_count, 4);
    prometheus_matrix_at(&matrix, 15007, &vector);
    assert_int_equal(vector.count, 2);
    assert_true(vector.samples[0].value == 2 && vector.samples[0].bound == 0.5);
    assert_true(vector.samples[1].value == 7 && vector.samples[1].bound == INFINITY);
    assert_string_equal(vector.samples[0].labels, vector.samples[1].labels);
    prometheus_vector_done(&vector);
    prometheus_matrix_at(&matrix, 20000, &vector);
    assert_true(vector.count == 1 && isnan(vector.samples[0].value));
    prometheus_vector_done(&vector);
    prometheus_matrix_at(&matrix, 12000, &vector);
    assert_int_equal(vector.count, 0);
    prometheus_vector_done(&vector);
    prometheus_matrix_done(&matrix);
}

static void test_ranges_that_prove_nothing(void **state)
{
    static const char *const bad[][2] = {
        {SUCCESS "\"vector\",\"result\":[]}}", "instead of a range"},
        {SUCCESS "\"matrix\",\"result\":{}}}", "no result"},
        {SUCCESS "\"matrix\",\"result\":[{\"metric\":{}}]}}", "without values"},
        {SUCCESS "\"matrix\",\"result\":[{\"values\":[]}]}}", "a sample that is none"},
        {SUCCESS "\"matrix\",\"result\":[{\"metric\":{},\"values\":[[\"1\",\"2\"]]}]}}",
         "a value that is none"},
        {SUCCESS "\"matrix\",\"result\":[{\"metric\":{},\"values\":[[1,2]]}]}}", "a value that is none"},
        {SUCCESS "\"matrix\",\"result\":[{\"metric\":{},\"values\":[[1e300,\"2\"]]}]}}",
         "a value that is none"},
        {SUCCESS "\"matrix\",\"result\":[{\"metric\":{},\"values\":[[2,\"2\"],[1,\"2\"]]}]}}",
         "not in the order"},
        {SUCCESS "\"matrix\",\"result\":[{\"metric\":{},\"values\":[[2,\"2\"],[2,\"2\"]]}]}}",
         "not in the order"},
        {SUCCESS "\"matrix\",\"result\":[{\"metric\":{},\"histograms\":[]}]}}", "native histogram"},
        {"{\"status\":\"success\",\"warnings\":[\"half\"],\"data\":{\"resultType\":\"matrix\",\"result\":[]}"
         "}",
         "perhaps in part: half"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct http_answer answer = answer_of(200, bad[i][0]);
        struct prometheus_matrix matrix = {0};
        struct err err = {0};
        if (prometheus_read_range(&answer, &matrix, &err))
            fail_msg("accepted %s", bad[i][0]);
        if (strstr(err.text, bad[i][1]) == NULL)
            fail_msg("%s: '%s' does not say '%s'", bad[i][0], err.text, bad[i][1]);
        assert_null(matrix.rows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_range),
                                       cmocka_unit_test(test_ranges_that_prove_nothing)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
