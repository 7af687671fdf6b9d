/* stack_restore.c - POST /v1/iac/{stack}/{environment}/restore: an older state as the newest one.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"
#include "api/stack_call.h"
#include "io/json.h"
#include "io/loop.h"
#include "io/memory.h"
#include "store/state_restore.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { FOLDER_SIZE = 512, WHY_SIZE = 512 };

struct restoring {
    struct call *call;
    struct journal_view *view;
    char folder[FOLDER_SIZE];
    struct stack_wish wish;
    enum state_restore what;
    struct err err; /* code ERR_NONE: all is well */
};

static void make(void *data)
{
    struct restoring *restoring = data;

    (void)!state_restore_make(restoring->view, restoring->folder, &restoring->wish, &restoring->what,
                              &restoring->err);
}

/* Its plan would be stale, and what it changes is in no state that is restored under it. True: answered. */
static bool is_at_work(struct call *call)
{
    const struct api_env *env = &call->api->env;
    uint64_t run = env->stack_run(env->data, call->match.service, call->match.environment);

    if (run == 0)
        return false;
    problem_answer(call, 409, "conflict",
                   "run_%" PRIu64 " is at work on %s/%s: wait for its end, or abort it", run,
                   call->match.service, call->match.environment);
    return true;
}

static void refuse(struct call *call, const struct restoring *restoring)
{
    bool is_gone = restoring->what == STATE_RESTORE_GONE;
    char memory[WHY_SIZE];
    struct text why;

    text_init(&why, memory, sizeof(memory));
    state_restore_say(&restoring->wish, restoring->what, &why);
    problem_answer(call, is_gone ? 404 : 409, is_gone ? "not-found" : "conflict", "%s", why.data);
}

static void made(void *data)
{
    struct restoring *restoring = data;
    struct call *call = restoring->call;

    if (call->api->is_closed) /* and the journal with it */
        ;
    else if (restoring->err.code != ERR_NONE)
        problem_answer_err(call, &restoring->err);
    else if (restoring->what != STATE_RESTORE_READY)
        refuse(call, restoring);
    else if (call->request != NULL && !is_at_work(call)) /* one may have begun */
        stack_call_change(call, &restoring->wish);
    free(restoring);
    call->api->states--;
    call->holds--;
    call_settle(call);
}

static void start(struct call *call, const struct stack_wish *wish)
{
    struct api *api = call->api;
    struct restoring *restoring = memory_take(sizeof(*restoring));

    restoring->call = call;
    restoring->view = api->view;
    restoring->wish = *wish;
    (void)snprintf(restoring->folder, sizeof(restoring->folder), "%s/iac", api->env.data_folder);
    api->states++;
    call->holds++;
    if (loop_work(api->env.loop, make, made, restoring, &restoring->err))
        return;
    api->states--;
    call->holds--;
    problem_answer_err(call, &restoring->err);
    free(restoring);
}

/* {"serial":3,"reason":"..."} */
static bool read_wish(struct call *call, struct stack_wish *wish)
{
    static const char *const names[] = {"serial", "reason"};
    struct err err = {0};

    if (!stack_call_begin(call, STACK_RESTORE, wish) ||
        !call_read_body(call, names, ARRAY_LENGTH(names), false) ||
        !call_body_line(call, "reason", sizeof(wish->reason), wish->reason))
        return false;
    struct json_node root = json_root(call->body);
    if (!json_integer(&root, "serial", JSON_REQUIRED, 0, JSON_INTEGER_MAX, &wish->restores, &err)) {
        problem_answer(call, 400, "invalid", "%s", err.text);
        return false;
    }
    if (wish->reason[0] != '\0')
        return true;
    problem_answer_member(call, "#/reason", "must say why");
    return false;
}

void stack_restore(struct call *call)
{
    struct stack_wish wish;

    if (!read_wish(call, &wish) || is_at_work(call) || !stack_call_may_work(call))
        return;
    start(call, &wish);
}
