/* test_notify_github.c - commit statuses for GitHub, by its schema.
 * SPDX-License-Identifier: MIT */
#include "support/notifier_bench.h"

#include <stdio.h>
#include <string.h>

extern const struct notifier_type notifier_github;

#define KNOWN   "\"commit\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
#define UNKNOWN "\"commit\":\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\","

static bool try_open(struct notifier_bench *bench, const char *repository, struct err *err)
{
    const char *const options[] = {"repository", repository,
                                   "url",        notifier_bench_url("/github"),
                                   "token",      notifier_bench_reference(bench, "key"),
                                   NULL};

    return notifier_bench_try_open(bench, &notifier_github, options, err);
}

static void open_at(struct notifier_bench *bench, const char *repository)
{
    struct err err = {0};

    if (!try_open(bench, repository, &err))
        fail_msg("%s", err.text);
}

static void expect_state(struct notifier_bench *bench, const char *event, const char *state)
{
    char shown[64];
    const char *const parts[] = {shown, "\"context\": \"verdict/shop/prod\"",
                                 "\"target_url\": \"https://verdict.example/v1/deployments/dep_7\"", NULL};

    (void)snprintf(shown, sizeof(shown), "\"state\": \"%s\"", state);
    notifier_bench_expect(bench, notifier_bench_body(event, KNOWN), NOTICE_DELIVERED, 0, "201");
    notifier_bench_has(notifier_bench_kept(), parts);
}

static void says_what_became_of_the_commit(void **state)
{
    struct notifier_bench *bench = *state;

    open_at(bench, "acme/shop");
    expect_state(bench, "started", "pending");
    expect_state(bench, "rolled_back", "failure");
    expect_state(bench, "escalated", "error");
    expect_state(bench, "promoted", "success");
}

#define BEGAN_BY(url) "\"run_url\":\"https://api.github.com/repos/" url "\","

/* Where GitHub's own deployment began ours: its status beside the commit's, or alone. */
static void says_what_became_of_the_deployment(void **state)
{
    static const struct {
        const char *event, *commit, *deployment;
    } cases[] = {{"started", "\"state\": \"pending\"", "\"state\": \"in_progress\""},
                 {"promoted", "\"state\": \"success\"", "\"state\": \"success\""},
                 {"rolled_back", "\"state\": \"failure\"", "\"state\": \"failure\""},
                 {"cancelled", "\"state\": \"error\"", "\"state\": \"inactive\""}};
    struct notifier_bench *bench = *state;

    open_at(bench, "acme/shop");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *const parts[] = {"\"path\": \"repos/acme/shop/statuses/aaaa",
                                     cases[i].commit,
                                     "\"path\": \"repos/acme/shop/deployments/42/statuses\"",
                                     cases[i].deployment,
                                     "\"log_url\": \"https://verdict.example/v1/deployments/dep_7\"",
                                     NULL};
        notifier_bench_expect(bench,
                              notifier_bench_body(cases[i].event, KNOWN BEGAN_BY("acme/shop/deployments/42")),
                              NOTICE_DELIVERED, 0, "201");
        notifier_bench_has(notifier_bench_kept(), parts);
    }
    notifier_bench_expect(bench, notifier_bench_body("started", BEGAN_BY("acme/shop/deployments/42")),
                          NOTICE_DELIVERED, 0, "201");
    assert_null(strstr(notifier_bench_kept(), "shop/statuses/"));
    notifier_bench_expect(bench, notifier_bench_body("started", BEGAN_BY("acme/other/deployments/42")),
                          NOTICE_DELIVERED, 0, "nothing to tell");
    notifier_bench_expect(bench, notifier_bench_body("started", BEGAN_BY("acme/shop/deployments/42/x")),
                          NOTICE_DELIVERED, 0, "nothing to tell");
}

static void is_quiet_where_it_knows_nothing(void **state)
{
    struct notifier_bench *bench = *state;

    open_at(bench, "acme/shop");
    notifier_bench_expect(bench, notifier_bench_body("promoted", ""), NOTICE_DELIVERED, 0, "nothing to tell");
    notifier_bench_expect(bench, notifier_bench_body("promoted", "\"commit\":\"v1.2\","), NOTICE_DELIVERED, 0,
                          "nothing to tell");
    notifier_bench_expect(bench, notifier_bench_body("quarantined", KNOWN), NOTICE_DELIVERED, 0,
                          "nothing to tell");
    assert_string_equal(notifier_bench_kept(), "");
}

static void reads_answers(void **state)
{
    struct notifier_bench *bench = *state;

    open_at(bench, "acme/shop");
    notifier_bench_expect(bench, notifier_bench_body("promoted", UNKNOWN), NOTICE_REFUSED, 0,
                          "No commit found");
    open_at(bench, "acme/other");
    notifier_bench_expect(bench, notifier_bench_body("promoted", KNOWN), NOTICE_RETRY, 0, "404");
}

static void refuses_options(void **state)
{
    static const char *const repositories[] = {"shop", "/shop", "acme/", "a/b/c", "a/../b", "a b/c"};
    struct notifier_bench *bench = *state;
    struct err err = {0};

    for (size_t i = 0; i < ARRAY_LENGTH(repositories); i++) {
        assert_false(try_open(bench, repositories[i], &err));
        assert_non_null(strstr(err.text, "owner/name"));
    }
}

#define WITH_BENCH(test)                                                                                     \
    cmocka_unit_test_setup_teardown(test, notifier_bench_set_up, notifier_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(says_what_became_of_the_commit),
        WITH_BENCH(says_what_became_of_the_deployment),
        WITH_BENCH(is_quiet_where_it_knows_nothing),
        WITH_BENCH(reads_answers),
        WITH_BENCH(refuses_options),
    };
    return cmocka_run_group_tests_name("notify_github", tests, notifier_bench_start_peer,
                                       notifier_bench_stop_peer);
}
