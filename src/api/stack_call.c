/* stack_call.c - wishes about stacks, and the answers that terraform reads.
 * SPDX-License-Identifier: MIT
 *
 * Of a lock that somebody else holds terraform wants the holder's own words, as the holder sent them. Of any
 * other refusal it shows the status alone: what is wrong stands in our log, too. */
#include "api/stack_call.h"

#include "api/parts.h"
#include "io/json.h"
#include "io/log.h"
#include "store/state_restore.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { STATUS_LOCKED = 423, STATUS_CONFLICT = 409, WHY_SIZE = 512, STATES_MAX = 16 };

static bool read_ids(struct call *call, struct stack_wish *wish)
{
    const char *run = http_server_query(call->request, "run");
    const char *deployment = http_server_query(call->request, "deployment");

    if (run != NULL && !route_parse_run(run, &wish->run)) {
        problem_answer(call, 400, "invalid", "run: must be run_N");
        return false;
    }
    if (deployment != NULL && !route_parse_deployment(deployment, &wish->deployment)) {
        problem_answer(call, 400, "invalid", "deployment: must be dep_N");
        return false;
    }
    return true;
}

static bool is_line(const char *text)
{
    while ((unsigned char)*text >= ' ' && *text != '\x7f')
        text++;
    return *text == '\0';
}

bool stack_call_begin(struct call *call, enum stack_change change, struct stack_wish *ret_wish)
{
    const char *lock = http_server_query(call->request, "ID");
    struct stack_wish *wish = ret_wish;

    *wish = (struct stack_wish){.change = change};
    (void)snprintf(wish->stack, sizeof(wish->stack), "%s", call->match.service);
    (void)snprintf(wish->environment, sizeof(wish->environment), "%s", call->match.environment);
    (void)snprintf(wish->actor, sizeof(wish->actor), "%s", call->principal.name);
    if (lock != NULL && (!is_line(lock) || !text_copy(wish->lock_id, sizeof(wish->lock_id), lock))) {
        problem_answer(call, 400, "invalid", "ID: must be a line of at most %d bytes", STACK_LOCK_ID_MAX);
        return false;
    }
    return read_ids(call, wish);
}

bool stack_call_md5(struct call *call, bool *ret_is_there, unsigned char *ret_md5)
{
    const char *text = http_server_header(call->request, "Content-MD5");
    size_t length = 0;

    *ret_is_there = text != NULL;
    if (text == NULL)
        return true;
    if (digest_base64_decode(text, ret_md5, DIGEST_MD5_SIZE, &length) && length == DIGEST_MD5_SIZE)
        return true;
    problem_answer(call, 400, "invalid", "Content-MD5: must be the base64 of %d bytes", DIGEST_MD5_SIZE);
    return false;
}

bool stack_call_may_work(struct call *call)
{
    if (call->api->view == NULL)
        problem_answer(call, 503, "unavailable", "the journal cannot be read");
    else if (call->api->states >= STATES_MAX)
        problem_answer(call, 503, "limit", "%d states are on their way already", STATES_MAX);
    else
        return true;
    return false;
}

/* ---- done ---- */

static void answer_saved(struct call *call, const struct stack_wish *wish)
{
    cJSON *json = cJSON_CreateObject();
    char hash[DIGEST_SHA256_HEX_SIZE];

    digest_hex(wish->state.sha256, sizeof(wish->state.sha256), hash);
    cJSON_AddNumberToObject(json, "serial", (double)wish->state.serial);
    cJSON_AddStringToObject(json, "lineage", wish->state.lineage);
    cJSON_AddStringToObject(json, "sha256", hash);
    if (wish->change == STACK_RESTORE)
        cJSON_AddNumberToObject(json, "restored", (double)wish->restores);
    call_answer_json(call, 200, json);
}

static void answer_holder(struct call *call, unsigned status, const char *holder)
{
    call_answer(call, status, "application/json", NULL, 0, holder, strlen(holder));
}

static void answer_done(struct call *call, const struct stack_wish *wish)
{
    switch (wish->change) {
    case STACK_SAVE:
    case STACK_RESTORE:
        answer_saved(call, wish);
        return;
    case STACK_LOCK:
        answer_holder(call, 200, wish->holder);
        return;
    case STACK_DELETE:
    case STACK_UNLOCK:
    case STACK_BREAK:
        call_answer_json(call, 200, cJSON_CreateObject());
        return;
    }
}

