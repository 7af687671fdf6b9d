/* test_api_status.c - GET /v1/status over a real socket and a journal whose times are known.
 * SPDX-License-Identifier: MIT */
#include "api/fleet.h"
#include "api/fleet_stacks.h"
#include "orchestrator/deployment.h"
#include "store/sql.h"
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

/* ---- infrastructure ---- */

/* Rows as tasks of runs leave them; times in seconds. Of network/dev all was destroyed after it was planned.
 */
static const char looks[] =
    "PRAGMA foreign_keys = OFF;"
    "INSERT INTO stack_looks(stack, environment, kind, run, wall_ms, is_good, facts) VALUES"
    " ('network', 'prod', 'plan', 7, 1000000, 1, 'creates=2' || char(10) || 'deletes=1' || char(10) || "
    "'changes=3' ||"
    "  char(10) || 'resources=5'),"
    " ('network', 'prod', 'cost', 7, 1001000, 1, 'monthly_cost=120' || char(10) || "
    "'monthly_cost_before=100'),"
    " ('network', 'prod', 'compliance', 7, 1002000, 0, 'critical=1' || char(10) || 'findings=4'),"
    " ('network', 'prod', 'apply', 7, 1003000, 1, ''),"
    " ('network', 'prod', 'verify', 7, 1004000, 1, 'resources=6'),"
    " ('network', 'prod', 'drift', 8, 1005000, 0, 'drifts=2'),"
    " ('network', 'dev', 'plan', 3, 900000, 1, 'creates=1' || char(10) || 'resources=9'),"
    " ('network', 'dev', 'drift', 4, 910000, 1, 'drifts=3'),"
    " ('network', 'dev', 'destroy', 5, 920000, 1, 'resources=0'),"
    " ('mail', 'prod', 'cost', 6, 930000, 0, '');";

static void write_looks(const struct api_bench *bench, const char *statements)
{
    struct sql sql;
    struct err err = {0};

    if (!sql_open(&sql, bench->journal_path, SQL_WRITES, &err) || !sql_execute(&sql, statements))
        fail_msg("%s %s", err.text, sql.error);
    sql_close(&sql);
}

static void stacks_are_told_with_what_was_found(void **state)
{
    struct api_bench *bench = *state;

    const struct api_bench_call *call = ask(bench, "");
    expect(call, ".infrastructure.totals.stacks", "0");
    expect(call, ".infrastructure.totals.monthly_cost.value", "");
    expect(call, ".infrastructure.cut", "false");
    write_looks(bench, looks);
    call = ask(bench, "");
    expect(call, ".infrastructure.stacks[0].stack", "mail");
    expect(call, ".infrastructure.stacks[0].resources", "");
    expect(call, ".infrastructure.stacks[0].plan", "");
    expect(call, ".infrastructure.stacks[0].cost.ok", "false");
    expect(call, ".infrastructure.stacks[0].cost.monthly_cost", "");
    expect(call, ".infrastructure.stacks[1].environment", "dev");
    expect(call, ".infrastructure.stacks[1].resources", "0");
    expect(call, ".infrastructure.stacks[1].plan", "");
    expect(call, ".infrastructure.stacks[1].drift", "");
    expect(call, ".infrastructure.stacks[1].destroy.run", "run_5");
    expect(call, ".infrastructure.stacks[2].resources", "6"); /* the verify counted later than the plan */
    expect(call, ".infrastructure.stacks[2].plan.time", "1970-01-01T00:16:40Z");
    expect(call, ".infrastructure.stacks[2].plan.creates", "2");
    expect(call, ".infrastructure.stacks[2].plan.deletes", "1");
    expect(call, ".infrastructure.stacks[2].plan.updates", "");
    expect(call, ".infrastructure.stacks[2].apply.run", "run_7");
    expect(call, ".infrastructure.stacks[2].apply.ok", "true");
    expect(call, ".infrastructure.stacks[2].cost.monthly_cost", "120");
    expect(call, ".infrastructure.stacks[2].cost.change", "0.2");
    expect(call, ".infrastructure.stacks[2].compliance.ok", "false");
    expect(call, ".infrastructure.stacks[2].compliance.critical", "1");
    expect(call, ".infrastructure.stacks[2].compliance.high", "");
    expect(call, ".infrastructure.stacks[2].drift.drifts", "2");
    expect(call, ".infrastructure.stacks[2].locked_since", "");
    expect(call, ".infrastructure.totals.stacks", "3");
    expect(call, ".infrastructure.totals.resources.value", "6");
    expect(call, ".infrastructure.totals.resources.count", "2");
    expect(call, ".infrastructure.totals.monthly_cost.value", "120");
    expect(call, ".infrastructure.totals.monthly_cost.count", "1");
    expect(call, ".infrastructure.totals.findings.value", "4");
    expect(call, ".infrastructure.totals.drifts.value", "2");
    expect(call, ".infrastructure.totals.drifts.count", "1");
    call = ask(bench, "?environment=dev");
    expect(call, ".infrastructure.totals.stacks", "1");
    expect(call, ".infrastructure.stacks[0].environment", "dev");
}

