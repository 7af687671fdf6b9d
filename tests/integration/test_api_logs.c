/* test_api_logs.c - GET .../logs over a real socket and journal, with a daemon that tells what commands
 * printed.
 * SPDX-License-Identifier: MIT */
#include "io/http_server.h"
#include "orchestrator/deployment.h"
#include "support/api_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REHEARSED = 1, DEPLOYED = 2, ROUTED = 3, FAILED = 4 };

/* Four actions: a rehearsal, a command, a route, and a command that failed in its second try. */
static uint64_t journal_actions(struct api_bench *bench)
{
    uint64_t id = api_bench_deployment(bench, PHASE_RUNNING);
    static const enum action_kind kinds[] = {[REHEARSED] = ACTION_REHEARSE,
                                             [DEPLOYED] = ACTION_COMMAND,
                                             [ROUTED] = ACTION_ROUTE,
                                             [FAILED] = ACTION_COMMAND};

    for (uint32_t sequence = REHEARSED; sequence <= FAILED; sequence++) {
        bench->states[id - 1].step = (uint8_t)(sequence / 2);
        api_bench_action(bench, id, sequence, kinds[sequence]);
        if (sequence < FAILED)
            api_bench_result(bench, id, sequence, RESULT_DONE, "");
    }
    return id;
}

static char first_text[] = "one\ntwo\n";
static char second_text[] = "again";
static const struct api_output outputs[] = {
    {.place = {DEPLOYED, 0, API_NO_HOST}, .kind = RUNNER_ENDED, .text = first_text},
    {.place = {FAILED, 0, 0}, .kind = RUNNER_ENDED, .result = {.exit_status = 75}, .text = second_text},
    {.place = {FAILED, 1, 0}, .kind = RUNNER_STILL_RUNS, .text = second_text},
};

static const struct api_bench_call *ask(struct api_bench *bench, const char *query, size_t output_count)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "/v1/deployments/dep_1/logs%s", query);
    bench->outputs = outputs;
    bench->output_count = output_count;
    return api_bench_ask(bench, "GET", path, NULL);
}

static void expect(const struct api_bench_call *call, const char *path, const char *value)
{
    if (strcmp(api_bench_field(call, path), value) != 0)
        fail_msg("%s is not %s: %s", path, value, call->body);
}

static void actions_and_outputs_are_one_list(void **state)
{
    struct api_bench *bench = *state;

    (void)journal_actions(bench);
    const struct api_bench_call *call = ask(bench, "", 3);
    assert_int_equal(call->status, 200);
    assert_string_equal(bench->last.text, "outputs d1 after none of 2 4");
    expect(call, ".id", "dep_1");
    expect(call, ".done", "false");
    expect(call, ".more", "false");
    expect(call, ".next", "4.1-h0");
    expect(call, ".entries[0].kind", "rehearse");
    expect(call, ".entries[0].place", "1");
    expect(call, ".entries[0].over", "true");
    expect(call, ".entries[1].place", "2.0");
    expect(call, ".entries[1].output", "one\ntwo\n");
    expect(call, ".entries[1].state", "ended");
    expect(call, ".entries[1].exit_status", "0");
    expect(call, ".entries[2].kind", "route");
    expect(call, ".entries[3].host", "#1");
    expect(call, ".entries[3].exit_status", "75");
    expect(call, ".entries[3].over", "false");
    expect(call, ".entries[4].try", "2");
    expect(call, ".entries[4].state", "running");
    expect(call, ".entries[5].place", "");
}

