/* api_bench.c - the api between a real server and a daemon that only notes down.
 * SPDX-License-Identifier: MIT */
#include "support/api_bench.h"

#include "io/http_server.h"
#include "io/json.h"
#include "io/memory.h"
#include "orchestrator/deployment.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the daemon ---- */

void api_bench_answer(void *data)
{
    struct api_bench *bench = data;
    struct api_bench_order order = bench->last;
    struct err err = bench->refusal;

    bench->last.done = NULL;
    bench->refusal.code = ERR_NONE;
    if (order.done != NULL && err.code != ERR_NONE)
        order.done(order.done_data, false, false, 0, &err);
    else if (order.done != NULL)
        order.done(order.done_data, true, !bench->attaches, bench->created, NULL);
    bench->attaches = false;
    bench->created = 0;
}

static void committed(void *data, const struct journal_result *result)
{
    struct api_bench *bench = data;

    assert_int_equal(result->fault, JOURNAL_FINE);
    bench->batch->count = 0;
    bench->is_committed = true;
    api_journaled(bench->api);
}

static void committed_start(void *data, const struct journal_result *result)
{
    struct api_bench *bench = data;

    committed(data, result);
    if (!bench->is_slow)
        api_bench_answer(bench);
}

static struct batch_row *add_row(struct api_bench *bench, enum row_kind kind, uint64_t deployment)
{
    struct batch_row *row = &bench->batch->rows[bench->batch->count++];

    *row =
        (struct batch_row){.kind = kind, .deployment = deployment, .state = &bench->states[deployment - 1]};
    return row;
}

static void commit(struct api_bench *bench, void (*done)(void *data, const struct journal_result *result))
{
    bench->batch->now_ms = journal_clock_ms(bench->journal);
    bench->is_committed = false;
    journal_commit(bench->journal, bench->batch, &bench->texts, done, bench);
}

/* Puts a new deployment into the batch. */
static uint64_t create(struct api_bench *bench, const char *version, const char *actor, const char *reason)
{
    uint64_t id = bench->next_id++;

    assert_true(id <= API_BENCH_DEPLOYMENTS_MAX);
    deployment_init(id, 1, &bench->states[id - 1]);
    bench->row_start =
        (struct journal_start){.target = journal_target(bench->journal, "shop", "prod"),
                               .version_key = journal_version_key(bench->journal, version, ""),
                               .previous_key = journal_version_key(bench->journal, "1.0.0", ""),
                               .plan_hash = 1,
                               .strategy = "careful",
                               .sealed = "nothing that can be read"};
    bench->row_request =
        (struct journal_request){.token = id, .actor = actor, .reason = reason, .start = &bench->row_start};
    bench->texts = (struct journal_texts){.request_count = 1, .requests = &bench->row_request};
    struct batch_row *row = add_row(bench, ROW_DEPLOYMENT, id);
    row->is_new = true;
    row->token = id;
    return id;
}

static void add_retry(struct api_bench *bench, const struct api_start *start)
{
    size_t length = strlen(bench->last.text);

    if (start->retries != 0)
        (void)snprintf(bench->last.text + length, sizeof(bench->last.text) - length, ", once more %llu%s",
                       (unsigned long long)start->retries, start->takes_out ? ", out of quarantine" : "");
}

static void take_start(void *data, const struct api_start *start, api_done *done, void *done_data)
{
    static char key[256];
    static char principal[64];
    struct api_bench *bench = data;

    bench->start_count++;
    bench->last = (struct api_bench_order){.done = done, .done_data = done_data};
    (void)snprintf(bench->last.text, sizeof(bench->last.text), "%s/%s %s %s %s by %s for %s: %s",
                   start->service, start->environment, start->version, start->digest, start->strategy,
                   start->principal.name, start->actor, start->reason);
    add_retry(bench, start);
    if (bench->refusal.code != ERR_NONE || bench->attaches) {
        bench->created = bench->attaches ? 1 : 0;
        loop_defer(bench->loop, api_bench_answer, bench);
        return;
    }
    bench->created = create(bench, "2.0.0", "alice", "release");
    (void)snprintf(principal, sizeof(principal), "%s", start->principal.name);
    (void)snprintf(key, sizeof(key), "%s", start->idempotency_key == NULL ? "" : start->idempotency_key);
    bench->row_request.principal = principal;
    bench->row_request.idempotency_key = key[0] == '\0' ? NULL : key;
    memcpy(bench->row_request.body_hash, start->body_hash, JOURNAL_HASH_SIZE);
    commit(bench, committed_start);
}

