/* test_notify_runs.c - what receivers get of runs, plans and drift: known by what runs have alike, and with
 * the command that answers.
 * SPDX-License-Identifier: MIT */
#include "support/notifier_bench.h"

#include <stdio.h>
#include <string.h>

extern const struct notifier_type notifier_pagerduty;
extern const struct notifier_type notifier_github;
extern const struct notifier_type notifier_cdevents;
extern const struct notifier_type notifier_slack;
extern const struct notifier_type notifier_teams;
extern const struct notifier_type notifier_discord;
extern const struct notifier_type notifier_grafana;

enum { BODY_SIZE = 4096 };

#define COMMIT "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define STACK  "\"stack\":\"network\",\"incident\":\"network/prod apply\","
#define ASKED                                                                                                \
    STACK "\"plan\":\"sha256:ab, creates 2\",\"approvers\":\"sre (0 of 2 so far)\",\"answer\":\"verdict "    \
          "iac approve run_7 --plan sha256:ab\","

/* About run_7. */
static const char *body(const char *event, const char *more)
{
    static char text[BODY_SIZE];

    (void)snprintf(
        text, sizeof(text),
        "{\"specversion\":\"1.0\",\"id\":\"msg_1\",\"source\":\"/verdict/test\",\"type\":\"verdict."
        "run.x\",\"time\":\"2026-11-26T16:00:00Z\",\"datacontenttype\":\"application/json\","
        "\"subject\":\"network/prod\",\"data\":{%s\"run\":\"run_7\",\"event\":\"%s\","
        "\"environment\":\"prod\",\"version\":\"apply\",\"commit\":\"" COMMIT
        "\",\"actor\":\"ci\",\"reason\":\"\",\"why\":\"the answer was no\",\"summary\":"
        "\"network/prod apply: %s\",\"evidence\":\"verdict get run_7\",\"link\":"
        "\"https://verdict.example/v1/runs/run_7\"}}",
        more, event, event);
    return text;
}

/* Its URL may be the secret. */
static void open_at(struct notifier_bench *bench, const struct notifier_type *type, const char *path)
{
    bool is_secret = type == &notifier_slack || type == &notifier_teams || type == &notifier_discord;
    const char *url = notifier_bench_url(path);
    const char *const options[] = {"url",
                                   is_secret ? notifier_bench_reference(bench, "url") : url,
                                   is_secret                     ? NULL
                                   : type == &notifier_pagerduty ? "key"
                                                                 : "token",
                                   notifier_bench_reference(bench, "key"),
                                   type == &notifier_github ? "repository" : NULL,
                                   "acme/shop",
                                   NULL};

    folder_write(&bench->folder, "url", url);
    notifier_bench_open(bench, type, options);
}

static void expect(struct notifier_bench *bench, const char *event, const char *more,
                   const char *const *parts)
{
    notifier_bench_expect(bench, body(event, more), NOTICE_DELIVERED, 0, "");
    notifier_bench_has(notifier_bench_kept(), parts);
}

/* An approval opens what its answer ends; a failure goes on, though nobody is waited for any more. */
static void an_incident_is_over_with_the_next_run(void **state)
{
    struct notifier_bench *bench = *state;
    const char *const asked[] = {"\"event_action\": \"trigger\"",
                                 "\"dedup_key\": \"/verdict/test/network/prod apply\"",
                                 "\"Answer\": \"verdict iac approve run_7 --plan sha256:ab\"",
                                 "\"Asked\": \"sre (0 of 2 so far)\"",
                                 "\"Plan\": \"sha256:ab, creates 2\"",
                                 "\"Stack\": \"network\"",
                                 "\"Verb\": \"apply\"",
                                 "\"severity\": \"warning\"",
                                 "\"source\": \"network/prod\"",
                                 "\"text\": \"run_7\"",
                                 NULL};
    const char *const failed[] = {"\"event_action\": \"trigger\"", "\"Why\": \"the answer was no\"", NULL};
    const char *const over[] = {"\"event_action\": \"resolve\"",
                                "\"dedup_key\": \"/verdict/test/network/prod apply\"", NULL};

    open_at(bench, &notifier_pagerduty, "/pagerduty");
    expect(bench, "run_approval_wanted", ASKED, asked);
    notifier_bench_expect(bench, body("run_failed", STACK "\"ends\":[\"held\"],"), NOTICE_DELIVERED, 0, "");
    const char *kept = notifier_bench_kept();
    notifier_bench_has(kept, failed);
    assert_null(strstr(kept, "resolve"));
    expect(bench, "run_released", STACK "\"ends\":[\"failed\"],", over);
    notifier_bench_expect(bench, body("run_started", STACK), NOTICE_DELIVERED, 0, "");
    assert_string_equal(notifier_bench_kept(), "");
}

