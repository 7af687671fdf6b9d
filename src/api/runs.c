/* runs.c - listing, showing, aborting, retrying runs; and the answers that their tasks await.
 * SPDX-License-Identifier: MIT */
#include "api/etag.h"
#include "api/parts.h"
#include "api/run_shape.h"
#include "config/recovery.h"
#include "io/json.h"
#include "orchestrator/run.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_DEFAULT = 20, LOCATION_SIZE = 64, RESULT_SIZE = 16 };

/* ---- one ---- */

static struct run_record record_of(const struct call *call, struct api_waits waits[RUN_TASKS_MAX])
{
    const struct reading *reading = call->reading;
    const struct run_state *state = &reading->runs[0].state;
    const struct api_env *env = &call->api->env;
    struct api_live live = {0};

    for (unsigned i = 0; i < RUN_TASKS_MAX; i++) {
        bool is_alive =
            state->tasks[i].deployment != 0 && env->live(env->data, state->tasks[i].deployment, &live);
        waits[i] = is_alive ? live.waits : (struct api_waits){0};
    }
    return (struct run_record){.row = &reading->runs[0],
                               .definition = reading->run_definition,
                               .tasks = reading->tasks,
                               .task_count = reading->task_count,
                               .outputs = reading->outputs,
                               .output_count = reading->output_count,
                               .approvals = reading->approvals,
                               .approval_count = reading->approval_count,
                               .waits = waits};
}

/* Rows of a group name no service, and a token that is bound to some sees none of what it cannot tell to be
 * of them. */
static bool is_unbound(const struct call *call, unsigned right)
{
    const struct principal *principal = &call->principal;

    return !principal->has_token || journal_token_allows(&principal->token, (enum token_right)right, "", "");
}

/* "network/prod", and "recovery:shop/prod": what stands before the slash, and where it stands; NULL: the name
 * has none. */
static const char *split_stack(const char *name, char stack[NAME_MAX_LENGTH + 1])
{
    bool is_rehearsal = false;
    (void)recovery_is_run(name, &is_rehearsal, &name);
    const char *slash = strchr(name, '/');
    struct text text;

    text_init(&text, stack, NAME_MAX_LENGTH + 1);
    text_add_bytes(&text, name, slash == NULL ? 0 : (size_t)(slash - name));
    return slash;
}

static bool is_name_of_runs(const char *name)
{
    char stack[NAME_MAX_LENGTH + 1];
    const char *slash = split_stack(name, stack);

    return slash == NULL ? text_is_name(name) : text_is_name(stack) && text_is_name(slash + 1);
}

static bool is_listed(const struct call *call, const struct journal_run *row)
{
    char stack[NAME_MAX_LENGTH + 1];
    const char *slash = split_stack(row->pipeline, stack);

    if (slash != NULL)
        return auth_allows(&call->principal, TOKEN_READ, stack, slash + 1);
    return row->service[0] == '\0' ? is_unbound(call, TOKEN_READ)
                                   : auth_allows(&call->principal, TOKEN_READ, row->service, "");
}

bool runs_allowed(struct call *call, unsigned right, const char *service,
                  const struct run_definition *definition)
{
    bool has_environment = false;

    for (uint8_t i = 0; definition != NULL && i < definition->plan.task_count; i++) {
        const struct run_task_definition *task = &definition->tasks[i];
        const struct stack_place *stack = task->stack;
        if (stack == NULL && task->environment == NULL)
            continue;
        has_environment = true;
        if (!call_allowed(call, right, stack == NULL ? task->service : stack->name,
                          stack == NULL ? task->environment : stack->environment))
            return false;
    }
    if (has_environment)
        return true;
    if (service[0] != '\0' || is_unbound(call, right))
        return call_allowed(call, right, service, "");
    problem_answer(call, 403, "forbidden", "this run cannot be read, nor what it is about");
    return false;
}

bool runs_failed(struct call *call)
{
    const struct err *err = &call->reading->err;

    if (err->code == ERR_NONE)
        return false;
    if (err->code == ERR_NOT_FOUND)
        problem_answer(call, 404, "not-found", "there is no such run");
    else
        problem_answer_err(call, err);
    return true;
}

