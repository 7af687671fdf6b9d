/* test_prometheus_answer.c - answers of Prometheus for one moment: whole, in part, broken in every place.
 * SPDX-License-Identifier: MIT */
#include "collectors/prometheus_answer.h"
#include "io/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SUCCESS        "{\"status\":\"success\",\"data\":{\"resultType\":"
#define VECTOR(result) SUCCESS "\"vector\",\"result\":" result "}}"

static struct http_answer answer_of(int status, const char *body)
{
    return (struct http_answer){.status = status, .body = body, .length = strlen(body)};
}

static void read_good(const char *body, struct prometheus_vector *ret_vector)
{
    struct http_answer answer = answer_of(200, body);
    struct err err = {0};

    if (!prometheus_read(&answer, ret_vector, &err))
        fail_msg("%s", err.text);
}

static void test_what_is_whole(void **state)
{
    struct prometheus_vector vector = {0};

    (void)state;
    read_good(VECTOR("[{\"metric\":{\"le\":\"0.5\",\"a\":\"x\"},\"value\":[1,\"2\"]},"
                     "{\"metric\":{},\"value\":[1.5,\"-Inf\"]}]"),
              &vector);
    assert_int_equal(vector.count, 2);
    assert_true(vector.samples[0].bound == 0.5 && vector.samples[0].value == 2);
    assert_true(isnan(vector.samples[1].bound) && vector.samples[1].value == -INFINITY);
    assert_string_equal(vector.samples[1].labels, "");
    prometheus_vector_done(&vector);
    read_good(VECTOR("[]"), &vector);
    assert_int_equal(vector.count, 0);
    prometheus_vector_done(&vector);
    read_good(SUCCESS "\"scalar\",\"result\":[1,\"7\"]},\"warnings\":[]}", &vector);
    assert_true(vector.count == 1 && vector.samples[0].value == 7);
    prometheus_vector_done(&vector);
}

static void test_what_proves_nothing(void **state)
{
    static const struct {
        int status;
        const char *body, *said;
    } bad[] = {
        {422, "{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"too many\"}",
         "answered 422, execution: too many"},
        {503, "{\"status\":\"error\"}", "answered 503, : "},
        {503, "{\"status\":\"success\"}", "status 503"},
        {503, "starting", "status 503"},
        {503, "[]", "status 503"},
        {302, "", "redirect (302)"},
        {200, "<html>", "not its JSON (offset"},
        {200, "[]", "not its JSON (no object)"},
        {200, "{\"status\":\"error\",\"errorType\":\"internal\",\"error\":\"boom\"}", "internal: boom"},
        {200, "{\"status\":7}", "not its JSON"},
        {200, "{\"status\":\"success\"}", "instead of an instant vector"},
        {200, SUCCESS "\"matrix\",\"result\":[]}}", "'matrix' instead"},
        {200, SUCCESS "\"vector\"}}", "no result"},
        {200, VECTOR("{}"), "no result"},
        {200, VECTOR("[5]"), "a sample that is none"},
        {200, VECTOR("[{\"metric\":[],\"value\":[1,\"1\"]}]"), "a sample that is none"},
        {200, VECTOR("[{\"metric\":{}}]"), "a sample that is none"},
        {200, VECTOR("[{\"metric\":{},\"value\":\"1\"}]"), "a sample that is none"},
        {200, VECTOR("[{\"metric\":{},\"value\":[1]}]"), "a sample that is none"},
        {200, VECTOR("[{\"metric\":{},\"value\":[1,1]}]"), "a sample that is none"},
        {200, VECTOR("[{\"metric\":{},\"value\":[1,\"1,5\"]}]"), "a sample that is none"},
        {200, VECTOR("[{\"metric\":{\"a\":1},\"value\":[1,\"1\"]}]"), "a label that is none"},
        {200, VECTOR("[{\"metric\":{\"le\":\"x\"},\"value\":[1,\"1\"]}]"), "a label that is none"},
        {200, VECTOR("[{\"metric\":{},\"histogram\":[1,{}]}]"), "native histogram"},
        {200, SUCCESS "\"scalar\",\"result\":[1]}}", "a scalar that is none"},
        {200, SUCCESS "\"scalar\",\"result\":[1,\"7\"]},\"warnings\":[\"half\"]}", "in part: half"},
        {200, SUCCESS "\"scalar\",\"result\":[1,\"7\"]},\"warnings\":[5]}", "in part: ?"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct http_answer answer = answer_of(bad[i].status, bad[i].body);
        struct prometheus_vector vector = {0};
        struct err err = {0};
        if (prometheus_read(&answer, &vector, &err))
            fail_msg("taken: %s", bad[i].body);
        if (strstr(err.text, bad[i].said) == NULL)
            fail_msg("%s: '%s' does not say '%s'", bad[i].body, err.text, bad[i].said);
        assert_null(vector.samples);
    }
}

static void test_no_answer(void **state)
{
    struct http_answer answer = {0};
    struct prometheus_vector vector = {0};
    struct err err = {0};

    (void)state;
    (void)err_set(&answer.err, ERR_TIMEOUT, "nobody is there");
    assert_false(prometheus_read(&answer, &vector, &err));
    assert_int_equal(err.code, ERR_TIMEOUT);
    assert_string_equal(err.text, "nobody is there");
}

static void test_more_series_than_may_be(void **state)
{
    static const char one[] = "{\"metric\":{},\"value\":[1,\"1\"]},";
    enum { ROOM = (PROMETHEUS_SAMPLES_MAX + 1) * sizeof(one) + 256 };
    char *body = memory_take(ROOM);
    size_t length = (size_t)snprintf(body, ROOM, SUCCESS "\"vector\",\"result\":[");
    struct prometheus_vector vector = {0};
    struct err err = {0};

    (void)state;
    for (int i = 0; i <= PROMETHEUS_SAMPLES_MAX; i++)
        length += (size_t)snprintf(body + length, ROOM - length, "%s", one);
    (void)snprintf(body + length - 1, ROOM - length + 1, "]}}");
    struct http_answer answer = answer_of(200, body);
    assert_false(prometheus_read(&answer, &vector, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_whole),
        cmocka_unit_test(test_what_proves_nothing),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_more_series_than_may_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
