/* test_signed_message.c - user properties and envelopes read, and answers shaped.
 * SPDX-License-Identifier: MIT */
#include "api/signed_message.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool read_text(struct signed_message *message, const char *payload, struct err *err)
{
    return signed_message_read(message, payload, strlen(payload), err);
}

static void an_envelope(void **state)
{
    static const char *const stamps[] = {"1614265330", "\"1614265330\""};
    struct err err = {0};
    char text[256];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(stamps); i++) {
        struct signed_message message = {.id = ""};
        (void)snprintf(text, sizeof(text),
                       "{\"id\":\"msg_1\",\"timestamp\":%s,\"signature\":\"v1,a "
                       "v1,b\",\"body\":\"{\\\"a\\\": \\\"\\u00fc\\\"}\\n\"}",
                       stamps[i]);
        assert_true(read_text(&message, text, &err));
        assert_string_equal(message.id, "msg_1");
        assert_string_equal(message.timestamp, "1614265330");
        assert_string_equal(message.signatures, "v1,a v1,b");
        assert_string_equal(message.body, "{\"a\": \"\xc3\xbc\"}\n");
        assert_int_equal(message.length, strlen(message.body));
        signed_message_done(&message);
        assert_null(message.envelope);
    }
}

static void properties(void **state)
{
    static const char body[] = "{\"id\":\"not this one\"}";
    struct signed_message message = {.id = ""};
    struct err err = {0};

    (void)state;
    assert_true(signed_message_note(&message, "webhook-id", "msg_1"));
    assert_true(signed_message_note(&message, "webhook-timestamp", "1614265330"));
    assert_true(signed_message_note(&message, "webhook-signature", "v1,a"));
    assert_true(signed_message_note(&message, "traceparent", "00-1"));
    assert_true(signed_message_note(&message, "tracestate", "a=1"));
    assert_true(signed_message_note(&message, "baggage", "b=1"));
    assert_true(signed_message_note(&message, "baggage", "b=2"));
    assert_false(signed_message_note(&message, "colour", "red"));
    assert_true(read_text(&message, body, &err));
    assert_ptr_equal(message.body, body);
    assert_string_equal(message.id, "msg_1");
    assert_string_equal(message.traceparent, "00-1");
    assert_string_equal(message.tracestate, "a=1");
    assert_string_equal(message.baggage, "b=2");
    assert_null(message.envelope);
    signed_message_done(&message);
}

static void properties_that_are_refused(void **state)
{
    struct signed_message message = {.id = ""};
    struct err err = {0};
    char text[SIGNED_SIGNATURES_MAX + 2];
    char baggage[TRACE_BAGGAGE_MAX + 2];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_false(signed_message_note(&message, "webhook-id", text));
    assert_false(signed_message_note(&message, "webhook-timestamp", text));
    assert_false(signed_message_note(&message, "webhook-signature", text));
    memset(baggage, 'a', sizeof(baggage) - 1);
    baggage[sizeof(baggage) - 1] = '\0';
    assert_true(signed_message_note(&message, "baggage", "a=1"));
    assert_false(signed_message_note(&message, "baggage", baggage));
    assert_null(message.baggage);
    /* None of them is there, so an envelope is looked for. */
    assert_false(read_text(&message, "x", &err));
    assert_true(signed_message_note(&message, "webhook-id", "msg_1"));
    assert_false(read_text(&message, "{}", &err));
    assert_string_equal(err.text, "webhook-id, webhook-timestamp and webhook-signature belong together");
    assert_true(signed_message_note(&message, "webhook-timestamp", "1"));
    assert_false(read_text(&message, "{}", &err));
    assert_true(signed_message_note(&message, "webhook-signature", "v1,a"));
    assert_false(signed_message_read(&message, "{}\0more", 7, &err));
    assert_string_equal(err.text, "a byte of its body is 0");
    assert_true(signed_message_note(&message, "webhook-id", "msg\n1"));
    assert_false(read_text(&message, "{}", &err));
    assert_string_equal(err.text, "its id is not of printable characters");
    assert_true(signed_message_note(&message, "webhook-id", "caf\xc3\xa9"));
    assert_false(read_text(&message, "{}", &err));
    assert_true(signed_message_note(&message, "webhook-id", "msg~\x7f"));
    assert_false(read_text(&message, "{}", &err));
    signed_message_done(&message);
    assert_true(signed_message_note(&message, "webhook-timestamp", "1"));
    assert_false(read_text(&message, "{}", &err));
    assert_string_equal(err.text, "webhook-id, webhook-timestamp and webhook-signature belong together");
    signed_message_done(&message);
    assert_true(signed_message_note(&message, "webhook-signature", "v1,a"));
    assert_false(read_text(&message, "{}", &err));
    assert_string_equal(err.text, "webhook-id, webhook-timestamp and webhook-signature belong together");
}