static void order(struct api_bench *bench, api_done *done, void *done_data)
{
    bench->last.done = done;
    bench->last.done_data = done_data;
    if (!bench->is_slow)
        loop_defer(bench->loop, api_bench_answer, bench);
}

static void take_verb(void *data, const struct api_verb *verb, api_done *done, void *done_data)
{
    struct api_bench *bench = data;

    bench->verb_count++;
    if (bench->created == 0)
        bench->created = verb->deployment;
    (void)snprintf(bench->last.text, sizeof(bench->last.text), "%s %llu %s by %s: %s", verb_name(verb->verb),
                   (unsigned long long)verb->deployment, verb->rule, verb->principal.name, verb->reason);
    order(bench, done, done_data);
}

static void take_target_verb(void *data, const struct api_target_verb *verb, api_done *done, void *done_data)
{
    struct api_bench *bench = data;

    bench->target_verb_count++;
    (void)snprintf(bench->last.text, sizeof(bench->last.text), "%d %s/%s %s %s by %s: %s", (int)verb->kind,
                   verb->service, verb->environment, verb->version, verb->slot, verb->principal.name,
                   verb->reason);
    order(bench, done, done_data);
}

static void take_mark(void *data, uint64_t deployment, double weight_percent)
{
    struct api_bench *bench = data;

    (void)snprintf(bench->last.text, sizeof(bench->last.text), "%llu %g", (unsigned long long)deployment,
                   weight_percent);
    bench->mark_count++;
}

static bool show_live(void *data, uint64_t deployment, struct api_live *ret_live)
{
    struct api_bench *bench = data;

    if (deployment == 0 || deployment > API_BENCH_DEPLOYMENTS_MAX || bench->states[deployment - 1].id == 0)
        return false;
    *ret_live = (struct api_live){.state = &bench->states[deployment - 1],
                                  .definition = &bench->definition,
                                  .rules = bench->rules,
                                  .why = "server web3 is down",
                                  .now_ms = 5000};
    return true;
}

static const struct target_state *show_target(void *data, uint32_t target)
{
    const struct api_bench *bench = data;

    return target == bench->target.id ? &bench->target : NULL;
}

static int64_t now_ms(void *data)
{
    return (void)data, 5000;
}

/* "sre" are alice and bob. */
static bool is_member(void *data, const char *name, const char *person)
{
    (void)data;
    if (strcmp(name, "sre") != 0)
        return strcmp(name, person) == 0;
    return strcmp(person, "alice") == 0 || strcmp(person, "bob") == 0;
}

static char *show_metrics(void *data)
{
    (void)data;
    return memory_copy_text("verdict_series 3\n");
}

static char *show_ready(void *data, bool *ret_ready)
{
    (void)data;
    *ret_ready = false;
    return memory_copy_text("[{\"name\":\"journal\",\"ok\":true,\"why\":\"\"},"
                            "{\"name\":\"runner\",\"ok\":false,\"why\":\"away\"}]");
}

static char *check_rules(void *data, const char *text)
{
    (void)data;
    return memory_copy_text(
        strstr(text, "broken") == NULL ? "[]" : "[{\"line\":1,\"text\":\"broken\",\"source\":\"\"}]");
}

/* ---- deployments ---- */

static void wait_committed(struct api_bench *bench)
{
    assert_true(loop_run_until(bench->loop, &bench->is_committed, API_BENCH_DEADLINE_MS));
}

uint64_t api_bench_deployment(struct api_bench *bench, enum deployment_phase phase)
{
    uint64_t id = create(bench, "2.0.0", "alice", "release");

    bench->states[id - 1].phase = phase;
    commit(bench, committed);
    wait_committed(bench);
    return id;
}

void api_bench_trace(struct api_bench *bench, uint64_t deployment, enum trace_kind kind, uint32_t a,
                     uint32_t b, const char *actor)
{
    api_bench_traces(bench, deployment, (struct trace){.kind = kind, .a = a, .b = b}, 1, actor, "");
}

void api_bench_traces(struct api_bench *bench, uint64_t deployment, struct trace trace, size_t count,
                      const char *actor, const char *reason)
{
    bench->row_request = (struct journal_request){.token = 99, .actor = actor, .reason = reason};
    bench->texts = (struct journal_texts){.request_count = 1, .requests = &bench->row_request};
    for (size_t i = 0; i < count; i++) {
        struct batch_row *row = add_row(bench, ROW_TRACE, deployment);
        row->token = 99;
        row->trace = trace;
    }
    commit(bench, committed);
    if (!bench->is_hasty)
        wait_committed(bench);
}