static void answer_record(struct call *call, const struct run_record *record, const char *etag)
{
    char location[LOCATION_SIZE];
    const struct http_server_header headers[] = {{"ETag", etag}, {"Location", location}};
    cJSON *json = run_shape(record, true);
    char *text = json_print(json);

    (void)snprintf(location, sizeof(location), "/v1/runs/run_%" PRIu64, record->row->id);
    call_answer(call, call->status, "application/json", headers, call->status == 201 ? 2 : 1, text,
                strlen(text));
    free(text);
    cJSON_Delete(json);
}

static void show(struct call *call)
{
    struct api_waits waits[RUN_TASKS_MAX];
    char etag[RUN_ETAG_SIZE];

    if (runs_failed(call))
        return;
    const struct journal_run *row = &call->reading->runs[0];
    if (!runs_allowed(call, TOKEN_READ, row->service, call->reading->run_definition))
        return;
    const struct run_record record = record_of(call, waits);
    run_record_etag(&record, etag);
    if (poll_sleeps_run(call, row->id, run_record_is_done(row), etag))
        return;
    const struct http_server_header header = {"ETag", etag};
    if (etag_is_listed(call->poll.known, etag, ETAG_WEAK))
        call_answer(call, 304, "application/json", &header, 1, "", 0);
    else
        answer_record(call, &record, etag);
}

void runs_show(struct call *call)
{
    call->status = 200;
    call->poll.is_run = true;
    call->poll.done = show;
    if (poll_begin(call))
        reading_run(call, call->match.run, show);
}

static void show_after(struct call *call)
{
    struct api_waits waits[RUN_TASKS_MAX];
    char etag[RUN_ETAG_SIZE];

    if (runs_failed(call))
        return;
    const struct run_record record = record_of(call, waits);
    run_record_etag(&record, etag);
    answer_record(call, &record, etag);
}

static void explain_conflict(struct call *call)
{
    if (runs_failed(call))
        return;
    const struct journal_run *row = &call->reading->runs[0];
    const char *possible = run_phase_is_terminal(row->state.phase) ? "retry of a failed or aborted one"
                                                                   : "abort, and answers to what waits";
    problem_answer(call, 409, "conflict", "this is not possible: run_%" PRIu64 " is %s; possible now: %s",
                   row->id, run_phase_name(row->state.phase), possible);
}

void runs_done(void *data, bool is_done, bool is_new, uint64_t run, const struct err *err)
{
    struct call *call = data;

    if (call->request != NULL && is_done) {
        call->status = is_new && call->route->value != RUNS_ACTS ? 201 : 200;
        reading_run(call, run, show_after);
    } else if (call->request != NULL && call->run != 0 && call->route->value == RUNS_ACTS &&
               (err->code == ERR_CONFLICT || err->code == ERR_NOT_FOUND)) {
        reading_run(call, call->run, explain_conflict);
    } else if (call->request != NULL) {
        problem_answer_err(call, err);
    }
    call->env_holds--;
    call_settle(call);
}

/* ---- list ---- */

static void show_list(struct call *call)
{
    const struct reading *reading = call->reading;

    if (runs_failed(call))
        return;
    cJSON *page = cJSON_CreateObject();
    cJSON *array = cJSON_AddArrayToObject(page, "runs");
    for (size_t i = 0; i < reading->run_count; i++) {
        const struct run_record record = {.row = &reading->runs[i]};
        if (is_listed(call, record.row))
            cJSON_AddItemToArray(array, run_shape(&record, false));
    }
    if (reading->run_count == reading->filter.limit) {
        char cursor[32];
        (void)snprintf(cursor, sizeof(cursor), "run_%" PRIu64, reading->runs[reading->run_count - 1].id);
        cJSON_AddStringToObject(page, "cursor", cursor);
    } else {
        cJSON_AddNullToObject(page, "cursor");
    }
    call_answer_json(call, 200, page);
}