/* A state that counts and a lock that is held are told of stacks that nobody planned here; and who is bound
 * to another service sees none of them. */
static void states_and_locks_are_of_whoever_may_see_them(void **state)
{
    struct api_bench *bench = *state;
    char *token =
        api_bench_token(bench, "{\"principal\":\"ci-mail\",\"scopes\":[\"read\"],\"services\":[\"mailer\"]}");

    assert_int_equal(
        api_bench_ask(bench, "LOCK", "/v1/iac/network/prod/state", "{\"ID\":\"one\",\"Who\":\"ci@builder\"}")
            ->status,
        200);
    assert_int_equal(api_bench_ask(bench, "POST", "/v1/iac/network/prod/state?ID=one",
                                   "{\"version\":4,\"serial\":3,\"lineage\":\"a\"}")
                         ->status,
                     200);
    const struct api_bench_call *call = ask(bench, "");
    expect(call, ".infrastructure.stacks[0].stack", "network");
    expect(call, ".infrastructure.stacks[0].state.serial", "3");
    expect(call, ".infrastructure.stacks[0].state.run", "");
    assert_string_not_equal(api_bench_field(call, ".infrastructure.stacks[0].locked_since"), "");
    bench->token = token;
    call = ask(bench, "");
    expect(call, ".infrastructure.totals.stacks", "0");
    assert_null(strstr(call->body, "network"));
    bench->token = NULL;
    assert_int_equal(api_bench_ask(bench, "DELETE", "/v1/iac/network/prod/state?ID=one", NULL)->status, 200);
    expect(ask(bench, ""), ".infrastructure.stacks[0].state", "");
    free(token);
}

static void there_are_so_many_stacks(void **state)
{
    static char statements[512];
    struct api_bench *bench = *state;

    (void)snprintf(
        statements, sizeof(statements),
        "PRAGMA foreign_keys = OFF; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < %d) INSERT INTO stack_looks SELECT printf('s%%05d', i), 'prod', 'verify', 1, 1000, 1,"
        " 'resources=2' FROM n;",
        FLEET_STACKS_MAX + 1);
    write_looks(bench, statements);
    const struct api_bench_call *call = ask(bench, "");
    expect(call, ".infrastructure.cut", "true");
    expect(call, ".infrastructure.stacks[199].stack", "s00200");
    expect(call, ".infrastructure.stacks[200].stack", "");
    expect(call, ".infrastructure.totals.stacks", "1024");
    expect(call, ".infrastructure.totals.resources.value", "2048");
}

/* What others have under way, however much it is, takes no place from what one may see. */
static void others_take_no_place(void **state)
{
    static const char others[] =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)"
        " INSERT INTO targets(id, service, environment) SELECT 900 + i, 'mailer' || i, 'prod' FROM n;"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)"
        " INSERT INTO deployments SELECT id + 100 + i, 900 + i, kind, taken_back, version, previous, "
        "plan_hash,"
        " sealed, strategy, actor, reason, run_url, commit_id, created_ms, changed_ms, ended_ms, phase,"
        " ending, step, attempt, sequence, seen_ms, is_open, is_escalated, revision, snapshot, why,"
        " traceparent FROM deployments, n WHERE id = 1;";
    struct api_bench *bench = *state;
    char *shop =
        api_bench_token(bench, "{\"principal\":\"ci-shop\",\"scopes\":[\"read\"],\"services\":[\"shop\"]}");

    (void)api_bench_deployment(bench, PHASE_RUNNING);
    write_looks(bench, others);
    const struct api_bench_call *call = ask(bench, "");
    expect(call, ".in_progress", "251");
    expect(call, ".deployments[99].service", "mailer151");
    expect(call, ".deployments[100].service", "");
    bench->token = shop;
    call = ask(bench, "");
    expect(call, ".in_progress", "1");
    expect(call, ".deployments[0].id", "dep_1");
    expect(call, ".deployments[1].id", "");
    bench->token = NULL;
    free(shop);
}

/* ---- waiting ---- */

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
        cmocka_unit_test_setup_teardown(stacks_are_told_with_what_was_found, api_bench_set_up,
                                        api_bench_tear_down),
        cmocka_unit_test_setup_teardown(states_and_locks_are_of_whoever_may_see_them, api_bench_set_up,
                                        api_bench_tear_down),
        cmocka_unit_test_setup_teardown(others_take_no_place, api_bench_set_up, api_bench_tear_down),
        cmocka_unit_test_setup_teardown(there_are_so_many_stacks, api_bench_set_up, api_bench_tear_down),
        cmocka_unit_test_setup_teardown(many_who_ask_wait_for_each_other, api_bench_set_up,
                                        api_bench_tear_down),
        cmocka_unit_test_setup_teardown(there_is_an_end_to_waiting, api_bench_set_up, api_bench_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
