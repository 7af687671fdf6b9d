/* request.c - starts and verbs on their way through the engine.
 * SPDX-License-Identifier: MIT */
#include "daemon/request.h"

#include "daemon/brakes.h"
#include "daemon/run_live.h"
#include "io/memory.h"
#include "store/journal_key.h"

#include <stdlib.h>

struct request *request_new(struct daemon *daemon, const char *actor, const char *reason, api_done *done,
                            void *done_data)
{
    if (daemon->request_count == DAEMON_REQUESTS_MAX)
        return NULL;
    struct request *request = memory_take_array(1, sizeof(*request));
    request->token = daemon->next_token++;
    request->done = done;
    request->done_data = done_data;
    request->actor = memory_copy_text(actor);
    request->reason = memory_copy_text(reason);
    request->row.token = request->token;
    request->row.actor = request->actor;
    request->row.reason = request->reason;
    request->next = daemon->requests;
    daemon->requests = request;
    daemon->request_count++;
    return request;
}

struct request *request_find(struct daemon *daemon, uint64_t token)
{
    for (struct request *request = daemon->requests; request != NULL; request = request->next)
        if (request->token == token)
            return request;
    return NULL;
}

void request_free(struct daemon *daemon, struct request *request)
{
    struct request **at = &daemon->requests;

    while (*at != request)
        at = &(*at)->next;
    *at = request->next;
    daemon->request_count--;
    free(request->actor);
    free(request->reason);
    free(request->principal);
    free(request->key);
    free(request->strategy);
    free(request->run_url);
    free(request->commit);
    free(request);
}

void request_sweep(struct daemon *daemon)
{
    struct request *request = daemon->requests;

    while (request != NULL) {
        struct request *next = request->next;
        if (request->is_answered && !engine_names(daemon->engine, request->token))
            request_free(daemon, request);
        request = next;
    }
}

struct sentence {
    enum err_code code;
    const char *text;
};

/* What the engine's refusals say to people. */
static const struct sentence sentences[] = {
    [ENGINE_CONFLICT] = {ERR_CONFLICT, "the deployment's state does not allow this now"},
    [ENGINE_NOT_FOUND] = {ERR_NOT_FOUND, "no such deployment is under way"},
    [ENGINE_QUARANTINED] = {ERR_CONFLICT,
                            "this version was taken back here before and is in quarantine; deploy a new "
                            "one, or clear it with `verdict quarantine clear`"},
    [ENGINE_NO_STABLE] = {ERR_INVALID,
                          "nothing proven serves here that a rollback could go to; tell what does with "
                          "`verdict adopt`"},
    [ENGINE_FROZEN] = {ERR_CONFLICT, "deployments are frozen here"},
    [ENGINE_BRAKED] = {ERR_CONFLICT, "too much failed here: the brake is closed"},
    [ENGINE_FULL] = {ERR_LIMIT, "a limit of this daemon is reached"},
    [ENGINE_NOT_DURABLE] = {ERR_IO, "the journal could not be written; nothing happened, but a way back that "
                                    "was asked for goes on"},
};

/* `target`: of a start; 0: of something else. */
static void explain(struct daemon *daemon, uint32_t target, enum engine_answer answer, struct err *err)
{
    if (answer == ENGINE_CONFLICT && target != 0)
        (void)err_set(err, ERR_CONFLICT, "another deployment of this service and environment is under way");
    else if (target != 0 && (answer == ENGINE_FROZEN || answer == ENGINE_BRAKED))
        brakes_describe(daemon, target, err);
    else
        (void)err_set(err, sentences[answer].code, "%s", sentences[answer].text);
}

/* One of those that stand or fall together is refused: its task, counted from 1, stands in the place of the
 * run. */
static void explain_member(struct daemon *daemon, const struct request *request, enum engine_answer answer,
                           uint64_t member, struct err *err)
{
    const struct run_task_definition *task = &request->run->definition->tasks[member - 1];
    bool is_named = answer == ENGINE_FROZEN || answer == ENGINE_BRAKED; /* in the words for these */

    if (answer == ENGINE_NOT_FOUND)
        *err = request->run->refusal;
    else
        explain(daemon, journal_target(daemon->journal, task->service, task->environment), answer, err);
    if (!is_named)
        (void)err_wrap(err, "%s/%s", task->service, task->environment);
}

static void refuse(struct daemon *daemon, struct request *request, enum engine_answer answer,
                   uint64_t deployment)
{
    struct err err = {0};

    if (request->run != NULL && deployment != 0)
        explain_member(daemon, request, answer, deployment, &err);
    else
        explain(daemon, request->is_start ? request->start.target : 0, answer, &err);
    request->done(request->done_data, false, false, deployment, &err);
}

/* A start that did not create: its definition goes, its key is free again or belongs to the other deployment.
 */
static void settle_start(struct daemon *daemon, struct request *request, enum engine_answer answer,
                         uint64_t deployment)
{
    if (answer == ENGINE_DONE) {
        request->live = NULL;
        return;
    }
    if (request->live != NULL)
        live_free(request->live);
    request->live = NULL;
    if (request->key == NULL)
        return;
    if (answer == ENGINE_ALREADY)
        journal_key_attach(daemon->journal, request->principal, request->key, deployment);
    else
        journal_key_drop(daemon->journal, request->principal, request->key);
}

static void settle_run(struct request *request, enum engine_answer answer)
{
    if (request->run != NULL && answer != ENGINE_DONE)
        run_live_free(request->run);
    request->run = NULL;
}

void request_answered(void *data, uint64_t token, enum engine_answer answer, uint64_t deployment)
{
    struct daemon *daemon = data;
    struct request *request = request_find(daemon, token);

    if (request == NULL || request->is_answered)
        return;
    bool is_good = answer == ENGINE_DONE || answer == ENGINE_ALREADY;
    request->is_answered = true;
    if (request->is_start)
        settle_start(daemon, request, answer, deployment);
    if (!is_good && request->done != NULL)
        refuse(daemon, request, answer, deployment); /* in the words of its run, which goes then */
    settle_run(request, answer);
    if (is_good && request->done != NULL)
        request->done(request->done_data, true, answer == ENGINE_DONE, deployment, NULL);
}

void request_refused(struct daemon *daemon, struct request *request, const struct err *err)
{
    request->is_answered = true;
    settle_start(daemon, request, ENGINE_CONFLICT, 0);
    if (request->done != NULL)
        request->done(request->done_data, false, false, 0, err);
}

/* A new one whose commit failed is still its request's: request_answered() frees it. */
void request_released(void *data, uint64_t deployment)
{
    struct daemon *daemon = data;
    struct live *live = live_find(daemon, deployment);

    if (live == NULL)
        return;
    for (struct request *request = daemon->requests; request != NULL; request = request->next)
        if (request->live == live) {
            live_set_id(live, 0);
            return;
        }
    live_free(live);
}