void api_bench_release(struct api_bench *bench, uint64_t deployment)
{
    bench->texts = (struct journal_texts){0};
    (void)add_row(bench, ROW_DEPLOYMENT, deployment);
    commit(bench, committed);
    wait_committed(bench);
    bench->states[deployment - 1].id = 0;
}

/* ---- the client ---- */

static void answered(void *data, const struct http_answer *answer)
{
    struct api_bench_call *call = data;

    call->is_over = true;
    call->http = NULL;
    call->status = answer->status;
    if (answer->status == 0)
        fail_msg("%s", answer->err.text);
    (void)snprintf(call->body, sizeof(call->body), "%s", answer->body);
    (void)!http_answer_header(answer, "ETag", call->etag, sizeof(call->etag));
    (void)!http_answer_header(answer, "Location", call->location, sizeof(call->location));
    (void)!http_answer_header(answer, "WWW-Authenticate", call->authenticate, sizeof(call->authenticate));
    (void)!http_answer_header(answer, "Allow", call->allow, sizeof(call->allow));
    (void)!http_answer_header(answer, "Retry-After", call->retry, sizeof(call->retry));
    (void)!http_answer_header(answer, "Content-Type", call->type, sizeof(call->type));
    (void)!http_answer_header(answer, "Content-Security-Policy", call->policy, sizeof(call->policy));
}

void api_bench_send(struct api_bench *bench, struct api_bench_call *call, const char *method,
                    const char *path, const char *body, const char *const *headers)
{
    char url[512];
    char bearer[160];
    struct http_header all[API_BENCH_HEADERS_MAX];
    struct http_request request = {.method = method,
                                   .url = url,
                                   .unix_path = bench->is_tcp ? NULL : bench->socket_path,
                                   .headers = all,
                                   .body = body,
                                   .body_length = body == NULL ? 0 : strlen(body),
                                   .timeout_ms = API_BENCH_DEADLINE_MS,
                                   .answer_max = API_BENCH_BODY_MAX};

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s",
                   bench->is_tcp ? http_server_port(bench->server, 1) : 80, path);
    for (size_t i = 0; headers != NULL && headers[i] != NULL; i += 2)
        all[request.header_count++] = (struct http_header){headers[i], headers[i + 1]};
    if (bench->token != NULL) {
        (void)snprintf(bearer, sizeof(bearer), "Bearer %s", bench->token);
        all[request.header_count++] = (struct http_header){"Authorization", bearer};
    }
    *call = (struct api_bench_call){0};
    call->http = http_request_start(bench->client, &request, answered, call);
}

void api_bench_wait(struct api_bench *bench, struct api_bench_call *call)
{
    if (!loop_run_until(bench->loop, &call->is_over, API_BENCH_DEADLINE_MS))
        fail_msg("no answer");
}

struct api_bench_call *api_bench_ask_with(struct api_bench *bench, const char *method, const char *path,
                                          const char *body, const char *name, const char *value)
{
    static struct api_bench_call call;
    const char *const header[] = {name, value, NULL};

    api_bench_send(bench, &call, method, path, body, header);
    api_bench_wait(bench, &call);
    return &call;
}

struct api_bench_call *api_bench_ask(struct api_bench *bench, const char *method, const char *path,
                                     const char *body)
{
    return api_bench_ask_with(bench, method, path, body, NULL, NULL);
}

const char *api_bench_field(const struct api_bench_call *call, const char *path)
{
    /* What we say of ourselves is longer than what we take from others. */
    static const struct json_limits limits = {
        .size_max = API_BENCH_BODY_MAX, .depth_max = 32, .keys_max = API_BENCH_KEYS_MAX};
    static char text[1024];
    struct cJSON *root = NULL;

    text[0] = '\0';
    if (!json_parse(call->body, strlen(call->body), &limits, &root, NULL))
        fail_msg("no JSON: %s", call->body);
    const struct cJSON *item = json_path(root, path);
    if (item != NULL && !json_value_text(item, text, sizeof(text)))
        (void)snprintf(text, sizeof(text), "[]");
    json_free(root);
    return text;
}

char *api_bench_token(struct api_bench *bench, const char *json)
{
    const struct api_bench_call *call = api_bench_ask(bench, "POST", "/v1/tokens", json);

    assert_int_equal(call->status, 201);
    return memory_copy_text(api_bench_field(call, ".token"));
}

