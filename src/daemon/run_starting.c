/* run_starting.c - runs at the door, and the deployments that they start.
 * SPDX-License-Identifier: MIT */
#include "daemon/live_log.h"
#include "daemon/mishaps.h"
#include "daemon/recovering.h"
#include "daemon/request.h"
#include "daemon/run_live.h"
#include "daemon/run_stacks.h"
#include "daemon/starting.h"
#include "daemon/tracing.h"
#include "io/digest.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(api_done *done, void *done_data, enum err_code code, const char *text)
{
    struct err err = {0};

    err_set(&err, code, "%s", text);
    done(done_data, false, false, 0, &err);
}

static void fill_request(struct request *request, uint64_t retry_of)
{
    const struct run_live *live = request->run;

    request->run_start = (struct journal_run_start){
        .pipeline = live->definition->pipeline,
        .service = live->definition->service,
        .retry_of = retry_of,
        .version_key = live->asked_key,
        .run_url = live->run_url,
        .commit = live->commit,
        .traceparent = live->traceparent,
        .tracestate = live->trace_lists.tracestate,
        .baggage = live->trace_lists.baggage,
        .sealed = live->sealed,
    };
    request->row.run = &request->run_start;
}

static struct engine_run_start fill_start(const struct run_live *live, uint64_t token)
{
    return (struct engine_run_start){.token = token,
                                     .pipeline = run_live_lane(live->definition),
                                     .version_key = live->asked_key,
                                     .plan = &live->definition->plan};
}

/* Gives the run to the engine; what it cannot take is refused here. */
static void hand_over(struct daemon *daemon, struct request *request, const struct engine_run_start *start)
{
    if (!engine_run_start(daemon->engine, start))
        request_answered(daemon, request->token, ENGINE_FULL, 0);
    daemon_wants_turn(daemon);
}

/* The run in memory, and its request; NULL: answered. What is `sealed` becomes the run's. */
static struct request *prepare(struct daemon *daemon, char *sealed, const struct run_words *words,
                               api_done *done, void *done_data, struct err *err)
{
    bool is_refused = sealed == NULL || (!words->leads_back && mishaps_refuse(daemon, err));
    struct run_definition *definition = is_refused ? NULL : config_unseal_pipeline(sealed, err);

    if (definition == NULL) {
        free(sealed);
        done(done_data, false, false, 0, err);
        return NULL;
    }
    struct run_live *live = run_live_new(daemon, definition, sealed, words);
    struct request *request = request_new(daemon, words->actor, words->reason, done, done_data);
    if (request == NULL) {
        run_live_free(live);
        fail(done, done_data, ERR_LIMIT, "too many requests wait");
        return NULL;
    }
    request->run = live;
    return request;
}

static char *seal(const struct daemon *daemon, const struct api_run_start *start, struct err *err)
{
    if (start->rehearses != NULL)
        return config_seal_rehearsal(daemon->config, start->rehearses, start->environment, err);
    if (start->stack != NULL)
        return config_seal_stack(daemon->config, start->stack, start->environment, start->verb, err);
    return start->group == NULL
               ? config_seal_pipeline(daemon->config, start->pipeline, err)
               : config_seal_group(daemon->config, start->group, start->members, start->member_count, err);
}

struct run_definition *run_define(void *data, const struct api_run_start *start, struct err *err)
{
    CLEANUP(memory_free_at) char *sealed = seal(data, start, err);

    return sealed == NULL ? NULL : config_unseal_pipeline(sealed, err);
}

/* "2.0", or "cart=2.0 pay=2.1" where they differ; what is too long is cut: it is for people. */
static const char *name_versions(const struct api_run_start *start, char to[VERSION_MAX_LENGTH + 1])
{
    struct text text;
    bool is_one = true;

    for (size_t i = 1; i < start->member_count; i++)
        is_one = is_one && strcmp(start->members[i].version, start->members[0].version) == 0;
    text_init(&text, to, VERSION_MAX_LENGTH + 1);
    for (size_t i = 0; i < start->member_count && !is_one; i++)
        text_add(&text, "%s%s=%s", i == 0 ? "" : " ", start->members[i].service, start->members[i].version);
    if (is_one)
        text_add(&text, "%s", start->members[0].version);
    return to;
}

/* The key of a group's versions, of a stack as it is: what is sealed says all of them. */
static uint64_t key_of(const struct run_live *live, const char *digest)
{
    char all[DIGEST_MAX_LENGTH + 1] = "sha256:";

    if (!live->definition->is_group && live->definition->stack == NULL)
        return journal_version_key(live->daemon->journal, live->version, digest);
    digest_sha256_hex(live->sealed, strlen(live->sealed), all + strlen(all));
    return journal_version_key(live->daemon->journal, live->version, all);
}

