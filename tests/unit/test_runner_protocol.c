/* test_runner_protocol.c - packets of verdict-runner survive the way there and back; broken ones are refused.
 * SPDX-License-Identifier: MIT */
#include "io/runner_protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct packet {
    unsigned char bytes[RUNNER_MESSAGE_MAX];
    size_t length;
};

static struct runner_message run_message(void)
{
    return (struct runner_message){.operation = RUNNER_RUN,
                                   .request = UINT64_C(0x1122334455667788),
                                   .key = "d42-7.1",
                                   .arguments = {"/usr/local/bin/deploy", "", "a b"},
                                   .arguments_count = 3,
                                   .environment = {"VERDICT_SERVICE=shop", "VERDICT_REASON=two\nlines"},
                                   .environment_count = 2,
                                   .secrets = {"DB_PASSWORD=hunter2", "_X=a=b\nc"},
                                   .secrets_count = 2,
                                   .directory = "/srv/build",
                                   .deadline_ms = 5000};
}

static struct packet *format(const struct runner_message *message)
{
    struct packet *packet = calloc(1, sizeof(*packet));
    assert_non_null(packet);
    struct err err;
    if (!runner_message_format(message, packet->bytes, sizeof(packet->bytes), &packet->length, &err))
        fail_msg("%s", err.text);
    return packet;
}

static void comes_back(void **state)
{
    (void)state;
    struct runner_message message = run_message();
    message.grace_ms = 60000;
    struct packet *packet = format(&message);
    struct runner_message back;
    assert_true(runner_message_parse(packet->bytes, packet->length, &back, NULL));
    assert_int_equal(back.operation, RUNNER_RUN);
    assert_true(back.request == message.request);
    assert_string_equal(back.key, "d42-7.1");
    assert_int_equal(back.arguments_count, 3);
    assert_string_equal(back.arguments[1], "");
    assert_string_equal(back.arguments[2], "a b");
    assert_null(back.arguments[3]);
    assert_int_equal(back.environment_count, 2);
    assert_string_equal(back.environment[0], "VERDICT_SERVICE=shop");
    assert_string_equal(back.environment[1], "VERDICT_REASON=two\nlines");
    assert_int_equal(back.secrets_count, 2);
    assert_string_equal(back.secrets[0], "DB_PASSWORD=hunter2");
    assert_string_equal(back.secrets[1], "_X=a=b\nc");
    assert_null(back.secrets[2]);
    assert_string_equal(back.directory, "/srv/build");
    assert_int_equal(back.deadline_ms, 5000);
    assert_int_equal(back.grace_ms, 60000);
    free(packet);
}

static void result_comes_back(void **state)
{
    (void)state;
    const struct runner_message message = {.operation = RUNNER_FINISHED,
                                           .key = "k",
                                           .state = RUNNER_STATE_ENDED,
                                           .result = {-1, 15, true, false, 7}};
    struct packet *packet = format(&message);
    struct runner_message back;
    assert_true(runner_message_parse(packet->bytes, packet->length, &back, NULL));
    assert_int_equal(back.state, RUNNER_STATE_ENDED);
    assert_int_equal(back.result.exit_status, -1);
    assert_int_equal(back.result.signal, 15);
    assert_true(back.result.timed_out);
    assert_false(back.result.cancelled);
    assert_int_equal(back.result.error, 7);
    free(packet);
}

static void check_comes_back(void **state)
{
    (void)state;
    struct runner_message message = run_message();
    message.operation = RUNNER_CHECK;
    struct packet *packet = format(&message);
    struct runner_message back;
    assert_true(runner_message_parse(packet->bytes, packet->length, &back, NULL));
    assert_int_equal(back.operation, RUNNER_CHECK);
    assert_int_equal(back.arguments_count, 3);
    assert_string_equal(back.directory, "/srv/build");
    assert_null(back.key);
    assert_int_equal(back.environment_count, 0);
    free(packet);
    message.operation = RUNNER_CHECKED;
    packet = format(&message);
    assert_true(runner_message_parse(packet->bytes, packet->length, &back, NULL));
    assert_int_equal(back.operation, RUNNER_CHECKED);
    assert_true(back.request == message.request);
    free(packet);
}

static void refuses(const struct runner_message *message, enum err_code code)
{
    struct packet *packet = calloc(1, sizeof(*packet));
    struct err err = {0};
    assert_non_null(packet);
    assert_false(runner_message_format(message, packet->bytes, sizeof(packet->bytes), &packet->length, &err));
    assert_int_equal(err.code, code);
    free(packet);
}

