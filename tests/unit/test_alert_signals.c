/* test_alert_signals.c - notifications of Alertmanager, whole, partial and broken.
 * SPDX-License-Identifier: MIT */
#include "api/alert_signals.h"
#include "io/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct alert_signals signals;

static bool read_at(const char *text, const char *service, const char *environment, struct err *err)
{
    const struct alert_place place = {service, environment};

    return alert_signals_read(text, strlen(text), &place, &signals, err);
}

static void read_good(const char *text)
{
    struct err err = {0};

    if (!read_at(text, NULL, NULL, &err))
        fail_msg("%s", err.text);
}

static void assert_signal(size_t i, const char *service, const char *metric, bool is_firing)
{
    assert_true(i < signals.count);
    assert_string_equal(signals.of[i].service, service);
    assert_string_equal(signals.of[i].environment, "prod");
    assert_string_equal(signals.of[i].metric, metric);
    assert_int_equal(signals.of[i].is_firing, is_firing);
}

#define ALERT(status, name, service)                                                                         \
    "{\"status\":\"" status "\",\"labels\":{\"alertname\":\"" name "\",\"service\":\"" service               \
    "\",\"environment\":\"prod\",\"instance\":\"a:1\"},\"annotations\":{},\"startsAt\":"                     \
    "\"2026-11-26T16:00:00Z\",\"fingerprint\":\"0b31\"}"

/* Of one name any that fires counts, wherever it stands; members that are new to us do not matter. */
static void test_signals_by_name(void **state)
{
    (void)state;
    read_good("{\"version\":\"4\",\"groupKey\":\"{}:{}\",\"truncatedAlerts\":0,\"news\":[{}],\"status\":"
              "\"firing\",\"alerts\":[" ALERT("resolved", "High errors!", "shop") "," ALERT(
                  "firing", "High Errors_", "shop") "," ALERT("resolved", "high_errors_",
                                                              "shop") "," ALERT("resolved", "high_errors_",
                                                                                "mailer") "]}");
    assert_int_equal(signals.count, 2);
    assert_signal(0, "shop", "signal_high_errors_", true);
    assert_signal(1, "mailer", "signal_high_errors_", false);
    assert_int_equal(signals.elsewhere, 0);
    alert_signals_done(&signals);
    read_good("{\"alerts\":[" ALERT("firing", "a", "shop") "," ALERT("firing", "b", "shop") "]}");
    assert_signal(0, "shop", "signal_a", true);
    assert_signal(1, "shop", "signal_b", true);
    alert_signals_done(&signals);
    read_good("{\"alerts\":[]}");
    assert_int_equal(signals.count + signals.elsewhere, 0);
    alert_signals_done(&signals);
}

/* What was left out may fire. */
static void test_what_was_truncated_is_not_over(void **state)
{
    (void)state;
    read_good("{\"truncatedAlerts\":3,\"alerts\":[" ALERT("resolved", "a", "shop") "," ALERT("firing", "b",
                                                                                             "shop") "]}");
    assert_int_equal(signals.count, 1);
    assert_signal(0, "shop", "signal_b", true);
    alert_signals_done(&signals);
}

static void test_whose_it_is(void **state)
{
    static const char bare[] = "{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":\"a\"}}]}";
    struct err err = {0};

    (void)state;
    read_good("{\"alerts\":[" ALERT("firing", "a", "Shop 7") "," ALERT("firing", "", "shop") "," ALERT(
        "firing", "a_name_that_is_as_long_as_a_metric_may_be_and_so_is_too_long_for_it", "shop") "]}");
    assert_int_equal(signals.count, 0);
    assert_int_equal(signals.elsewhere, 3);
    alert_signals_done(&signals);
    read_good(bare);
    assert_int_equal(signals.elsewhere, 1);
    alert_signals_done(&signals);
    assert_true(read_at(bare, "shop", NULL, &err));
    assert_int_equal(signals.elsewhere, 1);
    alert_signals_done(&signals);
    assert_true(read_at(bare, "shop", "Prod", &err));
    assert_int_equal(signals.elsewhere, 1);
    alert_signals_done(&signals);
    assert_true(read_at(bare, "shop", "prod", &err));
    assert_signal(0, "shop", "signal_a", true);
    alert_signals_done(&signals);
    assert_true(read_at("{\"alerts\":[" ALERT("firing", "a", "mailer") "]}", "shop", "stage", &err));
    assert_signal(0, "mailer", "signal_a", true); /* what it says itself goes before */
    alert_signals_done(&signals);
}

static void test_what_is_none(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "offset 0"},
        {"<html>", "offset"},
        {"[]", "#"},
        {"{}", "#/alerts"},
        {"{\"alerts\":{}}", "#/alerts"},
        {"{\"alerts\":[],\"truncatedAlerts\":-1}", "#/truncatedAlerts"},
        {"{\"alerts\":[3]}", "#/alerts/0"},
        {"{\"alerts\":[{}]}", "#/alerts/0/status"},
        {"{\"alerts\":[{\"status\":\"flapping\",\"labels\":{}}]}", "firing or resolved"},
        {"{\"alerts\":[{\"status\":\"firing\"}]}", "#/alerts/0/labels"},
        {"{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":7}}]}", "labels/alertname"},
        {"{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"service\":[]}}]}", "labels/service"},
        {"{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"environment\":{}}}]}", "labels/environment"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct err err = {0};
        if (read_at(cases[i].text, NULL, NULL, &err))
            fail_msg("taken: %s", cases[i].text);
        if (strstr(err.text, cases[i].said) == NULL)
            fail_msg("%s: %s", cases[i].text, err.text);
    }
}

/* As many names as there is room for, and one more. */
static void test_bounds(void **state)
{
    enum { ROOM = 200 * (ALERT_SIGNALS_MAX + 1) + 64 };
    char *text = memory_take(ROOM);

    (void)state;
    for (size_t names = ALERT_SIGNALS_MAX; names <= ALERT_SIGNALS_MAX + 1; names++) {
        struct err err = {0};
        size_t length = (size_t)snprintf(text, ROOM, "{\"alerts\":[");
        for (size_t i = 0; i < names; i++)
            length += (size_t)snprintf(text + length, ROOM - length,
                                       "%s{\"status\":\"firing\",\"labels\":{\"alertname\":\"a%zu\"}}",
                                       i > 0 ? "," : "", i);
        (void)snprintf(text + length, ROOM - length, "]}");
        assert_int_equal(read_at(text, "shop", "prod", &err), names == ALERT_SIGNALS_MAX);
        if (names == ALERT_SIGNALS_MAX)
            alert_signals_done(&signals);
        else
            assert_int_equal(err.code, ERR_LIMIT);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signals_by_name), cmocka_unit_test(test_what_was_truncated_is_not_over),
        cmocka_unit_test(test_whose_it_is),     cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
