/* test_api_status.c - GET /v1/status over a real socket and a journal whose times are known.
 * SPDX-License-Identifier: MIT */
#include "api/fleet.h"
#include "orchestrator/deployment.h"
#include "support/api_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND = 1000, MANY = 24 };

static void committed(void *data, const struct journal_result *result)
{
    struct api_bench *bench = data;

    assert_int_equal(result->fault, JOURNAL_FINE);
    bench->batch->count = 0;
    bench->is_committed = true;
}

/* The deployment enters a phase at this time of the engine's clock. */
static void enter(struct api_bench *bench, uint64_t id, enum deployment_phase phase, int64_t now_ms)
{
    struct deployment_state *state = &bench->states[id - 1];
    const struct batch_row rows[] = {
        {.kind = ROW_DEPLOYMENT, .deployment = id, .state = state},
        {.kind = ROW_TRACE, .deployment = id, .state = state, .trace = {TRACE_PHASE, (uint32_t)phase, 0}}};

    state->phase = phase;
    memcpy(bench->batch->rows, rows, sizeof(rows));
    bench->batch->count = 2;
    bench->batch->now_ms = now_ms;
    bench->texts = (struct journal_texts){0};
    bench->is_committed = false;
    journal_commit(bench->journal, bench->batch, &bench->texts, committed, bench);
    assert_true(loop_run_until(bench->loop, &bench->is_committed, API_BENCH_DEADLINE_MS));
}

/* dep_1 was promoted, dep_2 rolled back within 40 s after a failure, dep_3 is under way. */
static void tell_the_story(struct api_bench *bench)
{
    int64_t now_ms = journal_clock_ms(bench->journal);
    uint64_t id = api_bench_deployment(bench, PHASE_RUNNING);

    bench->states[id - 1].ending = ENDING_PASSED;
    enter(bench, id, PHASE_PROMOTED, now_ms + 300 * SECOND);
    bench->states[id - 1].id = 0;
    id = api_bench_deployment(bench, PHASE_RUNNING);
    bench->states[id - 1].ending = ENDING_FAILED;
    enter(bench, id, PHASE_ROLLING_BACK, now_ms + 600 * SECOND);
    enter(bench, id, PHASE_ROLLED_BACK, now_ms + 640 * SECOND);
    bench->states[id - 1].id = 0;
    assert_int_equal(api_bench_deployment(bench, PHASE_RUNNING), 3);
}

static void expect(const struct api_bench_call *call, const char *path, const char *value)
{
    if (strcmp(api_bench_field(call, path), value) != 0)
        fail_msg("%s is '%s', not %s: %s", path, api_bench_field(call, path), value, call->body);
}

static const struct api_bench_call *ask(struct api_bench *bench, const char *query)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "/v1/status%s", query);
    const struct api_bench_call *call = api_bench_ask(bench, "GET", path, NULL);
    assert_int_equal(call->status, 200);
    return call;
}

static void figures_come_with_targets_and_reasons(void **state)
{
    struct api_bench *bench = *state;

    tell_the_story(bench);
    const struct api_bench_call *call = ask(bench, "");
    expect(call, ".schema", "verdict.status/1");
    expect(call, ".services[0].service", "shop");
    expect(call, ".deployments[0].id", "dep_3");
    expect(call, ".in_progress", "1");
    expect(call, ".environments[0].environment", "prod");
    expect(call, ".environments[0].services", "1");
    expect(call, ".environments[0].in_progress", "1");
    expect(call, ".environments[0].ended", "2");
    expect(call, ".environments[0].success_rate", "0.5");
    expect(call, ".span.seconds", "2592000");
    expect(call, ".span.deployments", "2");
    expect(call, ".span.cut", "false");
    expect(call, ".kpis.deployment_success_rate.value", "0.5");
    expect(call, ".kpis.deployment_success_rate.count", "2");
    expect(call, ".kpis.deployment_success_rate.target.above", "0.99");
    expect(call, ".kpis.deployment_success_rate.met", "false");
    expect(call, ".kpis.deployment_success_rate.strategies.careful.value", "0.5");
    expect(call, ".kpis.rollback_time.value", "40");
    expect(call, ".kpis.rollback_time.met", "true");
    expect(call, ".kpis.rollback_time.target.below", "120");
    expect(call, ".kpis.recovery_time.value", "40");
    expect(call, ".kpis.deployment_time.value", "0"); /* no action was under way */
    /* Nobody saw whether something served: that is no 100 %. */
    expect(call, ".kpis.zero_downtime.value", "");
    expect(call, ".kpis.zero_downtime.met", "");
    assert_non_null(strstr(api_bench_field(call, ".kpis.zero_downtime.why"), "anybody saw"));
    expect(call, ".kpis.test_coverage.value", "");
    expect(call, ".kpis.deployment_frequency.value", "1");
    expect(call, ".dora.deployment_frequency.value", "1");
    expect(call, ".dora.change_failure_rate.value", "0.5");
    expect(call, ".dora.failed_deployment_recovery_time.value", "40");
    expect(call, ".dora.lead_time_for_changes.value", "");
}

