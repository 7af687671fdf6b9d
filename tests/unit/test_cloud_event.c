/* test_cloud_event.c - CloudEvents in their three forms over HTTP, and what is wrong with one.
 * SPDX-License-Identifier: MIT */
#include "api/cloud_event.h"
#include "io/http_server.h"

#include "base/attributes.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { FOUND_SIZE = 1024, HEADERS_MAX = 6 };

#define TEN(text)            text text text text text text text text text text
#define LONG_TEXT            TEN(TEN("abc"))
#define EVENT(more)          "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/ci\",\"type\":\"t\"" more "}"
#define HEADER_REFUSED(name) "header " name ": must be there, with 1 to 256 bytes"

/* "ID SOURCE TYPE TRACEPARENT TRACESTATE DATA;" of each, or what is wrong. */
static const char *read(const struct http_server_request *request, enum cloud_event_form form,
                        char to[FOUND_SIZE])
{
    struct cloud_events events;
    struct err err = {0};
    struct text text;

    text_init(&text, to, FOUND_SIZE);
    if (!cloud_events_read(request, form, &events, &err))
        text_add(&text, "%s", err.text);
    else
        for (size_t i = 0; i < events.count; i++) {
            const struct cloud_event *event = &events.of[i];
            text_add(&text, "%s %s %s %s %s %s;", event->id, event->source, event->type,
                     event->trace.traceparent == NULL ? "-" : event->trace.traceparent,
                     event->trace.tracestate == NULL ? "-" : event->trace.tracestate,
                     event->data.item == NULL ? "-" : JSON_POINTER(&event->data));
        }
    if (err.text[0] == '\0')
        assert_int_equal(events.is_batch, form == CLOUD_EVENT_BATCH);
    cloud_events_free(&events);
    assert_null(events.root);
    return to;
}

static struct http_server_request request_of(const char *body, const struct http_server_given *given)
{
    return (struct http_server_request){.body = body, .body_length = strlen(body), .given = given};
}

static void test_forms(void **state)
{
    static const struct {
        const char *type;
        bool has_version;
        enum cloud_event_form form;
    } cases[] = {
        {"application/cloudevents+json", false, CLOUD_EVENT_STRUCTURED},
        {"application/cloudevents+json; charset=utf-8", true, CLOUD_EVENT_STRUCTURED},
        {"application/cloudevents-batch+json", false, CLOUD_EVENT_BATCH},
        {"application/json", true, CLOUD_EVENT_BINARY},
        {"application/json", false, CLOUD_EVENT_NONE},
        {"text/plain", true, CLOUD_EVENT_NONE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct http_server_header headers[] = {{"Content-Type", cases[i].type},
                                                     {"ce-specversion", "1.0"}};
        const struct http_server_given given = {.headers = headers,
                                                .header_count = cases[i].has_version ? 2 : 1};
        struct http_server_request request = request_of("", &given);
        assert_int_equal(cloud_event_form(&request), cases[i].form);
    }
}

static void test_structured(void **state)
{
    static const struct {
        const char *body, *expected;
    } cases[] = {
        {EVENT(""), "1 /ci t - - -;"},
        {EVENT(",\"data\":{\"a\":1},\"extension\":[]"), "1 /ci t - - #/data;"},
        {EVENT(",\"traceparent\":\"00-1\""), "1 /ci t 00-1  -;"},
        {EVENT(",\"traceparent\":\"00-1\",\"tracestate\":\"a=1\""), "1 /ci t 00-1 a=1 -;"},
        {EVENT(",\"traceparent\":\"\",\"tracestate\":\"a=1\""), "1 /ci t - - -;"},
        {"{", "offset 1: the text ends, expected a name in quotes"},
        {"[" EVENT("") "]", "#: is an array, expected an object"},
        {"{}", "#/specversion: is missing"},
        {"{\"specversion\":\"\"}", "#/specversion: is empty"},
        {"{\"specversion\":\"0.3\"}", "specversion: is \"0.3\", and 1.0 is read here"},
        {"{\"specversion\":\"1.0\"}", "#/id: is missing"},
        {"{\"specversion\":\"1.0\",\"id\":\"\"}", "#/id: is empty"},
        {"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":5}", "#/source: is a number, expected a text"},
        {"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/ci\"}", "#/type: is missing"},
        {"{\"specversion\":\"1.0\",\"id\":\"" LONG_TEXT "\"}", "#/id: is longer than 256 bytes"},
        {EVENT(",\"data_base64\":\"AA==\""), "#/data_base64: JSON is read here, as \"data\""},
        {EVENT(",\"data\":\"text\""), "#/data: is a text, expected an object"},
    };
    char found[FOUND_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct http_server_request request = request_of(cases[i].body, NULL);
        assert_string_equal(read(&request, CLOUD_EVENT_STRUCTURED, found), cases[i].expected);
    }
}

static void test_batches(void **state)
{
#define ONE EVENT("") ","
    static const struct {
        const char *body, *expected;
    } cases[] = {
        {"[" EVENT("") "]", "1 /ci t - - -;"},
        {"[" EVENT("") "," EVENT(",\"data\":{}") "]", "1 /ci t - - -;1 /ci t - - #/1/data;"},
        {"[]", "#: there is no event in it"},
        {EVENT(""), "#: a batch is a list of events"},
        {"[" EVENT("") ",5]", "#/1: is a number, expected an object"},
        {"[" TEN(ONE) ONE ONE ONE ONE ONE ONE EVENT("") "]", "#/16: more than 16 events; send them in parts"},
    };
    char found[FOUND_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct http_server_request request = request_of(cases[i].body, NULL);
        assert_string_equal(read(&request, CLOUD_EVENT_BATCH, found), cases[i].expected);
    }
}

static void test_binary(void **state)
{
    static const struct {
        const char *version, *id, *source, *type, *body, *expected; /* NULL: without that header */
    } cases[] = {
        {"1.0", "1", "/ci", "t", "{\"a\":1}", "1 /ci t - - #;"},
        {"0.3", "1", "/ci", "t", "{}", "specversion: is \"0.3\", and 1.0 is read here"},
        {"1.0", NULL, "/ci", "t", "{}", HEADER_REFUSED("ce-id")},
        {"1.0", "1", "", "t", "{}", HEADER_REFUSED("ce-source")},
        {"1.0", "1", "/ci", LONG_TEXT, "{}", HEADER_REFUSED("ce-type")},
        {"1.0", "1", "/ci", "t", "[]", "#: is an array, expected an object"},
    };
    char found[FOUND_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct http_server_header all[] = {{"ce-specversion", cases[i].version},
                                                 {"ce-id", cases[i].id},
                                                 {"ce-source", cases[i].source},
                                                 {"ce-type", cases[i].type}};
        struct http_server_header headers[HEADERS_MAX];
        struct http_server_given given = {.headers = headers};
        for (size_t k = 0; k < ARRAY_LENGTH(all); k++)
            if (all[k].value != NULL)
                headers[given.header_count++] = all[k];
        struct http_server_request request = request_of(cases[i].body, &given);
        assert_string_equal(read(&request, CLOUD_EVENT_BINARY, found), cases[i].expected);
        headers[given.header_count++] = (struct http_server_header){"ce-traceparent", "00-1"};
        headers[given.header_count++] = (struct http_server_header){"ce-tracestate", "a=1"};
        if (i == 0)
            assert_string_equal(read(&request, CLOUD_EVENT_BINARY, found), "1 /ci t 00-1 a=1 #;");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_forms), cmocka_unit_test(test_structured),
                                       cmocka_unit_test(test_batches), cmocka_unit_test(test_binary)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