static void a_commit_has_the_state_of_its_runs(void **state)
{
    struct notifier_bench *bench = *state;
    static const struct {
        const char *event, *said;
    } said[] = {{"run_started", "\"state\": \"pending\""},  {"run_approval_wanted", "\"state\": \"pending\""},
                {"plan_refused", "\"state\": \"failure\""}, {"apply_failed", "\"state\": \"failure\""},
                {"run_aborted", "\"state\": \"error\""},    {"run_released", "\"state\": \"success\""}};

    open_at(bench, &notifier_github, "/github");
    for (size_t i = 0; i < ARRAY_LENGTH(said); i++) {
        const char *const parts[] = {said[i].said, "\"context\": \"verdict/run/network/prod apply\"", NULL};
        expect(bench, said[i].event, STACK, parts);
    }
    notifier_bench_expect(bench, body("drift_found", STACK), NOTICE_DELIVERED, 0, "");
    assert_string_equal(notifier_bench_kept(), "");
}

static void events_of_pipelines_are_theirs(void **state)
{
    struct notifier_bench *bench = *state;
    const char *const started[] = {"\"type\": \"dev.cdevents.pipelinerun.started.0.3.0\"",
                                   "\"subject\": \"run_7\"",
                                   "\"pipelineName\": \"network/prod apply\"",
                                   "\"uri\": \"https://verdict.example/v1/runs/run_7\"",
                                   "\"run\": \"run_7\"",
                                   NULL};
    const char *const failed[] = {"\"type\": \"dev.cdevents.pipelinerun.finished.0.3.0\"",
                                  "\"outcome\": \"failure\"", "\"errors\": \"the answer was no\"", NULL};
    const char *const aborted[] = {"\"outcome\": \"cancel\"", NULL};
    const char *const released[] = {"\"outcome\": \"success\"", NULL};
    const char *const drift[] = {"\"type\": \"dev.cdevents.incident.detected.0.3.0\"",
                                 "\"service\": {\"id\": \"network\"}", "\"subject\": \"network/prod drift\"",
                                 NULL};
    const char *const gone[] = {"\"type\": \"dev.cdevents.incident.resolved.0.3.0\"",
                                "\"subject\": \"network/prod drift\"", NULL};

    open_at(bench, &notifier_cdevents, "/cdevents/v1");
    expect(bench, "run_started", STACK, started);
    expect(bench, "run_failed", STACK "\"ends\":[\"held\"],", failed);
    expect(bench, "run_aborted", STACK, aborted);
    expect(bench, "run_released", STACK "\"ends\":[\"failed\"],", released);
    expect(bench, "drift_found", "\"stack\":\"network\",\"incident\":\"network/prod drift\",", drift);
    expect(bench, "drift_gone",
           "\"stack\":\"network\",\"incident\":\"network/prod drift\",\"ends\":[\"drifted\"],", gone);
    notifier_bench_expect(bench, body("run_approval_wanted", ASKED), NOTICE_DELIVERED, 0, "");
    assert_string_equal(notifier_bench_kept(), "");
}

static void people_read_how_to_answer(void **state)
{
    struct notifier_bench *bench = *state;
    static const struct {
        const struct notifier_type *type;
        const char *path, *answer, *title;
    } rooms[] = {
        {&notifier_slack, "/slack/ops", "\"value\": \"verdict iac approve run_7 --plan sha256:ab\"", "run_7"},
        {&notifier_teams, "/teams/ops", "\"value\": \"verdict iac approve run\\\\_7 --plan sha256:ab\"",
         "\"title\": \"run_7\""},
        {&notifier_discord, "/discord/ops", "\"value\": \"verdict iac approve run\\\\_7 --plan sha256:ab\"",
         "\"url\": \"https://verdict.example/v1/runs/run_7\""},
        {&notifier_grafana, "/grafana", "Answer: verdict iac approve run_7 --plan sha256:ab",
         "\"tags\": [\"verdict\", \"run_approval_wanted\", \"network\", \"prod\"]"}};

    for (size_t i = 0; i < ARRAY_LENGTH(rooms); i++) {
        const char *const parts[] = {rooms[i].answer, rooms[i].title, "network/prod apply: run", NULL};
        open_at(bench, rooms[i].type, rooms[i].path);
        expect(bench, "run_approval_wanted", ASKED, parts);
    }
}

#define WITH_BENCH(test)                                                                                     \
    cmocka_unit_test_setup_teardown(test, notifier_bench_set_up, notifier_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(an_incident_is_over_with_the_next_run), WITH_BENCH(a_commit_has_the_state_of_its_runs),
        WITH_BENCH(events_of_pipelines_are_theirs), WITH_BENCH(people_read_how_to_answer)};
    return cmocka_run_group_tests_name("notify_runs", tests, notifier_bench_start_peer,
                                       notifier_bench_stop_peer);
}