static void the_span_and_the_environment_are_chosen(void **state)
{
    struct api_bench *bench = *state;

    tell_the_story(bench);
    const struct api_bench_call *call = ask(bench, "?since=2h&environment=prod");
    expect(call, ".span.seconds", "7200");
    expect(call, ".span.deployments", "2");
    call = ask(bench, "?environment=staging");
    expect(call, ".span.deployments", "0");
    expect(call, ".in_progress", "0");
    expect(call, ".services[0].service", "");
    expect(call, ".kpis.deployment_success_rate.value", "");
    assert_int_equal(api_bench_ask(bench, "GET", "/v1/status?since=yesterday", NULL)->status, 400);
    assert_int_equal(api_bench_ask(bench, "GET", "/v1/status?since=10s", NULL)->status, 400);
    assert_int_equal(api_bench_ask(bench, "GET", "/v1/status?environment=NO!", NULL)->status, 400);
}

/* Figures are kept for some seconds, but never shown to whoever may not see what they are made of. */
static void figures_are_of_what_one_may_see(void **state)
{
    struct api_bench *bench = *state;
    char *token =
        api_bench_token(bench, "{\"principal\":\"ci-mail\",\"scopes\":[\"read\"],\"services\":[\"mailer\"]}");

    tell_the_story(bench);
    expect(ask(bench, ""), ".span.deployments", "2");
    bench->token = token;
    const struct api_bench_call *call = ask(bench, "");
    expect(call, ".span.deployments", "0");
    expect(call, ".in_progress", "0");
    expect(call, ".services[0].service", "");
    expect(call, ".deployments[0].id", "");
    expect(call, ".kpis.rollback_time.value", "");
    assert_null(strstr(call->body, "shop"));
    bench->token = NULL;
    expect(ask(bench, ""), ".span.deployments", "2");
    free(token);
}

/* One report is made at a time; who waits gets theirs. */
static void many_who_ask_wait_for_each_other(void **state)
{
    struct api_bench *bench = *state;
    static struct api_bench_call calls[MANY];

    tell_the_story(bench);
    for (int i = 0; i < MANY; i++)
        api_bench_send(bench, &calls[i], "GET", "/v1/status", NULL, NULL);
    for (int i = 0; i < MANY; i++) {
        api_bench_wait(bench, &calls[i]);
        assert_int_equal(calls[i].status, 200);
        expect(&calls[i], ".span.deployments", "2");
    }
}

struct heard {
    int count;
    enum err_code code;
};

static void hear(void *data, char *json, size_t length, const struct err *err)
{
    struct heard *heard = data;

    assert_null(json);
    assert_int_equal(length, 0);
    heard->count++;
    heard->code = err->code;
}

/* So many and no more wait; and all of them hear of the end, also the one that a worker has. */
static void there_is_an_end_to_waiting(void **state)
{
    struct api_bench *bench = *state;
    static struct heard heard[FLEET_WAITING_MAX + 2];
    const struct fleet_wish wish = {.span_ms = FLEET_SPAN_DEFAULT_MS};
    struct err err = {0};

    tell_the_story(bench);
    for (int i = 0; i <= FLEET_WAITING_MAX; i++)
        assert_non_null(fleet_report_start(bench->api, &wish, NULL, hear, &heard[i], &err));
    assert_null(fleet_report_start(bench->api, &wish, NULL, hear, &heard[FLEET_WAITING_MAX + 1], &err));
    assert_int_equal(err.code, ERR_LIMIT);
    api_free(bench->api);
    bench->api = NULL;
    for (int i = 0; i <= FLEET_WAITING_MAX; i++) {
        assert_int_equal(heard[i].count, 1);
        assert_int_equal(heard[i].code, ERR_UNAVAILABLE);
    }
    assert_int_equal(heard[FLEET_WAITING_MAX + 1].count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(figures_come_with_targets_and_reasons, api_bench_set_up,
                                        api_bench_tear_down),
        cmocka_unit_test_setup_teardown(the_span_and_the_environment_are_chosen, api_bench_set_up,
                                        api_bench_tear_down),
        cmocka_unit_test_setup_teardown(figures_are_of_what_one_may_see, api_bench_set_up,
                                        api_bench_tear_down),
        cmocka_unit_test_setup_teardown(many_who_ask_wait_for_each_other, api_bench_set_up,
                                        api_bench_tear_down),
        cmocka_unit_test_setup_teardown(there_is_an_end_to_waiting, api_bench_set_up, api_bench_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
