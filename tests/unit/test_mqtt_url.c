/* test_mqtt_url.c - addresses of brokers.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "io/mqtt_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_urls(void **state)
{
    static const char *const bad[] = {"",           "mqtt://",        "mqtt://h/",     "mqtt://u:p@h",
                                      "mqtt://h:0", "mqtt://h:65536", "mqtt://h:1x",   "mqtt://[::1",
                                      "mqtt://h:",  "tcp://h",        "mqtt://[h]:1x", "mqtt://a b"};
    struct mqtt_url url;

    (void)state;
    assert_true(mqtt_url_parse("mqtt://broker", &url, NULL));
    assert_string_equal(url.host, "broker");
    assert_true(url.port == 1883 && !url.is_tls);
    assert_true(mqtt_url_parse("mqtts://[::1]:2000", &url, NULL));
    assert_string_equal(url.host, "::1");
    assert_true(url.port == 2000 && url.is_tls);
    assert_true(mqtt_url_parse("mqtts://a-b.example.org", &url, NULL));
    assert_int_equal(url.port, 8883);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(mqtt_url_parse(bad[i], &url, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_urls)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
