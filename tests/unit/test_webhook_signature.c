/* test_webhook_signature.c - the vector that Standard Webhooks publishes, and secrets that are none.
 * SPDX-License-Identifier: MIT */
#include "io/webhook_signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ID     "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define BODY   "{\"test\": 2432232314}"
#define SECRET "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

static void expect_signature(const char *secret)
{
    char signature[WEBHOOK_SIGNATURE_SIZE];
    struct err err;

    assert_true(webhook_sign(secret, ID, 1614265330, BODY, signature, &err));
    assert_string_equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void signs_the_published_vector(void **state)
{
    (void)state;
    expect_signature("whsec_" SECRET);
    expect_signature(SECRET);
}

static void expect_refused(const char *secret)
{
    char signature[WEBHOOK_SIGNATURE_SIZE] = "untouched";
    struct err err = {0};

    assert_false(webhook_sign(secret, ID, 1614265330, BODY, signature, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_string_equal(signature, "untouched");
    assert_true(secret[0] == '\0' || strstr(err.text, secret) == NULL);
}

static void refuses_what_is_no_secret(void **state)
{
    (void)state;
    expect_refused("");
    expect_refused("whsec_");
    expect_refused("whsec_MfKQ");
    expect_refused("whsec_" SECRET "!");
    expect_refused(SECRET SECRET SECRET);
    expect_refused(SECRET SECRET SECRET SECRET SECRET SECRET SECRET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_the_published_vector),
        cmocka_unit_test(refuses_what_is_no_secret),
    };
    return cmocka_run_group_tests_name("webhook_signature", tests, NULL, NULL);
}