void runs_list(struct call *call)
{
    const char *cursor = http_server_query(call->request, "cursor");
    const char *pipeline = http_server_query(call->request, "pipeline");
    struct journal_filter filter = {.service = pipeline};
    int64_t number = LIST_DEFAULT;

    if (!call_query_number(call, "limit", 1, VIEW_ROWS_MAX, &number))
        return;
    filter.limit = (uint32_t)number;
    if (cursor != NULL && !route_parse_run(cursor, &filter.before)) {
        problem_answer(call, 400, "invalid", "cursor: take it from the page before");
        return;
    }
    if (pipeline != NULL && !is_name_of_runs(pipeline)) {
        problem_answer(call, 400, "invalid", "pipeline: must be a name, or STACK/ENVIRONMENT");
        return;
    }
    reading_runs(call, &filter, show_list);
}

/* By If-Match, where there is one. False: answered, or read once more. */
static bool is_as_seen(struct call *call, void (*again)(struct call *call))
{
    struct api_waits waits[RUN_TASKS_MAX];
    char etag[RUN_ETAG_SIZE];
    uint64_t id = call->reading->runs[0].id;

    if (!etag_is_wanted(call))
        return true;
    if (reading_again(call, id, again))
        return false;
    const struct run_record record = record_of(call, waits);
    run_record_etag(&record, etag);
    return etag_holds(call, etag, 0, id);
}

/* ---- abort and retry ---- */

static void act(struct call *call)
{
    const struct api_env *env = &call->api->env;

    if (runs_failed(call))
        return;
    const struct journal_run *row = &call->reading->runs[0];
    if (!runs_allowed(call, call->route->right, row->service, call->reading->run_definition) ||
        !is_as_seen(call, act))
        return;
    call->run = row->id;
    const struct api_run_verb verb = {
        .principal = {.name = call->principal.name, .is_person = call->principal.is_person},
        .run = row->id,
        .reason = call->reason};
    call->env_holds++;
    env->run_abort(env->data, &verb, runs_done, call);
}

static void retry(struct call *call)
{
    const struct api_env *env = &call->api->env;

    if (runs_failed(call))
        return;
    const struct reading *reading = call->reading;
    const struct journal_run *row = &reading->runs[0];
    if (!runs_allowed(call, call->route->right, row->service, reading->run_definition) ||
        !is_as_seen(call, retry))
        return;
    call->run = row->id;
    if (row->state.phase != RUN_FAILED && row->state.phase != RUN_ABORTED) {
        explain_conflict(call);
        return;
    }
    const struct api_run_retry again = {
        .principal = {.name = call->principal.name, .is_person = call->principal.is_person},
        .row = row,
        .sealed = reading->sealed,
        .outputs = reading->outputs,
        .output_count = reading->output_count,
        .reason = call->reason,
        .trace = call_trace(call)};
    call->env_holds++;
    env->run_retry(env->data, &again, runs_done, call);
}

void runs_act(struct call *call)
{
    static const char *const names[] = {"reason"};

    if (!call_read_body(call, names, ARRAY_LENGTH(names), true) ||
        !call_body_line(call, "reason", sizeof(call->reason), call->reason))
        return;
    reading_run(call, call->match.run, call->route->value == RUNS_ACTS ? act : retry);
}

/* ---- answers ---- */

/* False: answered. The texts are the body's. */
static bool read_outputs(struct call *call, struct journal_output *outputs, size_t *ret_count)
{
    struct json_node root = json_root(call->body);
    struct json_node object = {0};
    struct err err = {0};
    bool is_good = json_object(&root, "outputs", JSON_OPTIONAL, &object, &err);

    *ret_count = 0;
    if (is_good && object.item == NULL)
        return true;
    for (struct json_node one = is_good ? json_first(&object) : object; is_good && one.item != NULL;
         one = json_next(&object, &one)) {
        if (*ret_count == JOURNAL_RUN_OUTPUTS_MAX)
            is_good = err_set(&err, ERR_INVALID, "#/outputs: more than %d", JOURNAL_RUN_OUTPUTS_MAX);
        else
            is_good = json_as_text(&one, JOURNAL_OUTPUT_VALUE_MAX, &outputs[*ret_count].value, &err);
        if (is_good)
            outputs[(*ret_count)++].name = json_name(&one);
    }
    if (!is_good)
        problem_answer(call, 400, "invalid", "%s", err.text);
    return is_good;
}