static void start_run(struct daemon *daemon, const struct api_run_start *start, api_done *done,
                      void *done_data)
{
    char versions[VERSION_MAX_LENGTH + 1];
    bool is_group = start->group != NULL;
    bool is_stack = start->stack != NULL;
    const struct run_words words = {.version = is_group   ? name_versions(start, versions)
                                               : is_stack ? start->verb
                                                          : start->version,
                                    .actor = start->actor,
                                    .reason = start->reason,
                                    .run_url = start->run_url,
                                    .commit = start->commit};
    struct err err = {0};

    if (daemon->settings->is_record) {
        fail(done, done_data, ERR_CONFLICT,
             "this daemon only records (mode): it runs no pipelines, groups and stacks");
        return;
    }
    struct request *request = prepare(daemon, seal(daemon, start, &err), &words, done, done_data, &err);
    if (request == NULL)
        return;
    request->row.principal = request->principal = memory_copy_text(start->principal.name);
    struct run_live *live = request->run;
    live->asked_key = key_of(live, start->digest);
    tracing_take(&start->trace, live->traceparent, &live->trace_lists);
    fill_request(request, 0);
    struct engine_run_start engine_start = fill_start(live, request->token);
    engine_start.is_fixed = is_group || is_stack || start->digest[0] != '\0';
    hand_over(daemon, request, &engine_start);
}

void run_start(void *data, const struct api_run_start *start, api_done *done, void *done_data)
{
    struct daemon *daemon = data;
    struct api_run_start whole = *start;
    struct err err = {0};

    if (start->rehearses == NULL || recovering_fill_rehearsal(daemon, &whole, &err))
        start_run(daemon, &whole, done, done_data);
    else
        done(done_data, false, false, 0, &err);
}

void run_start_sealed(struct daemon *daemon, char *sealed, const struct run_words *words,
                      uint64_t version_key, const struct journal_output *output, api_done *done,
                      void *done_data)
{
    struct err err = {0};
    struct request *request = prepare(daemon, sealed, words, done, done_data, &err);

    if (request == NULL)
        return;
    (void)!run_live_put(request->run, output->name, output->value);
    request->run->asked_key = version_key;
    fill_request(request, 0);
    struct engine_run_start engine_start = fill_start(request->run, request->token);
    engine_start.is_fixed = true;
    hand_over(daemon, request, &engine_start);
}

/* A new run of what was sealed then, from the stage that failed on (of a stack from its plan on), with the
 * same artifact and what the tasks before reported. */
void run_retry(void *data, const struct api_run_retry *retry, api_done *done, void *done_data)
{
    struct daemon *daemon = data;
    const struct journal_run *row = retry->row;
    const struct run_words words = {.version = row->version,
                                    .actor = retry->principal.name,
                                    .reason = retry->reason,
                                    .run_url = row->run_url,
                                    .commit = row->commit};
    struct err err = {0};
    struct request *request = prepare(daemon, memory_copy_text(retry->sealed), &words, done, done_data, &err);

    if (request == NULL)
        return;
    struct run_live *live = request->run;
    for (size_t i = 0; i < retry->output_count; i++)
        (void)!run_live_put(live, retry->outputs[i].name, retry->outputs[i].value);
    live->asked_key = row->state.version_key;
    tracing_take(&retry->trace, live->traceparent, &live->trace_lists);
    fill_request(request, row->id);
    struct engine_run_start engine_start = fill_start(live, request->token);
    engine_start.is_fixed = row->state.is_fixed;
    engine_start.first_stage = live->definition->begins[row->state.stage];
    hand_over(daemon, request, &engine_start);
}

void run_abort(void *data, const struct api_run_verb *verb, api_done *done, void *done_data)
{
    struct daemon *daemon = data;
    struct request *request = request_new(daemon, verb->principal.name, verb->reason, done, done_data);

    if (request == NULL) {
        fail(done, done_data, ERR_LIMIT, "too many requests wait");
        return;
    }
    if (!engine_run_abort(daemon->engine, request->token, verb->run))
        request_answered(daemon, request->token, ENGINE_FULL, 0);
    daemon_wants_turn(daemon);
}

/* Index of the task, or UINT8_MAX. */
static uint8_t find_task(const struct run_definition *definition, const char *stage, const char *task)
{
    const struct run_plan *plan = &definition->plan;

    for (uint8_t i = 0; i < plan->task_count; i++)
        if (strcmp(definition->stages[run_stage_of(plan, i)], stage) == 0 &&
            strcmp(definition->tasks[i].name, task) == 0)
            return i;
    return UINT8_MAX;
}