#define REST "\"signature\":\"v1,a\",\"body\":\"{}\"}"

static void envelopes_that_are_refused(void **state)
{
    static const char *const cases[][2] = {
        {"", "offset 0"},
        {"[]", "#: "},
        {"{\"id\":\"a\",\"timestamp\":1," REST " more", "offset"},
        {"{\"id\":\"a\",\"id\":\"b\",\"timestamp\":1," REST, "offset"},
        {"{\"timestamp\":1," REST, "#/id"},
        {"{\"id\":5,\"timestamp\":1," REST, "#/id"},
        {"{\"id\":\"\",\"timestamp\":1," REST, "belong together"},
        {"{\"id\":\"a\\u0001\",\"timestamp\":1," REST, "printable"},
        {"{\"id\":\"a\"," REST, "#/timestamp"},
        {"{\"id\":\"a\",\"timestamp\":-1," REST, "#/timestamp"},
        {"{\"id\":\"a\",\"timestamp\":1.5," REST, "#/timestamp"},
        {"{\"id\":\"a\",\"timestamp\":\"123456789012345678901234\"," REST, "#/timestamp"},
        {"{\"id\":\"a\",\"timestamp\":1,\"body\":\"{}\"}", "#/signature"},
        {"{\"id\":\"a\",\"timestamp\":1,\"signature\":\"v1,a\"}", "#/body"},
        {"{\"id\":\"a\",\"timestamp\":1,\"signature\":\"v1,a\",\"body\":{}}", ""},
        {"{\"id\":\"a\",\"timestamp\":1,\"signature\":\"v1,a\",\"body\":\"\\u0000\"}", "offset"},
        {"{\"id\":\"a\",\"timestamp\":1,\"key\":\"ci\"," REST, "#/key"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct signed_message message = {.id = ""};
        struct err err = {0};
        bool is_read = read_text(&message, cases[i][0], &err);
        if (is_read || strstr(err.text, cases[i][1]) == NULL)
            fail_msg("%s: %d %s", cases[i][0], is_read, err.text);
        signed_message_done(&message);
    }
}

static void assert_answer(unsigned status, const char *retry_after, const char *body, const char *expected)
{
    char *text = signed_message_answer("msg_1", status, retry_after, body);

    assert_string_equal(text, expected);
    free(text);
}

static void answers(void **state)
{
    (void)state;
    assert_answer(201, NULL, "{\"id\":\"dep_7\",\"state\":\"queued\"}",
                  "{\"id\":\"msg_1\",\"status\":201,\"deployment\":\"dep_7\"}");
    assert_answer(202, NULL, "{\"events\":[{\"id\":\"e1\",\"run\":\"run_1\"}]}",
                  "{\"id\":\"msg_1\",\"status\":202,\"events\":[{\"id\":\"e1\",\"run\":\"run_1\"}]}");
    assert_answer(202, NULL, "{\"events\":[],\"detail\":\"it concerns nothing here\"}",
                  "{\"id\":\"msg_1\",\"status\":202,\"events\":[]}");
    assert_answer(409, NULL, "{\"type\":\"urn:x\",\"status\":409,\"id\":\"other\",\"detail\":\"no\"}",
                  "{\"id\":\"msg_1\",\"status\":409,\"type\":\"urn:x\",\"detail\":\"no\"}");
    assert_answer(503, "1", "{\"detail\":\"later\"}",
                  "{\"id\":\"msg_1\",\"status\":503,\"detail\":\"later\",\"retry_after\":1}");
    assert_answer(503, "soon", "nonsense", "{\"id\":\"msg_1\",\"status\":503}");
    assert_answer(409, NULL, "[[[1]]]", "{\"id\":\"msg_1\",\"status\":409}"); /* none of ours: no document */
    assert_answer(200, NULL, "", "{\"id\":\"msg_1\",\"status\":200}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_envelope),
        cmocka_unit_test(properties),
        cmocka_unit_test(properties_that_are_refused),
        cmocka_unit_test(envelopes_that_are_refused),
        cmocka_unit_test(answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