/* ---- refused ---- */

static void answer_unrestored(struct call *call, enum stack_outcome outcome, const struct stack_now *now)
{
    char memory[WHY_SIZE];
    struct text why;

    text_init(&why, memory, sizeof(memory));
    state_restore_refuse(now, outcome, &why);
    problem_answer(call, STATUS_CONFLICT, outcome == STACK_HELD ? "locked" : "conflict", "%s", why.data);
}

static void answer_held(struct call *call, const struct stack_wish *wish, const struct stack_now *now)
{
    if (wish->change == STACK_BREAK)
        problem_answer(call, STATUS_CONFLICT, "conflict", "lock %s is held there, not %s", now->lock_id,
                       wish->lock_id);
    else if (wish->change == STACK_RESTORE)
        answer_unrestored(call, STACK_HELD, now);
    else
        answer_holder(call, wish->change == STACK_UNLOCK ? STATUS_CONFLICT : STATUS_LOCKED, now->holder);
}

static void answer_not_held(struct call *call, const struct stack_wish *wish)
{
    if (wish->change != STACK_BREAK)
        problem_answer(call, STATUS_CONFLICT, "lock-lost",
                       "lock %s is nobody's: it was given back or broken meanwhile", wish->lock_id);
    else if (call->route->handle == stack_unlock) /* asked once more */
        answer_done(call, wish);
    else
        problem_answer(call, 404, "not-found", "nobody holds the lock of %s/%s", wish->stack,
                       wish->environment);
}

static void answer_stale(struct call *call, const struct stack_wish *wish, enum stack_outcome outcome,
                         const struct stack_now *now)
{
    char why[WHY_SIZE];
    struct text text;

    text_init(&text, why, sizeof(why));
    if (outcome == STACK_STALE)
        text_add(&text, "serial %" PRId64 " is lower than %" PRId64 ", which is stored", wish->state.serial,
                 now->state.serial);
    else if (outcome == STACK_OTHER)
        text_add(&text, "serial %" PRId64 " is stored already, with other bytes", wish->state.serial);
    else
        text_add(&text, "lineage %s is not %s of what is stored: it is the state of something else",
                 wish->state.lineage, now->state.lineage);
    log_say(call->api->env.log, LOG_LEVEL_WARN, "iac %s/%s: a state of %s is refused: %s", wish->stack,
            wish->environment, wish->actor, why);
    problem_answer(call, STATUS_CONFLICT,
                   outcome == STACK_STALE   ? "stale-serial"
                   : outcome == STACK_OTHER ? "other-state"
                                            : "other-lineage",
                   "%s", why);
}

void stack_call_answer(struct call *call, const struct stack_wish *wish, enum stack_outcome outcome,
                       const struct stack_now *now)
{
    switch (outcome) {
    case STACK_DONE:
    case STACK_SAME:
        answer_done(call, wish);
        return;
    case STACK_HELD:
        answer_held(call, wish, now);
        return;
    case STACK_NOT_HELD:
        answer_not_held(call, wish);
        return;
    case STACK_STALE:
    case STACK_OTHER:
    case STACK_FOREIGN:
        answer_stale(call, wish, outcome, now);
        return;
    case STACK_MOVED:
        answer_unrestored(call, outcome, now);
        return;
    case STACK_MANY:
        problem_answer(call, 507, "limit", "there are %d stacks already", STACKS_MAX);
        return;
    }
}

/* ---- journaled ---- */

static void journaled(void *data, const struct journal_result *result, const struct stack_wish *wish,
                      enum stack_outcome outcome, const struct stack_now *now)
{
    struct call *call = data;

    listeners_look(call->api);
    if (call->request != NULL && result->fault != JOURNAL_FINE)
        problem_answer(call, 507, "io", "the journal could not be written; nothing happened");
    else if (call->request != NULL)
        stack_call_answer(call, wish, outcome, now);
    call->holds--;
    call_settle(call);
}

void stack_call_change(struct call *call, const struct stack_wish *wish)
{
    struct err err = {0};

    call->holds++;
    if (journal_stack_change(call->api->env.journal, wish, journaled, call, &err))
        return;
    call->holds--;
    problem_answer_err(call, &err);
}