static void a_page_begins_where_the_last_one_ended(void **state)
{
    struct api_bench *bench = *state;

    (void)journal_actions(bench);
    bench->are_outputs_cut = true;
    const struct api_bench_call *call = ask(bench, "", 1);
    expect(call, ".more", "true");
    expect(call, ".next", "2.0");
    expect(call, ".entries[2].place", "");
    bench->are_outputs_cut = false;
    call = ask(bench, "?after=2.0", 0);
    assert_string_equal(bench->last.text, "outputs d1 after 2.0 of 2 4");
    expect(call, ".entries[0].kind", "route");
    expect(call, ".entries[1].place", "4");
    expect(call, ".entries[1].over", "false");
    call = ask(bench, "?after=4", 0);
    expect(call, ".entries[0].place", "");
    expect(call, ".next", "4");
    call = ask(bench, "?step=1", 1);
    assert_string_equal(bench->last.text, "outputs d1 after none of 2");
    expect(call, ".entries[0].place", "2.0");
    expect(call, ".entries[1].place", "3");
    expect(call, ".entries[2].place", "");
}

/* What the journal has is shown, and none of the commands is taken for told. */
static void a_runner_that_is_away_is_told(void **state)
{
    struct api_bench *bench = *state;
    uint64_t id = journal_actions(bench);

    api_bench_result(bench, id, FAILED, RESULT_FAILED, "command ended with status 3: no disk");
    err_set(&bench->outputs_failure, ERR_UNAVAILABLE, "the runner does not answer");
    const struct api_bench_call *call = ask(bench, "", 0);
    assert_int_equal(call->status, 200);
    expect(call, ".missing", "the runner does not answer");
    expect(call, ".entries[0].over", "true");
    expect(call, ".entries[1].over", "false");
    expect(call, ".entries[3].over", "false");
    expect(call, ".entries[3].result", "failed");
    expect(call, ".entries[3].why", "command ended with status 3: no disk");
    bench->outputs_failure.code = ERR_NONE;
    call = ask(bench, "", 0);
    expect(call, ".entries[3].over", "true");
}

static void all_is_over_with_the_deployment(void **state)
{
    struct api_bench *bench = *state;
    uint64_t id = journal_actions(bench);

    bench->states[id - 1].phase = PHASE_ROLLED_BACK;
    api_bench_release(bench, id);
    const struct api_bench_call *call = ask(bench, "", 1);
    expect(call, ".done", "true");
    expect(call, ".entries[3].place", "4");
    expect(call, ".entries[3].over", "true");
}

static void refusals_say_what_is_wrong(void **state)
{
    struct api_bench *bench = *state;

    assert_int_equal(ask(bench, "", 0)->status, 404);
    (void)journal_actions(bench);
    static const char *const queries[] = {"?step=x",      "?step=-1",    "?after=3.",
                                          "?after=3.1-x", "?after=03.1", "?after=3.1-h65535"};
    for (size_t i = 0; i < ARRAY_LENGTH(queries); i++)
        assert_int_equal(ask(bench, queries[i], 0)->status, 400);
    char *token =
        api_bench_token(bench, "{\"principal\":\"other\",\"scopes\":[\"read\"],\"services\":[\"shed\"]}");
    bench->token = token;
    assert_int_equal(ask(bench, "", 0)->status, 403);
    bench->token = NULL;
    free(token);
}

static void who_does_not_wait_is_forgotten(void **state)
{
    struct api_bench *bench = *state;
    struct api_bench_call call;
    bool never = false;

    (void)journal_actions(bench);
    bench->is_slow = true;
    api_bench_send(bench, &call, "GET", "/v1/deployments/dep_1/logs", NULL, NULL);
    while (bench->outputs_told == NULL)
        assert_false(loop_run_until(bench->loop, &never, 1));
    http_request_cancel(call.http);
    while (http_server_counts(bench->server).waiting > 0)
        assert_false(loop_run_until(bench->loop, &never, 1));
    bench->outputs_told(bench->outputs_data, outputs, 1, false, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_API(actions_and_outputs_are_one_list), WITH_API(a_page_begins_where_the_last_one_ended),
        WITH_API(a_runner_that_is_away_is_told),    WITH_API(all_is_over_with_the_deployment),
        WITH_API(refusals_say_what_is_wrong),       WITH_API(who_does_not_wait_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
