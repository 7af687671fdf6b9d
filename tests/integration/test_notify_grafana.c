/* test_notify_grafana.c - annotations for Grafana, by its schema.
 * SPDX-License-Identifier: MIT */
#include "support/notifier_bench.h"

#include <stdio.h>
#include <string.h>

extern const struct notifier_type notifier_grafana;

static void open_at(struct notifier_bench *bench, const char *path)
{
    const char *const options[] = {
        "url",  notifier_bench_url(path), "token",     notifier_bench_reference(bench, "key"),
        "tags", "team-shop,eu",           "dashboard", "abc",
        NULL};
    notifier_bench_open(bench, &notifier_grafana, options);
}

static void marks_the_moment(void **state)
{
    struct notifier_bench *bench = *state;
    const char *const parts[] = {
        "\"time\": 1795708800000",
        "\"tags\": [\"verdict\", \"rolled_back\", \"shop\", \"prod\", \"team-shop\", \"eu\"]",
        "\"dashboardUID\": \"abc\"",
        "shop/prod 3.0.0: rolled_back\\nService: shop\\n",
        "Why: &lt;script&gt; &amp;\\n",
        "https://verdict.example/v1/deployments/dep_7",
        NULL};

    open_at(bench, "/grafana/");
    notifier_bench_expect(bench, notifier_bench_body("rolled_back", "\"why\":\"<script> &\","),
                          NOTICE_DELIVERED, 0, "200");
    notifier_bench_has(notifier_bench_kept(), parts);
}

static void tries_again(void **state)
{
    struct notifier_bench *bench = *state;

    open_at(bench, "/fail/1/503/grafana");
    notifier_bench_expect(bench, notifier_bench_body("held", ""), NOTICE_RETRY, 7000, "503");
    notifier_bench_expect(bench, notifier_bench_body("held", ""), NOTICE_DELIVERED, 0, "200");
}

#define WITH_BENCH(test)                                                                                     \
    cmocka_unit_test_setup_teardown(test, notifier_bench_set_up, notifier_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {WITH_BENCH(marks_the_moment), WITH_BENCH(tries_again)};
    return cmocka_run_group_tests_name("notify_grafana", tests, notifier_bench_start_peer,
                                       notifier_bench_stop_peer);
}
