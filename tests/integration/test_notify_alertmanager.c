/* test_notify_alertmanager.c - alerts against Alertmanager itself: what it shows, and what it tells its own
 * receiver.
 * SPDX-License-Identifier: MIT */
#include "support/notifier_bench.h"
#include "support/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct notifier_type notifier_alertmanager;

enum { ANSWER_MAX = 64 * 1024, TEXT_MAX = 1024 };

struct fixture {
    struct notifier_bench *bench;
    struct folder folder;
    struct process server;
    uint16_t port;
    char url[NOTIFIER_BENCH_URL_MAX];
};

static void start_server(struct fixture *fixture)
{
    char config[FOLDER_PATH_MAX];
    char storage[FOLDER_PATH_MAX];
    char log[FOLDER_PATH_MAX];
    char options[3][FOLDER_PATH_MAX + 64];

    (void)snprintf(options[0], sizeof(options[0]), "--config.file=%s",
                   folder_path(&fixture->folder, "alertmanager.yml", config));
    (void)snprintf(options[1], sizeof(options[1]), "--storage.path=%s",
                   folder_path(&fixture->folder, "data", storage));
    (void)snprintf(options[2], sizeof(options[2]), "--web.listen-address=127.0.0.1:%u", fixture->port);
    const char *const argv[] = {"prometheus-alertmanager",   options[0], options[1], options[2],
                                "--cluster.listen-address=", NULL};
    fixture->server = process_start(argv, folder_path(&fixture->folder, "log", log));
    process_wait_port(&fixture->server, fixture->port, NOTIFIER_BENCH_PATIENCE_MS);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    char text[TEXT_MAX];
    void *bench = NULL;

    assert_non_null(fixture);
    if (notifier_bench_set_up(&bench) != 0)
        return -1;
    fixture->bench = bench;
    fixture->folder = folder_make();
    fixture->port = process_free_port();
    (void)snprintf(text, sizeof(text),
                   "route: {receiver: desk, group_by: [deployment], group_wait: 10ms, group_interval: 50ms}\n"
                   "receivers: [{name: desk, webhook_configs: [{url: '%s', send_resolved: true}]}]\n",
                   notifier_bench_url("/hook/"));
    folder_write(&fixture->folder, "alertmanager.yml", text);
    start_server(fixture);
    (void)snprintf(fixture->url, sizeof(fixture->url), "http://127.0.0.1:%u/", fixture->port);
    const char *const options[] = {"url", fixture->url, "labels", "team,shop", "expire", "1h", NULL};
    notifier_bench_open(fixture->bench, &notifier_alertmanager, options);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    void *bench = fixture->bench;

    (void)process_stop(&fixture->server);
    folder_remove(&fixture->folder);
    free(fixture);
    return notifier_bench_tear_down(&bench);
}

/* What it shows as firing, without spaces. */
static void firing(const struct fixture *fixture, char to[ANSWER_MAX])
{
    char url[2 * NOTIFIER_BENCH_URL_MAX];
    struct http_answer answer;
    struct err err = {0};

    (void)snprintf(url, sizeof(url), "%sapi/v2/alerts", fixture->url);
    const struct http_request request = {
        .url = url, .timeout_ms = NOTIFIER_BENCH_PATIENCE_MS, .answer_max = ANSWER_MAX - 1};
    if (!http_perform(&request, &answer, &err))
        fail_msg("%s", err.text);
    assert_int_equal(answer.status, 200);
    (void)snprintf(to, ANSWER_MAX, "%s", answer.body);
    http_answer_done(&answer);
}

static void expect_firing(const struct fixture *fixture, const char *const *parts)
{
    char shown[ANSWER_MAX];

    firing(fixture, shown);
    notifier_bench_has(shown, parts);
}

static void expect_quiet(const struct fixture *fixture)
{
    char shown[ANSWER_MAX];

    firing(fixture, shown);
    if (strncmp(shown, "[]", 2) != 0)
        fail_msg("%s", shown);
}

static void send_well(struct fixture *fixture, const char *event, const char *more)
{
    notifier_bench_expect(fixture->bench, notifier_bench_body(event, more), NOTICE_DELIVERED, 0, "200");
}