/* ---- life ---- */

static const struct plan_step steps[] = {
    {.kind = STEP_ROUTE, .share = 500},
    {.kind = STEP_OBSERVE, .duration_ms = 60000},
    {.kind = STEP_APPROVE, .approvals = 2},
};

static const struct rule_definition rule_rows[] = {
    {.name = "errors", .text = "error_rate > 5% for 10s", .rule = {.kind = RULE_TRIGGER, .metric_count = 1}}};

static const struct metric_definition metric_rows[] = {
    {.name = "error_rate", .kind = SERIES_COUNT, .unit = ""}};

static void fill_definition(struct api_bench *bench)
{
    bench->definition = (struct definition){.service = "shop",
                                            .environment = "prod",
                                            .strategy = "careful",
                                            .rule_count = 1,
                                            .rules = rule_rows,
                                            .metric_count = 1,
                                            .metrics = metric_rows};
    bench->definition.plan = &bench->plan;
    bench->plan.count = 3;
    bench->plan.rule_count = 1;
    memcpy(bench->plan.steps, steps, sizeof(steps));
    bench->rules[0].last = (struct judgement){.verdict = VERDICT_PASS, .value = 0.01, .bound = 0.05};
}

static void start_api(struct api_bench *bench)
{
    static const struct option_schemas schemas = {0};
    static const struct http_client_limits limits = {.in_flight_max = 32, .queue_max = 32};
    static const struct http_server_callbacks callbacks = {
        .body_max = api_body_max, .handle = api_handle, .on_gone = api_on_gone};
    const struct http_server_listener listeners[] = {{.unix_path = bench->socket_path},
                                                     {.address = "127.0.0.1:0"}};
    const struct http_server_settings settings = {
        .listeners = listeners, .listener_count = 2, .connections_max = 64};
    const struct api_env env = {.data = bench,
                                .loop = bench->loop,
                                .journal = bench->journal,
                                .journal_path = bench->journal_path,
                                .data_folder = bench->folder.path,
                                .schemas = &schemas,
                                .instance = "test",
                                .start = take_start,
                                .verb = take_verb,
                                .target_verb = take_target_verb,
                                .mark = take_mark,
                                .sample_find = api_bench_sample_find,
                                .samples = api_bench_samples,
                                .outputs = api_bench_outputs,
                                .otlp = api_bench_otlp,
                                .live = show_live,
                                .target = show_target,
                                .now_ms = now_ms,
                                .is_member = is_member,
                                .metrics = show_metrics,
                                .ready = show_ready,
                                .beat_ms = API_BENCH_BEAT_MS,
                                .recoveries = api_bench_recoveries,
                                .stack_run = api_bench_stack_run,
                                .check_rules = check_rules};
    struct err err = {0};

    bench->api = api_new(&env);
    if (!http_server_start(bench->loop, &settings, &callbacks, bench->api, &bench->server, &err) ||
        !http_client_new(bench->loop, &limits, &bench->client, &err))
        fail_msg("%s", err.text);
}

int api_bench_set_up(void **state)
{
    struct api_bench *bench = memory_take(sizeof(*bench));
    struct err err = {0};

    bench->folder = folder_make();
    bench->loop = loop_new();
    bench->batch = memory_take(sizeof(*bench->batch));
    bench->next_id = 1;
    (void)folder_path(&bench->folder, "journal.db", bench->journal_path);
    (void)folder_path(&bench->folder, "api.sock", bench->socket_path);
    const struct journal_settings settings = {
        .path = bench->journal_path, .loop = bench->loop, .boot_id = "one", .ballast_bytes = -1};
    if (!journal_open(&settings, &bench->journal, &err))
        fail_msg("%s", err.text);
    bench->target.id = journal_target(bench->journal, "shop", "prod");
    fill_definition(bench);
    start_api(bench);
    *state = bench;
    return 0;
}

static void stopped(void *data)
{
    *(bool *)data = true;
}

int api_bench_tear_down(void **state)
{
    struct api_bench *bench = *state;

    http_client_free(bench->client);
    if (!bench->is_stopped) {
        http_server_stop(bench->server, 1000, stopped, &bench->is_stopped);
        assert_true(loop_run_until(bench->loop, &bench->is_stopped, API_BENCH_DEADLINE_MS));
    }
    api_free(bench->api);
    journal_close(bench->journal);
    loop_free(bench->loop);
    free(bench->batch);
    folder_remove(&bench->folder);
    free(bench);
    return 0;
}
