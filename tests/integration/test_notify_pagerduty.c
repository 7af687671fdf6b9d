/* test_notify_pagerduty.c - incidents that are opened and resolved under one key, and change events.
 * SPDX-License-Identifier: MIT */
#include "support/notifier_bench.h"

#include <stdio.h>
#include <string.h>

extern const struct notifier_type notifier_pagerduty;

enum { REASON_LENGTH = 1500 };

static void open_at(struct notifier_bench *bench, const char *path)
{
    const char *const options[] = {"key", notifier_bench_reference(bench, "key"), "url",
                                   notifier_bench_url(path), NULL};
    notifier_bench_open(bench, &notifier_pagerduty, options);
}

static void send_well(struct notifier_bench *bench, const char *event, const char *more)
{
    notifier_bench_expect(bench, notifier_bench_body(event, more), NOTICE_DELIVERED, 0, "202");
}

static size_t lines_of(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static void opens_and_resolves_one_incident(void **state)
{
    struct notifier_bench *bench = *state;
    const char *const opened[] = {"\"path\": \"v2/enqueue\"",
                                  "\"event_action\": \"trigger\"",
                                  "\"dedup_key\": \"/verdict/test/dep_7\"",
                                  "\"severity\": \"error\"",
                                  "\"summary\": \"shop/prod 3.0.0: verdict_failed\"",
                                  "\"source\": \"shop/prod\"",
                                  "\"timestamp\": \"2026-11-26T16:00:00Z\"",
                                  "\"Measured\": \"error_rate 0.1364, bound 0.05\"",
                                  "\"Evidence\": \"verdict get dep_7\"",
                                  "\"href\": \"https://verdict.example/v1/deployments/dep_7\"",
                                  "\"routing_key\": \"the right one\"",
                                  NULL};
    const char *const resolved[] = {"\"path\": \"v2/enqueue\"", "\"event_action\": \"resolve\"",
                                    "\"dedup_key\": \"/verdict/test/dep_7\"",
                                    "\"path\": \"v2/change/enqueue\"", NULL};

    open_at(bench, "/pagerduty/");
    send_well(bench, "verdict_failed",
              "\"rule\":\"errors\",\"metric\":\"error_rate\",\"value\":0.1364,\"bound\":0.05,");
    notifier_bench_has(notifier_bench_kept(), opened);
    send_well(bench, "rolled_back", "\"ends\":[\"failed\"],");
    const char *kept = notifier_bench_kept();
    notifier_bench_has(kept, resolved);
    assert_int_equal(lines_of(kept), 2);
}

/* Nobody is woken by what goes well. */
static void tells_changes_quietly(void **state)
{
    struct notifier_bench *bench = *state;
    const char *const parts[] = {"\"path\": \"v2/change/enqueue\"",
                                 "\"summary\": \"shop/prod 3.0.0: started\"", NULL};

    open_at(bench, "/pagerduty");
    send_well(bench, "started", "");
    const char *kept = notifier_bench_kept();
    notifier_bench_has(kept, parts);
    assert_int_equal(lines_of(kept), 1);
    send_well(bench, "promoted", "");
    assert_null(strstr(notifier_bench_kept(), "event_action"));
    notifier_bench_expect(bench, notifier_bench_body("step_entered", ""), NOTICE_DELIVERED, 0,
                          "nothing to tell");
    notifier_bench_expect(bench, notifier_bench_body("quarantined", ""), NOTICE_DELIVERED, 0,
                          "nothing to tell");
    assert_string_equal(notifier_bench_kept(), "");
}

/* A try that fails half-way begins anew; resolving twice is resolving once. */
static void repeats_what_was_cut_off(void **state)
{
    struct notifier_bench *bench = *state;

    open_at(bench, "/fail/1/500/pagerduty");
    notifier_bench_expect(bench, notifier_bench_body("promoted", "\"ends\":[\"failed\"],"), NOTICE_RETRY,
                          7000, "500");
    /* the second request of this try has another path, which fails once as well */
    notifier_bench_expect(bench, notifier_bench_body("promoted", "\"ends\":[\"failed\"],"), NOTICE_RETRY,
                          7000, "500");
    send_well(bench, "promoted", "\"ends\":[\"failed\"],");
    const char *kept = notifier_bench_kept();
    assert_int_equal(lines_of(kept), 3);
    assert_non_null(strstr(kept, "change"));
}

static void keeps_to_its_limits(void **state)
{
    struct notifier_bench *bench = *state;
    char more[2 * REASON_LENGTH + 64];
    char words[2 * REASON_LENGTH + 1];

    for (size_t i = 0; i < REASON_LENGTH; i++)
        memcpy(words + 2 * i, "\xC3\xA4", 3);
    (void)snprintf(more, sizeof(more), "\"why\":\"%s\",", words);
    open_at(bench, "/pagerduty");
    send_well(bench, "escalated", more);
    assert_non_null(strstr(notifier_bench_kept(), "\xC3\xA4...\""));
}

static void a_wrong_key_is_not_shown(void **state)
{
    struct notifier_bench *bench = *state;
    const char *const literal[] = {"key", NOTIFIER_BENCH_KEY, NULL};
    const char *const no_url[] = {"key", "file:/x", "url", "ftp://x", NULL};
    struct err err = {0};

    open_at(bench, "/pagerduty");
    folder_write(&bench->folder, "key", "another");
    notifier_bench_expect(bench, notifier_bench_body("held", ""), NOTICE_REFUSED, 0, "400: routing_key");
    assert_false(notifier_bench_try_open(bench, &notifier_pagerduty, literal, &err));
    assert_null(strstr(err.text, NOTIFIER_BENCH_KEY));
    assert_false(notifier_bench_try_open(bench, &notifier_pagerduty, no_url, &err));
    assert_non_null(strstr(err.text, "url"));
}

#define WITH_BENCH(test)                                                                                     \
    cmocka_unit_test_setup_teardown(test, notifier_bench_set_up, notifier_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(opens_and_resolves_one_incident), WITH_BENCH(tells_changes_quietly),
        WITH_BENCH(repeats_what_was_cut_off),        WITH_BENCH(keeps_to_its_limits),
        WITH_BENCH(a_wrong_key_is_not_shown),
    };
    return cmocka_run_group_tests_name("notify_pagerduty", tests, notifier_bench_start_peer,
                                       notifier_bench_stop_peer);
}