/* Until its own receiver was told what has `part`. */
static void wait_told(const struct fixture *fixture, const char *part)
{
    static char told[NOTIFIER_BENCH_KEPT_MAX];
    int64_t give_up_ms = process_now_ms() + NOTIFIER_BENCH_PATIENCE_MS;
    size_t length = 0;
    bool never = false;

    told[0] = '\0';
    while (strstr(told, part) == NULL) {
        length += (size_t)snprintf(told + length, sizeof(told) - length, "%s", notifier_bench_kept());
        if (length >= sizeof(told) || process_now_ms() > give_up_ms)
            fail_msg("%s", told);
        (void)!loop_run_until(fixture->bench->loop, &never, 10);
    }
}

static void fires_as_long_as_it_fails(void **state)
{
    struct fixture *fixture = *state;
    const char *const parts[] = {"\"alertname\":\"VerdictFailed\"",
                                 "\"severity\":\"error\"",
                                 "\"service\":\"shop\"",
                                 "\"environment\":\"prod\"",
                                 "\"version\":\"3.0.0\"",
                                 "\"deployment\":\"dep_7\"",
                                 "\"team\":\"shop\"",
                                 "\"summary\":\"shop/prod 3.0.0: verdict_failed\"",
                                 "Evidence: verdict get dep_7",
                                 "\"generatorURL\":\"https://verdict.example/v1/deployments/dep_7\"",
                                 "\"startsAt\":\"2026-11-26T16:00:00.000Z\"",
                                 NULL};

    send_well(fixture, "verdict_failed", "");
    expect_firing(fixture, parts);
    wait_told(fixture, "\"status\": \"firing\"");
    send_well(fixture, "rolled_back", "\"ends\":[\"failed\"],");
    expect_quiet(fixture);
    wait_told(fixture, "\"status\": \"resolved\"");
}

/* Held and then escalated: both, until it goes on; what never fired is not told as over. */
static void tells_what_is_wrong_apart(void **state)
{
    struct fixture *fixture = *state;
    const char *const parts[] = {"VerdictHeld", "VerdictEscalated", "\"severity\":\"warning\"",
                                 "\"severity\":\"critical\"", NULL};

    send_well(fixture, "held", "");
    send_well(fixture, "escalated", "");
    expect_firing(fixture, parts);
    send_well(fixture, "resumed", "\"ends\":[\"held\",\"escalated\"],");
    expect_quiet(fixture);
    send_well(fixture, "held", ""); /* once more is once more */
    expect_firing(fixture, (const char *const[]){"VerdictHeld", NULL});
    send_well(fixture, "promoted", "\"ends\":[\"failed\",\"held\",\"escalated\"],");
    expect_quiet(fixture);
}

static void is_quiet_about_what_goes_well(void **state)
{
    struct fixture *fixture = *state;

    notifier_bench_expect(fixture->bench, notifier_bench_body("started", ""), NOTICE_DELIVERED, 0,
                          "nothing to tell");
    notifier_bench_expect(fixture->bench, notifier_bench_body("promoted", ""), NOTICE_DELIVERED, 0,
                          "nothing to tell");
    expect_quiet(fixture);
}

static void waits_for_one_that_is_away(void **state)
{
    struct fixture *fixture = *state;

    (void)process_stop(&fixture->server);
    notifier_bench_expect(fixture->bench, notifier_bench_body("held", ""), NOTICE_RETRY, 0, "connect");
    start_server(fixture);
    send_well(fixture, "held", "");
    expect_firing(fixture, (const char *const[]){"VerdictHeld", NULL});
    (void)process_stop(&fixture->server); /* it forgets its alerts, and still takes the end */
    start_server(fixture);
    send_well(fixture, "resumed", "\"ends\":[\"held\"],");
    expect_quiet(fixture);
}

static void refuses_options(void **state)
{
    struct fixture *fixture = *state;
    const char *const options[] = {"url", fixture->url, "labels", "bad-name,x", NULL};
    struct err err = {0};

    assert_false(notifier_bench_try_open(fixture->bench, &notifier_alertmanager, options, &err));
    assert_non_null(strstr(err.text, "'bad-name' is no name of a label"));
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(fires_as_long_as_it_fails),
        WITH_SERVER(tells_what_is_wrong_apart),
        WITH_SERVER(is_quiet_about_what_goes_well),
        WITH_SERVER(waits_for_one_that_is_away),
        WITH_SERVER(refuses_options),
    };
    return cmocka_run_group_tests_name("notify_alertmanager", tests, notifier_bench_start_peer,
                                       notifier_bench_stop_peer);
}
