/* test_notify_discord.c - embeds for Discord, by its schema.
 * SPDX-License-Identifier: MIT */
#include "support/notifier_bench.h"

#include <stdio.h>
#include <string.h>

extern const struct notifier_type notifier_discord;

#define FAILED                                                                                               \
    "\"rule\":\"errors\",\"condition\":\"error_rate > "                                                      \
    "5%\",\"metric\":\"error_rate\",\"value\":0.1364,\"bound\":0.05,"

enum { WORDS = 4000 };

static void open_at(struct notifier_bench *bench, const char *path)
{
    folder_write(&bench->folder, "url", notifier_bench_url(path));
    const char *const options[] = {"url", notifier_bench_reference(bench, "url"), NULL};
    notifier_bench_open(bench, &notifier_discord, options);
}

static void says_what_happened(void **state)
{
    struct notifier_bench *bench = *state;
    const char *const parts[] = {"\"color\": 13710392",
                                 "\"name\": \"Measured\", \"value\": \"error\\\\_rate 0.1364, bound 0.05\"",
                                 "\"title\": \"shop/prod 3.0.0: verdict\\\\_failed\"",
                                 "\"url\": \"https://verdict.example/v1/deployments/dep_7\"", NULL};

    open_at(bench, "/discord/x");
    notifier_bench_expect(bench, notifier_bench_body("verdict_failed", FAILED), NOTICE_DELIVERED, 0, "204");
    notifier_bench_has(notifier_bench_kept(), parts);
    notifier_bench_expect(bench, notifier_bench_body("promoted", ""), NOTICE_DELIVERED, 0, "204");
    notifier_bench_has(notifier_bench_kept(), (const char *const[]){"\"color\": 3050327", NULL});
}

/* Marks of others are shown, not obeyed; what is long is cut, not refused. */
static void escapes_and_cuts(void **state)
{
    struct notifier_bench *bench = *state;
    const char *const parts[] = {"\"value\": \"\\\\[a\\\\](http://x) \\\\*b\\\\* @everyone \\\\<c\\\\>\"",
                                 "...\"", NULL};
    char more[WORDS + 200];
    char words[WORDS + 1];

    memset(words, '*', WORDS);
    words[WORDS] = '\0';
    (void)snprintf(more, sizeof(more),
                   "\"condition\":\"%s\",\"rule\":\"x\",\"why\":\"[a](http://x) *b* @everyone <c>\",", words);
    open_at(bench, "/discord/x");
    notifier_bench_expect(bench, notifier_bench_body("held", more), NOTICE_DELIVERED, 0, "204");
    notifier_bench_has(notifier_bench_kept(), parts);
}

static void waits_as_it_is_told(void **state)
{
    struct notifier_bench *bench = *state;

    open_at(bench, "/fail/1/429/discord/x");
    notifier_bench_expect(bench, notifier_bench_body("held", ""), NOTICE_RETRY, 7000, "429");
    notifier_bench_expect(bench, notifier_bench_body("held", ""), NOTICE_DELIVERED, 0, "204");
}

#define WITH_BENCH(test)                                                                                     \
    cmocka_unit_test_setup_teardown(test, notifier_bench_set_up, notifier_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {WITH_BENCH(says_what_happened), WITH_BENCH(escapes_and_cuts),
                                       WITH_BENCH(waits_as_it_is_told)};
    return cmocka_run_group_tests_name("notify_discord", tests, notifier_bench_start_peer,
                                       notifier_bench_stop_peer);
}
