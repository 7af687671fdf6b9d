/* test_notify_cards.c - cards for Microsoft Teams and embeds for Discord, each by its schema.
 * SPDX-License-Identifier: MIT */
#include "support/notifier_bench.h"

#include <stdio.h>
#include <string.h>

extern const struct notifier_type notifier_discord;
extern const struct notifier_type notifier_teams;

#define FAILED                                                                                               \
    "\"rule\":\"errors\",\"condition\":\"error_rate > "                                                      \
    "5%\",\"metric\":\"error_rate\",\"value\":0.1364,\"bound\":0.05,"

enum { WORDS = 4000 };

/* What differs between the two. */
static const struct receiver {
    const struct notifier_type *type;
    const char *path, *path_that_fails;
    const char *taken; /* the status of what was taken */
    const char *failed[5], *good[2];
} receivers[] = {
    {.type = &notifier_discord,
     .path = "/discord/x",
     .path_that_fails = "/fail/1/429/discord/x",
     .taken = "204",
     .failed = {"\"color\": 13710392",
                "\"name\": \"Measured\", \"value\": \"error\\\\_rate 0.1364, bound 0.05\"",
                "\"title\": \"shop/prod 3.0.0: verdict\\\\_failed\"",
                "\"url\": \"https://verdict.example/v1/deployments/dep_7\""},
     .good = {"\"color\": 3050327"}},
    {.type = &notifier_teams,
     .path = "/teams/x",
     .path_that_fails = "/fail/1/429/teams/x",
     .taken = "202",
     .failed = {"\"color\": \"attention\"",
                "\"title\": \"Measured\", \"value\": \"error\\\\_rate 0.1364, bound 0.05\"",
                "shop/prod 3.0.0: verdict\\\\_failed",
                "\"url\": \"https://verdict.example/v1/deployments/dep_7\""},
     .good = {"\"color\": \"good\""}},
};

static void open_at(struct notifier_bench *bench, const struct receiver *receiver, const char *path)
{
    folder_write(&bench->folder, "url", notifier_bench_url(path));
    const char *const options[] = {"url", notifier_bench_reference(bench, "url"), NULL};
    notifier_bench_open(bench, receiver->type, options);
}

static void say_what_happened(struct notifier_bench *bench, const struct receiver *receiver)
{
    open_at(bench, receiver, receiver->path);
    notifier_bench_expect(bench, notifier_bench_body("verdict_failed", FAILED), NOTICE_DELIVERED, 0,
                          receiver->taken);
    notifier_bench_has(notifier_bench_kept(), receiver->failed);
    notifier_bench_expect(bench, notifier_bench_body("promoted", ""), NOTICE_DELIVERED, 0, receiver->taken);
    notifier_bench_has(notifier_bench_kept(), receiver->good);
}

/* Marks of others are shown, not obeyed; what is long is cut, not refused. */
static void escape_and_cut(struct notifier_bench *bench, const struct receiver *receiver)
{
    const char *const parts[] = {"\"value\": \"\\\\[a\\\\](http://x) \\\\*b\\\\* @everyone \\\\<c\\\\>\"",
                                 "...\"", NULL};
    char more[WORDS + 200];
    char words[WORDS + 1];

    memset(words, '*', WORDS);
    words[WORDS] = '\0';
    (void)snprintf(more, sizeof(more),
                   "\"condition\":\"%s\",\"rule\":\"x\",\"why\":\"[a](http://x) *b* @everyone <c>\",", words);
    open_at(bench, receiver, receiver->path);
    notifier_bench_expect(bench, notifier_bench_body("held", more), NOTICE_DELIVERED, 0, receiver->taken);
    notifier_bench_has(notifier_bench_kept(), parts);
}

static void wait_as_it_is_told(struct notifier_bench *bench, const struct receiver *receiver)
{
    open_at(bench, receiver, receiver->path_that_fails);
    notifier_bench_expect(bench, notifier_bench_body("held", ""), NOTICE_RETRY, 7000, "429");
    notifier_bench_expect(bench, notifier_bench_body("held", ""), NOTICE_DELIVERED, 0, receiver->taken);
}

static void each(void **state, void (*test)(struct notifier_bench *bench, const struct receiver *receiver))
{
    for (size_t i = 0; i < sizeof(receivers) / sizeof(*receivers); i++)
        test(*state, &receivers[i]);
}

static void says_what_happened(void **state)
{
    each(state, say_what_happened);
}

static void escapes_and_cuts(void **state)
{
    each(state, escape_and_cut);
}

static void waits_as_it_is_told(void **state)
{
    each(state, wait_as_it_is_told);
}

#define WITH_BENCH(test)                                                                                     \
    cmocka_unit_test_setup_teardown(test, notifier_bench_set_up, notifier_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {WITH_BENCH(says_what_happened), WITH_BENCH(escapes_and_cuts),
                                       WITH_BENCH(waits_as_it_is_told)};
    return cmocka_run_group_tests_name("notify_cards", tests, notifier_bench_start_peer,
                                       notifier_bench_stop_peer);
}