/* False: no name or value that can be kept. */
static bool take_outputs(struct run_live *live, const struct api_run_answer *answer, uint64_t *version_key)
{
    for (size_t i = 0; i < answer->output_count; i++) {
        const struct journal_output *output = &answer->outputs[i];
        if (strcmp(output->name, "digest") == 0) {
            if (!text_is_digest(output->value))
                return false;
            *version_key = journal_version_key(live->daemon->journal, live->version, output->value);
        }
        if (!run_live_put(live, output->name, output->value))
            return false;
    }
    return true;
}

/* The same person's yes is on its way. */
static bool is_answering(const struct daemon *daemon, const struct api_run_answer *answer, uint8_t task)
{
    for (const struct request *request = daemon->requests; request != NULL; request = request->next)
        if (request->answers == answer->run && request->answers_task == task && !request->is_answered &&
            strcmp(request->actor, answer->principal.name) == 0)
            return true;
    return false;
}

/* One person is one of those that it needs, however often. True: answered. */
static bool was_said(struct daemon *daemon, const struct run_live *live, uint8_t task,
                     const struct api_run_answer *answer, api_done *done, void *done_data)
{
    if (!answer->is_good)
        return false;
    if (run_live_has_approved(live, task, answer->principal.name)) {
        done(done_data, true, false, live->id, NULL);
        return true;
    }
    if (!is_answering(daemon, answer, task))
        return false;
    fail(done, done_data, ERR_CONFLICT, "your answer to this is on its way already");
    return true;
}

void run_answer(void *data, const struct api_run_answer *answer, api_done *done, void *done_data)
{
    struct daemon *daemon = data;
    struct run_live *live = run_live_find(daemon, answer->run);
    uint8_t task = live == NULL ? 0 : find_task(live->definition, answer->stage, answer->task);
    uint64_t version_key = 0;
    struct err err = {0};

    if (task == UINT8_MAX) {
        fail(done, done_data, ERR_NOT_FOUND, "this run has no such task");
        return;
    }
    const struct run_state *state = engine_run_state(daemon->engine, answer->run);
    bool is_asked = live != NULL && state != NULL &&
                    (state->tasks[task].phase == TASK_AWAITING || state->tasks[task].phase == TASK_ASKING);
    if (is_asked && !run_stack_reviewed(live, task, answer, &err)) {
        done(done_data, false, false, 0, &err);
        return;
    }
    if (is_asked && was_said(daemon, live, task, answer, done, done_data))
        return;
    if (is_asked && !take_outputs(live, answer, &version_key)) {
        fail(done, done_data, ERR_INVALID, "outputs: a name, value or digest is none that can be kept");
        return;
    }
    char reason[DAEMON_WHY_MAX];
    struct request *request = request_new(
        daemon, answer->principal.name,
        is_asked ? run_stack_reason(live, task, answer, reason) : answer->reason, done, done_data);
    if (request == NULL) {
        fail(done, done_data, ERR_LIMIT, "too many requests wait");
        return;
    }
    request->answers = answer->is_good ? answer->run : 0;
    request->answers_task = task;
    if (!engine_run_answer(daemon->engine, request->token, answer->run, task, answer->is_good, version_key))
        request_answered(daemon, request->token, ENGINE_FULL, 0);
    daemon_wants_turn(daemon);
}

/* Called inside the engine's turn. What it cannot have is said in the journal with the task. */
bool run_wants_deployment(void *data, const struct run_state *state, uint64_t token, uint8_t task,
                          struct engine_start *ret_start)
{
    struct daemon *daemon = data;
    const struct request *request = request_find(daemon, token);
    struct run_live *live =
        request != NULL && request->run != NULL ? request->run : run_live_find(daemon, state->id);
    const struct run_action action = {.task = task, .tries = state->tasks[task].tries};
    char traceparent[TRACEPARENT_SIZE];
    struct err err = {0};

    if (live == NULL)
        return false;
    tracing_of_task(live, state->id, &action, traceparent);
    const struct run_task_definition *definition = &live->definition->tasks[task];
    bool has_own = definition->version != NULL;
    const struct api_start start = {
        .principal = {.name = live->actor},
        .service = definition->service,
        .environment = definition->environment,
        .version = has_own ? definition->version : live->version,
        .digest = has_own ? definition->digest : run_live_digest(live, state->version_key),
        .strategy = "",
        .run_url = live->run_url,
        .commit = live->commit,
        .reason = live->reason,
        .actor = live->actor,
        .trace = {traceparent, live->trace_lists.tracestate, live->trace_lists.baggage},
    };
    if (starting_for_run(daemon, &start, ret_start, &err))
        return true;
    live->refusal = err;
    run_live_report(live, &action, "", err.text, NULL);
    run_live_log(live, LOG_LEVEL_WARN, "run %llu: %s", (unsigned long long)live->id, err.text);
    return false;
}

void run_released(void *data, uint64_t run)
{
    struct run_live *live = run_live_find(data, run);

    if (live == NULL)
        return;
    run_stacks_forget(live);
    run_live_free(live);
}