static void refuses_bad_members(void **state)
{
    (void)state;
    static const char *const keys[] = {"", ".", ".hidden", "a/b", "a b", "-x", "a\n", "a~b", "a{b"};
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        struct runner_message message = run_message();
        message.key = keys[i];
        refuses(&message, ERR_INVALID);
    }
    static const char *const pairs[] = {"PATH=/tmp", "VERDICT_=x", "VERDICT_A", "VERDICT_a=x"};
    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++) {
        struct runner_message message = run_message();
        message.environment[0] = pairs[i];
        refuses(&message, ERR_INVALID);
    }
    static const char *const secrets[] = {"VERDICT_A=x", "a=x", "1A=x", "=x", "A", "A B=x"};
    for (size_t i = 0; i < ARRAY_LENGTH(secrets); i++) {
        struct runner_message message = run_message();
        message.secrets[0] = secrets[i];
        refuses(&message, ERR_INVALID);
    }
    static const char *const folders[] = {"", "srv", "/srv/../etc", "/..", "/srv/.."};
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
        struct runner_message message = run_message();
        message.directory = folders[i];
        refuses(&message, ERR_INVALID);
    }
    struct runner_message message = run_message();
    message.arguments_count = 0;
    refuses(&message, ERR_INVALID);
    message = run_message();
    message.directory = "/srv/..a";
    message.key = "a_b";
    free(format(&message));
    char key[RUNNER_KEY_MAX + 2];
    memset(key, 'k', sizeof(key) - 1);
    key[sizeof(key) - 1] = '\0';
    message.key = key;
    refuses(&message, ERR_INVALID);
    assert_false(runner_key_is_valid(key));
    message = run_message();
    message.deadline_ms = 0;
    refuses(&message, ERR_INVALID);
    message = run_message();
    message.deadline_ms = RUNNER_DEADLINE_MAX_MS + 1;
    refuses(&message, ERR_INVALID);
    message = run_message();
    message.grace_ms = RUNNER_GRACE_MAX_MS + 1;
    refuses(&message, ERR_INVALID);
    message.operation = (enum runner_operation)99;
    refuses(&message, ERR_INVALID);
}

static void refuses_what_is_too_long(void **state)
{
    (void)state;
    char *argument = malloc(RUNNER_ARGUMENT_MAX + 1);
    assert_non_null(argument);
    memset(argument, 'a', RUNNER_ARGUMENT_MAX);
    argument[RUNNER_ARGUMENT_MAX] = '\0';
    struct runner_message message = run_message();
    message.arguments[1] = argument;
    refuses(&message, ERR_INVALID);
    argument[RUNNER_ARGUMENT_MAX - 1] = '\0';
    free(format(&message));
    for (size_t i = 0; i < RUNNER_ARGUMENTS_MAX; i++)
        message.arguments[i] = argument;
    message.arguments_count = RUNNER_ARGUMENTS_MAX;
    refuses(&message, ERR_LIMIT);
    free(argument);
}

/* Every shortened packet is refused, and no changed byte makes the parser read outside of it (sanitizers). */
static void refuses_damage(void **state)
{
    (void)state;
    struct runner_message message = run_message();
    struct runner_message back;
    message.secrets_count = 0; /* a whole one may end before them */
    struct packet *packet = format(&message);
    for (size_t length = 0; length < packet->length; length++) {
        unsigned char *part = malloc(length + 1);
        assert_non_null(part);
        memcpy(part, packet->bytes, length);
        assert_false(runner_message_parse(part, length, &back, NULL));
        free(part);
    }
    free(packet);
    message = run_message();
    packet = format(&message);
    for (size_t at = 0; at < packet->length; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            unsigned char *copy = malloc(packet->length);
            assert_non_null(copy);
            memcpy(copy, packet->bytes, packet->length);
            copy[at] ^= (unsigned char)(1U << bit);
            if (runner_message_parse(copy, packet->length, &back, NULL))
                assert_true(back.key == NULL || runner_key_is_valid(back.key));
            free(copy);
        }
    }
    free(packet);
}