static const char *stage_of(const struct run_definition *definition, uint8_t task)
{
    return definition->stages[run_stage_of(&definition->plan, task)];
}

/* By its name; UINT8_MAX: there is none. */
static uint8_t find_task(const struct run_definition *definition, const struct route_match *match)
{
    for (uint8_t i = 0; i < definition->plan.task_count; i++)
        if (strcmp(stage_of(definition, i), match->stage) == 0 &&
            strcmp(definition->tasks[i].name, match->task) == 0)
            return i;
    return UINT8_MAX;
}

/* An event need not know our names: the task for an answer from outside that is called as its subject, else
 * the only one that awaits one now. */
static uint8_t find_awaiting(const struct run_definition *definition, const struct run_state *state,
                             const char *subject)
{
    uint8_t found = UINT8_MAX;
    unsigned count = 0;

    for (uint8_t i = 0; i < definition->plan.task_count; i++) {
        if (definition->plan.tasks[i].kind != RUN_TASK_AWAIT)
            continue;
        if (strcmp(definition->tasks[i].name, subject) == 0)
            return i;
        if (state->tasks[i].phase == TASK_AWAITING) {
            found = i;
            count++;
        }
    }
    return count == 1 ? found : UINT8_MAX;
}

static void explain_no_task(struct call *call)
{
    if (call->match.task[0] != '\0')
        problem_answer(call, 404, "not-found", "the pipeline of this run has no such task");
    else
        problem_answer(call, 409, "conflict",
                       "no task of this run, or more than one, awaits an answer; name one as stage and task");
}

static void take_answer(struct call *call)
{
    const struct api_env *env = &call->api->env;
    struct journal_output outputs[JOURNAL_RUN_OUTPUTS_MAX];
    char result[RESULT_SIZE];
    size_t count = 0;

    if (runs_failed(call))
        return;
    const struct journal_run *row = &call->reading->runs[0];
    if (!call_body_line(call, "result", sizeof(result), result) || !read_outputs(call, outputs, &count))
        return;
    bool is_good = strcmp(result, "pass") == 0;
    if (!is_good && strcmp(result, "fail") != 0) {
        problem_answer_member(call, "#/result", "must be \"pass\" or \"fail\"");
        return;
    }
    call->run = row->id;
    const struct run_definition *definition = call->reading->run_definition;
    uint8_t task = UINT8_MAX;
    if (definition != NULL)
        task = call->match.task[0] != '\0' ? find_task(definition, &call->match)
                                           : find_awaiting(definition, &row->state, call->match.id);
    if (task == UINT8_MAX) {
        explain_no_task(call);
        return;
    }
    const struct runs_answer given = {.task = task, .is_good = is_good, .outputs = outputs, .count = count};
    if (!runs_may_answer(call, row, definition, &given) || !is_as_seen(call, take_answer))
        return;
    if (run_phase_is_terminal(row->state.phase)) {
        explain_conflict(call);
        return;
    }
    const struct api_run_answer answer = {
        .principal = {.name = call->principal.name, .is_person = call->principal.is_person},
        .run = row->id,
        .stage = stage_of(definition, task),
        .task = definition->tasks[task].name,
        .is_good = is_good,
        .outputs = outputs,
        .output_count = count,
        .reason = call->reason};
    call->env_holds++;
    env->run_answer(env->data, &answer, runs_done, call);
}

void runs_answer(struct call *call)
{
    static const char *const names[] = {"result", "outputs", "reason"};

    if (!call_read_body(call, names, ARRAY_LENGTH(names), false) ||
        !call_body_line(call, "reason", sizeof(call->reason), call->reason))
        return;
    reading_run(call, call->match.run, take_answer);
}
