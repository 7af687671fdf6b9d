/* test_mqtt_url.c - addresses of brokers.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "io/mqtt_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void test_urls(void **state)
{
    static const char *const bad[] = {"",           "mqtt://",        "mqtt://h/",     "mqtt://u:p@h",
                                      "mqtt://h:0", "mqtt://h:65536", "mqtt://h:1x",   "mqtt://[::1",
                                      "mqtt://h:",  "tcp://h",        "mqtt://[h]:1x", "mqtt://a b"};
    struct mqtt_url url;
    char text[sizeof(url.host) + 16];

    (void)state;
    assert_true(mqtt_url_parse("mqtt://broker", &url, NULL));
    assert_string_equal(url.host, "broker");
    assert_true(url.port == 1883 && !url.is_tls);
    assert_true(mqtt_url_parse("mqtts://[::1]:2000", &url, NULL));
    assert_string_equal(url.host, "::1");
    assert_true(url.port == 2000 && url.is_tls);
    assert_true(mqtt_url_parse("mqtts://a-b.example.org", &url, NULL));
    assert_int_equal(url.port, 8883);
    assert_true(mqtt_url_parse("mqtt://A_z0", &url, NULL));
    assert_string_equal(url.host, "A_z0");
    assert_true(mqtt_url_parse("mqtt://[fe80::1%25eth0]", &url, NULL));
    assert_string_equal(url.host, "fe80::1%25eth0");
    (void)snprintf(text, sizeof(text), "mqtt://%0*d", (int)sizeof(url.host), 0);
    assert_false(mqtt_url_parse(text, &url, NULL));
    assert_true(mqtt_url_parse("mqtt://{", &url, NULL) == false &&
                mqtt_url_parse("mqtt://[a-b]", &url, NULL) == false);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(mqtt_url_parse(bad[i], &url, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_urls)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