static void expect_error(const unsigned char *packet, size_t length, const char *part)
{
    struct runner_message back;
    struct err err;
    assert_false(runner_message_parse(packet, length, &back, &err));
    assert_int_equal(err.code, ERR_PROTOCOL);
    if (strstr(err.text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, part);
}

static void refuses_broken_forms(void **state)
{
    (void)state;
    const struct runner_message message = {.operation = RUNNER_STATUS, .key = "k"};
    struct packet *packet = format(&message);
    const size_t length = packet->length, field = 12;
    packet->bytes[2] = 2;
    expect_error(packet->bytes, length, "version 2");
    packet->bytes[2] = 1;
    packet->bytes[3] = 50;
    expect_error(packet->bytes, length, "unknown operation");
    packet->bytes[3] = RUNNER_STATUS;
    packet->bytes[field] = 200;
    expect_error(packet->bytes, length, "unknown field");
    packet->bytes[field] = 2;
    expect_error(packet->bytes, length, "does not belong");
    packet->bytes[field] = 1;
    packet->bytes[length] = 0;
    expect_error(packet->bytes, length + 1, "stray");
    memcpy(packet->bytes + length, packet->bytes + field, length - field);
    expect_error(packet->bytes, length + length - field, "twice");
    expect_error(packet->bytes, field, "missing");
    packet->bytes[length - 1] = 'x';
    expect_error(packet->bytes, length, "NUL");
    packet->bytes[field + 1] = 100;
    expect_error(packet->bytes, length, "reaches past");
    packet->bytes[field + 4] = 1;
    expect_error(packet->bytes, length, "too long");
    packet->bytes[0] = 'x';
    expect_error(packet->bytes, length, "not a packet");
    free(packet);
}

/* One more of each kind than there is room for, and longer than any packet. */
static void refuses_too_many(void **state)
{
    static const unsigned char argument[] = {4, 1, 0, 0, 0, 0};
    const struct runner_message message = run_message();
    struct packet *packet = format(&message);
    struct runner_message back;
    struct err err = {0};

    (void)state;
    size_t tag_at = packet->length;
    for (size_t i = 12; i + 5 <= packet->length; i += 5 + packet->bytes[i + 1])
        if (memcmp(packet->bytes + i + 5, "/usr/local", 10) == 0)
            tag_at = i;
    assert_true(tag_at < packet->length);
    for (size_t i = 0; i < RUNNER_ARGUMENTS_MAX; i++) {
        unsigned char *at = packet->bytes + packet->length;
        memcpy(at, argument, sizeof(argument));
        at[0] = packet->bytes[tag_at];
        packet->length += sizeof(argument);
    }
    expect_error(packet->bytes, packet->length, "comes too often");
    assert_false(runner_message_parse(packet->bytes, RUNNER_MESSAGE_MAX + 1, &back, &err));
    assert_string_equal(err.text, "not a packet of verdict-runner");
    assert_false(runner_message_format(&message, packet->bytes, 20, &packet->length, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    free(packet);
}

static void a_search_comes_back(void **state)
{
    (void)state;
    struct runner_message message = {.operation = RUNNER_FIND, .prefix = "d42-"};
    struct packet *packet = format(&message);
    struct runner_message back;
    assert_true(runner_message_parse(packet->bytes, packet->length, &back, NULL));
    assert_string_equal(back.prefix, "d42-");
    assert_null(back.after);
    free(packet);
    message.after = "d42-7.1-h3";
    packet = format(&message);
    assert_true(runner_message_parse(packet->bytes, packet->length, &back, NULL));
    assert_string_equal(back.after, "d42-7.1-h3");
    free(packet);
    message.prefix = "../d";
    refuses(&message, ERR_INVALID);
    message.prefix = NULL;
    refuses(&message, ERR_INVALID);
}

static void keys_have_an_order(void **state)
{
    (void)state;
    static const char *const keys[] = {"d1-2.0",     "d1-2.1",     "d1-2.2",      "d1-10.1",
                                       "d1-10.1-h0", "d1-10.1-h2", "d1-10.1-h10", "d1-10.2-h0"};
    for (size_t i = 0; i + 1 < ARRAY_LENGTH(keys); i++) {
        assert_true(runner_key_order(keys[i], keys[i + 1]) < 0);
        assert_true(runner_key_order(keys[i + 1], keys[i]) > 0);
        assert_int_equal(runner_key_order(keys[i], keys[i]), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),          cmocka_unit_test(result_comes_back),
        cmocka_unit_test(refuses_bad_members), cmocka_unit_test(refuses_what_is_too_long),
        cmocka_unit_test(refuses_damage),      cmocka_unit_test(refuses_broken_forms),
        cmocka_unit_test(check_comes_back),    cmocka_unit_test(a_search_comes_back),
        cmocka_unit_test(keys_have_an_order),  cmocka_unit_test(refuses_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
