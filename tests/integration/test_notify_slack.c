/* test_notify_slack.c - chat messages for Slack: what they say, how they are escaped, and what answers mean.
 * SPDX-License-Identifier: MIT */
#include "support/notifier_bench.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern const struct notifier_type notifier_slack;

#define FAILED                                                                                               \
    "\"rule\":\"errors\",\"condition\":\"error_rate > 5%\",\"metric\":\"error_rate\",\"value\":0.1364,"      \
    "\"bound\":0.05,\"count\":35,"

/* The channel's URL is the secret. */
static void open_at(struct notifier_bench *bench, const char *path)
{
    folder_write(&bench->folder, "url", notifier_bench_url(path));
    const char *const options[] = {"url", notifier_bench_reference(bench, "url"), "username", "verdictd",
                                   NULL};
    notifier_bench_open(bench, &notifier_slack, options);
}

static void says_what_happened(void **state)
{
    struct notifier_bench *bench = *state;
    const char *const parts[] = {
        "\"text\": \"shop/prod 3.0.0: verdict_failed\"",
        "\"username\": \"verdictd\"",
        "\"color\": \"#d13438\"",
        "\"title_link\": \"https://verdict.example/v1/deployments/dep_7\"",
        "\"title\": \"Service\", \"value\": \"shop\"",
        "\"title\": \"Environment\", \"value\": \"prod\"",
        "\"title\": \"Version\", \"value\": \"3.0.0 in place of 2.0.0\"",
        "\"title\": \"Rule\", \"value\": \"errors: error_rate &gt; 5%\"",
        "\"title\": \"Measured\", \"value\": \"error_rate 0.1364, bound 0.05, from 35 values\"",
        "\"title\": \"Action\", \"value\": \"no step forward any more\"",
        "\"title\": \"Who\", \"value\": \"ci\"",
        "\"title\": \"Evidence\", \"value\": \"verdict get dep_7\"",
        "\"ts\": 1795708800",
        NULL};

    open_at(bench, "/slack/services/T0/B0/secret-of-the-channel");
    notifier_bench_expect(bench, notifier_bench_body("verdict_failed", FAILED), NOTICE_DELIVERED, 0, "200");
    notifier_bench_has(notifier_bench_kept(), parts);
}

/* Who writes a reason must not be able to ring at everybody, or to make a link of it. */
static void escapes_what_others_wrote(void **state)
{
    struct notifier_bench *bench = *state;
    const char *const parts[] = {"\"value\": \"&lt;!channel&gt; &lt;http://x|y&gt; a&amp;b  \xC3\xA4\"",
                                 NULL};

    open_at(bench, "/slack/x");
    notifier_bench_expect(
        bench, notifier_bench_body("held", "\"why\":\"<!channel> <http://x|y> a&b\\n\\t\xC3\xA4\","),
        NOTICE_DELIVERED, 0, "200");
    notifier_bench_has(notifier_bench_kept(), parts);
}

static void reads_answers(void **state)
{
    struct notifier_bench *bench = *state;

    open_at(bench, "/fail/1/429/slack/x");
    notifier_bench_expect(bench, notifier_bench_body("started", ""), NOTICE_RETRY, 7000,
                          "the receiver answered 429: not now");
    notifier_bench_expect(bench, notifier_bench_body("started", ""), NOTICE_DELIVERED, 0, "200");
    open_at(bench, "/fail/1/404/slack/x");
    notifier_bench_expect(bench, notifier_bench_body("started", ""), NOTICE_RETRY, 7000, "404");
    open_at(bench, "/fail/1/410/slack/x");
    notifier_bench_expect(bench, notifier_bench_body("started", ""), NOTICE_REFUSED, 0, "410");
    notifier_bench_expect(bench, "{\"not\":", NOTICE_REFUSED, 0, "the notice");
}

/* A channel that was renewed counts at once; one that is not there may come. */
static void reads_the_url_each_time(void **state)
{
    struct notifier_bench *bench = *state;
    char path[FOLDER_PATH_MAX];

    open_at(bench, "/slack/one");
    assert_int_equal(unlink(folder_path(&bench->folder, "url", path)), 0);
    notifier_bench_expect(bench, notifier_bench_body("started", ""), NOTICE_RETRY, 0, "url");
    folder_write(&bench->folder, "url", "no-url-but-secret");
    struct notifier_told told = notifier_bench_send(bench, notifier_bench_body("started", ""));
    assert_int_equal(told.fate, NOTICE_RETRY);
    assert_null(strstr(told.why, "secret"));
    folder_write(&bench->folder, "url", notifier_bench_url("/slack/two"));
    notifier_bench_expect(bench, notifier_bench_body("started", ""), NOTICE_DELIVERED, 0, "200");
    assert_non_null(strstr(notifier_bench_kept(), "\"path\": \"two\""));
}

static void refuses_options(void **state)
{
    struct notifier_bench *bench = *state;
    const char *const literal[] = {"url", "https://hooks.example/secret", NULL};
    struct err err = {0};

    assert_false(notifier_bench_try_open(bench, &notifier_slack, literal, &err));
    assert_null(strstr(err.text, "hooks"));
}

/* The operator's words may mark and link; what fills the blanks is of others, and is escaped. */
static void says_it_in_the_operators_words(void **state)
{
    struct notifier_bench *bench = *state;
    const char *const parts[] = {
        "\"text\": \"*shop* 3.0.0: error_rate is 0.1364 (bound 0.05), says &lt;!here&gt; "
        "https://verdict.example/v1/deployments/dep_7\"",
        "\"fallback\": \"*shop* 3.0.0", NULL};

    folder_write(&bench->folder, "url", notifier_bench_url("/slack/x"));
    const char *const options[] = {
        "url", notifier_bench_reference(bench, "url"), "text",
        "*{{service}}* {{ version }}: {{metric}} is {{value}} (bound {{bound}}), says "
        "{{why}}{{commit}} {{link}}",
        NULL};
    notifier_bench_open(bench, &notifier_slack, options);
    notifier_bench_expect(bench, notifier_bench_body("verdict_failed", FAILED "\"why\":\"<!here>\","),
                          NOTICE_DELIVERED, 0, "200");
    notifier_bench_has(notifier_bench_kept(), parts);
}

/* Whatever is under way says nothing more, and leaves nothing behind. */
static void closes_at_work(void **state)
{
    struct notifier_bench *bench = *state;
    bool never = false;

    open_at(bench, "/slack/x");
    for (int i = 0; i < 2; i++) {
        const struct notice notice = {.id = "msg_1", .body = notifier_bench_body("started", "")};
        char path[FOLDER_PATH_MAX];
        bench->type->send(bench->notifier, &notice, NULL, NULL);
        (void)unlink(folder_path(&bench->folder, "url", path)); /* the second one ends at once */
    }
    bench->type->close(bench->notifier);
    bench->notifier = NULL;
    assert_false(loop_run_until(bench->loop, &never, 300));
}

#define WITH_BENCH(test)                                                                                     \
    cmocka_unit_test_setup_teardown(test, notifier_bench_set_up, notifier_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(says_what_happened), WITH_BENCH(escapes_what_others_wrote),
        WITH_BENCH(reads_answers),      WITH_BENCH(reads_the_url_each_time),
        WITH_BENCH(refuses_options),    WITH_BENCH(says_it_in_the_operators_words),
        WITH_BENCH(closes_at_work),
    };
    return cmocka_run_group_tests_name("notify_slack", tests, notifier_bench_start_peer,
                                       notifier_bench_stop_peer);
}
