/* test_hook_proof.c - the published vectors of signatures, and whatever was tampered with, or is late.
 * SPDX-License-Identifier: MIT */
#include "api/hook_proof.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_S = 1614265330 };

static const struct settings_hook github = {.proof = HOOK_SHA256};
static const struct settings_hook gitlab = {.proof = HOOK_TOKEN};
static const struct settings_hook standard = {.proof = HOOK_STANDARD, .max_age_ms = 300000};

static struct hook_message message_of(const char *body, const char *proof)
{
    return (struct hook_message){.body = body, .length = strlen(body), .proof = proof};
}

static void assert_proof(const struct settings_hook *hook, const char *secret, struct hook_message message,
                         int64_t now_s, const char *why)
{
    struct err err = {0};
    bool is_good = hook_proof_check(hook, secret, &message, now_s * 1000, &err);

    if (is_good != (why == NULL) || (why != NULL && strstr(err.text, why) == NULL))
        fail_msg("%d: %s", is_good, err.text);
    assert_true(is_good || strstr(err.text, secret) == NULL);
}

/* GitHub's documentation, "Testing the webhook payload validation". */
static void the_vector_of_github(void **state)
{
    static const char secret[] = "It's a Secret to Everybody";
    static const char hex[] = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    static const char upper[] = "757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17";
    char text[80];

    (void)state;
    (void)snprintf(text, sizeof(text), "sha256=%s", hex);
    assert_proof(&github, secret, message_of("Hello, World!", text), 0, NULL);
    assert_proof(&github, secret, message_of("Hello, World!", hex), 0, NULL);
    assert_proof(&github, secret, message_of("Hello, World!", upper), 0, NULL);
    assert_proof(&github, secret, message_of("Hello, World?", text), 0, "not that of this message");
    assert_proof(&github, secret, message_of("Hello, World", text), 0, "not that of this message");
    assert_proof(&github, "It's no secret", message_of("Hello, World!", text), 0, "not that of this message");
    text[20] = text[20] == '0' ? '1' : '0';
    assert_proof(&github, secret, message_of("Hello, World!", text), 0, "not that of this message");
    text[strlen(text) - 1] = '\0';
    assert_proof(&github, secret, message_of("Hello, World!", text), 0, "not signed");
    assert_proof(&github, secret, message_of("Hello, World!", "sha1=757107ea"), 0, "not signed");
    assert_proof(&github, secret, message_of("Hello, World!", ""), 0, "not signed");
    assert_proof(&github, secret, message_of("Hello, World!", NULL), 0, "not signed");
}

static struct hook_message standard_message(void)
{
    struct hook_message message = message_of("{\"test\": 2432232314}", NULL);

    message.id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    message.timestamp = "1614265330";
    message.signatures = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    return message;
}

/* The vector of the specification's own libraries. */
static void the_vector_of_standard_webhooks(void **state)
{
    static const char secret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    struct hook_message message = standard_message();

    (void)state;
    assert_proof(&standard, secret, message, NOW_S, NULL);
    message.signatures = "v1a,abc v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    assert_proof(&standard, secret, message, NOW_S, NULL);
    /* Sent once more later, or from a clock that is ahead. */
    assert_proof(&standard, secret, message, NOW_S + 300, NULL);
    assert_proof(&standard, secret, message, NOW_S + 301, "too old");
    assert_proof(&standard, secret, message, NOW_S - 301, "too old");
    message.timestamp = "1614265331";
    assert_proof(&standard, secret, message, NOW_S, "none of the signatures");
    message = standard_message();
    message.id = "msg_other";
    assert_proof(&standard, secret, message, NOW_S, "none of the signatures");
    message = standard_message();
    message.body = "{\"test\": 2432232315}";
    assert_proof(&standard, secret, message, NOW_S, "none of the signatures");
}

static void standard_webhooks_without_their_headers(void **state)
{
    static const char secret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    struct hook_message message = standard_message();

    (void)state;
    message.signatures = "";
    assert_proof(&standard, secret, message, NOW_S, "none of the signatures");
    message.signatures = NULL;
    assert_proof(&standard, secret, message, NOW_S, "not signed");
    message = standard_message();
    message.timestamp = "yesterday";
    assert_proof(&standard, secret, message, NOW_S, "not signed");
    message.timestamp = NULL;
    assert_proof(&standard, secret, message, NOW_S, "not signed");
    message = standard_message();
    message.id = NULL;
    assert_proof(&standard, secret, message, NOW_S, "not signed");
    message.id = "";
    assert_proof(&standard, secret, message, NOW_S, "not signed");
    assert_proof(&standard, "no base64!", standard_message(), NOW_S, "signing secret");
}

static void tokens(void **state)
{
    (void)state;
    assert_proof(&gitlab, "s3cret", message_of("{}", "s3cret"), 0, NULL);
    assert_proof(&gitlab, "s3cret", message_of("{}", "Bearer s3cret"), 0, NULL);
    assert_proof(&gitlab, "s3cret", message_of("{}", "s3creT"), 0, "does not show");
    assert_proof(&gitlab, "s3cret", message_of("{}", "s3cret "), 0, "does not show");
    assert_proof(&gitlab, "s3cret", message_of("{}", ""), 0, "does not show");
    assert_proof(&gitlab, "s3cret", message_of("{}", NULL), 0, "does not show");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vector_of_github),
        cmocka_unit_test(the_vector_of_standard_webhooks),
        cmocka_unit_test(standard_webhooks_without_their_headers),
        cmocka_unit_test(tokens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
