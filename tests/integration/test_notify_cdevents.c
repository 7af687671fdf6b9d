/* test_notify_cdevents.c - CDEvents of what became of a deployment, by their schemas.
 * SPDX-License-Identifier: MIT */
#include "support/notifier_bench.h"

#include <string.h>

extern const struct notifier_type notifier_cdevents;

static void open_at(struct notifier_bench *bench, const char *path)
{
    const char *const options[] = {"url", notifier_bench_url(path), "token",
                                   notifier_bench_reference(bench, "key"), NULL};

    notifier_bench_open(bench, &notifier_cdevents, options);
}

static void what_serves_is_told(void **state)
{
    struct notifier_bench *bench = *state;
    const char *const promoted[] = {"\"type\": \"dev.cdevents.service.upgraded.0.3.0\"",
                                    "\"subject\": \"shop\"",
                                    "\"artifactId\": \"pkg:generic/shop@3.0.0\"",
                                    "\"environment\": {\"id\": \"prod\"}",
                                    "\"timestamp\": \"2026-11-26T16:00:00Z\"",
                                    "\"deployment\": \"dep_7\"",
                                    "\"status\": 202",
                                    NULL};
    const char *const rolled_back[] = {"\"type\": \"dev.cdevents.service.rolledback.0.3.0\"",
                                       "\"artifactId\": \"pkg:generic/shop@2.0.0\"", NULL};
    const char *const started[] = {"\"type\": \"dev.cdeventsx.verdict-deployment.started.0.1.0\"",
                                   "\"subject\": \"dep_7\"", NULL};

    const char *const tested[] = {"\"type\": \"dev.cdeventsx.verdict-notice.tested.0.1.0\"", NULL};

    open_at(bench, "/cdevents/v1");
    notifier_bench_expect(bench, notifier_bench_body("promoted", ""), NOTICE_DELIVERED, 0, "202");
    notifier_bench_has(notifier_bench_kept(), promoted);
    notifier_bench_expect(bench, notifier_bench_body("rolled_back", ""), NOTICE_DELIVERED, 0, "202");
    notifier_bench_has(notifier_bench_kept(), rolled_back);
    notifier_bench_expect(bench, notifier_bench_body("started", ""), NOTICE_DELIVERED, 0, "202");
    notifier_bench_has(notifier_bench_kept(), started);
    notifier_bench_expect(bench, notifier_bench_body("test", ""), NOTICE_DELIVERED, 0, "202");
    notifier_bench_has(notifier_bench_kept(), tested);
}

/* It is found when a rule fails, and over with whatever ends it, by an event of its own. */
static void an_incident_begins_and_ends(void **state)
{
    struct notifier_bench *bench = *state;
    const char *const found[] = {"\"type\": \"dev.cdevents.incident.detected.0.3.0\"",
                                 "\"subject\": \"dep_7\"",
                                 "\"id\": \"msg_1\"",
                                 "\"description\": \"shop/prod 3.0.0: verdict_failed\"",
                                 "\"metric\": \"error_rate\"",
                                 "\"value\": 0.07",
                                 NULL};
    const char *const over[] = {"\"type\": \"dev.cdevents.service.rolledback.0.3.0\"",
                                "\"type\": \"dev.cdevents.incident.resolved.0.3.0\"",
                                "\"id\": \"msg_1-resolved\"", NULL};
    const char *const resolved[] = {"\"type\": \"dev.cdevents.incident.resolved.0.3.0\"", NULL};

    open_at(bench, "/cdevents/v1");
    notifier_bench_expect(bench,
                          notifier_bench_body("verdict_failed", "\"metric\":\"error_rate\",\"value\":0.07,"),
                          NOTICE_DELIVERED, 0, "202");
    notifier_bench_has(notifier_bench_kept(), found);
    notifier_bench_expect(bench, notifier_bench_body("rolled_back", "\"ends\":[\"failed\"],"),
                          NOTICE_DELIVERED, 0, "202");
    notifier_bench_has(notifier_bench_kept(), over);
    notifier_bench_expect(bench, notifier_bench_body("resumed", "\"ends\":[\"failed\"],"), NOTICE_DELIVERED,
                          0, "202");
    notifier_bench_has(notifier_bench_kept(), resolved);
}

static void of_the_rest_nothing_is_told(void **state)
{
    struct notifier_bench *bench = *state;

    open_at(bench, "/cdevents/v1");
    notifier_bench_expect(bench, notifier_bench_body("step_entered", ""), NOTICE_DELIVERED, 0, "");
    notifier_bench_expect(bench, notifier_bench_body("held", "\"ends\":[\"held\"],"), NOTICE_DELIVERED, 0,
                          "");
    assert_string_equal(notifier_bench_kept(), "");
}

static void it_is_tried_again(void **state)
{
    struct notifier_bench *bench = *state;

    open_at(bench, "/fail/1/503/cdevents/v1");
    notifier_bench_expect(bench, notifier_bench_body("promoted", ""), NOTICE_RETRY, 7000, "503");
    notifier_bench_expect(bench, notifier_bench_body("promoted", ""), NOTICE_DELIVERED, 0, "202");
}

#define WITH_BENCH(test)                                                                                     \
    cmocka_unit_test_setup_teardown(test, notifier_bench_set_up, notifier_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(what_serves_is_told), WITH_BENCH(an_incident_begins_and_ends),
        WITH_BENCH(of_the_rest_nothing_is_told), WITH_BENCH(it_is_tried_again)};
    return cmocka_run_group_tests_name("notify_cdevents", tests, notifier_bench_start_peer,
                                       notifier_bench_stop_peer);
}
