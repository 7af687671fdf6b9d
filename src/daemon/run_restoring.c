/* run_restoring.c - a state as it was verified last: made on a worker, decided and written by the journal.
 * SPDX-License-Identifier: MIT */
#include "daemon/run_restoring.h"

#include "io/memory.h"
#include "store/state_restore.h"

#include <stdio.h>
#include <stdlib.h>

struct run_restoring {
    struct daemon *daemon;
    uint64_t run;
    uint8_t task;
    run_restoring_over *over; /* NULL: nobody waits for it any more */
    void *data;
    char path[DAEMON_PATH_MAX], folder[DAEMON_PATH_MAX];
    struct stack_wish wish;
    enum state_restore what;
    struct err err; /* code ERR_NONE: all is well */
};

static void make(void *data)
{
    struct run_restoring *restoring = data;
    struct journal_view *view = NULL;

    if (!journal_view_open(restoring->path, &view, &restoring->err))
        return;
    (void)!state_restore_make(view, restoring->folder, &restoring->wish, &restoring->what, &restoring->err);
    journal_view_close(view);
}

static void end(struct run_restoring *restoring, enum run_result result, const char *why)
{
    if (restoring->over != NULL)
        restoring->over(restoring->data, result, why);
    free(restoring);
}

static void tell(struct run_restoring *restoring, enum run_result result)
{
    char why[DAEMON_WHY_MAX];
    struct text text;

    text_init(&text, why, sizeof(why));
    state_restore_say(&restoring->wish, restoring->what, &text);
    end(restoring, result, why);
}

static void journaled(void *data, const struct journal_result *result, const struct stack_wish *wish,
                      enum stack_outcome outcome, const struct stack_now *now)
{
    struct run_restoring *restoring = data;
    char why[DAEMON_WHY_MAX];
    struct text text;

    (void)wish;
    text_init(&text, why, sizeof(why));
    if (result->fault != JOURNAL_FINE) {
        end(restoring, RUN_RESULT_AGAIN, "the journal could not be written: no state was restored");
    } else if (outcome == STACK_DONE) {
        tell(restoring, RUN_RESULT_DONE);
    } else {
        state_restore_refuse(now, outcome, &text);
        end(restoring, outcome == STACK_MOVED ? RUN_RESULT_AGAIN : RUN_RESULT_FAILED, why);
    }
}

static bool is_wanted(const struct run_restoring *restoring)
{
    const struct run_state *state =
        restoring->over == NULL ? NULL : engine_run_state(restoring->daemon->engine, restoring->run);

    return state != NULL && state->tasks[restoring->task].phase == TASK_RUNNING;
}

static void made(void *data)
{
    struct run_restoring *restoring = data;
    struct err err = {0};

    if (!is_wanted(restoring))
        end(restoring, RUN_RESULT_UNKNOWN, "it was not wanted any more");
    else if (restoring->err.code != ERR_NONE)
        end(restoring, RUN_RESULT_AGAIN, restoring->err.text);
    else if (restoring->what != STATE_RESTORE_READY)
        tell(restoring, restoring->what == STATE_RESTORE_NEEDLESS ? RUN_RESULT_DONE : RUN_RESULT_FAILED);
    else if (!journal_stack_change(restoring->daemon->journal, &restoring->wish, journaled, restoring, &err))
        end(restoring, RUN_RESULT_AGAIN, err.text);
}

struct run_restoring *run_restoring_start(const struct run_live *live, uint8_t task, run_restoring_over *over,
                                          void *data, struct err *err)
{
    const struct stack_place *place = live->definition->tasks[task].stack;
    struct run_restoring *restoring = memory_take_array(1, sizeof(*restoring));
    struct daemon *daemon = live->daemon;
    struct stack_wish *wish = &restoring->wish;

    restoring->daemon = daemon;
    restoring->run = live->id;
    restoring->task = task;
    restoring->over = over;
    restoring->data = data;
    (void)snprintf(restoring->path, sizeof(restoring->path), "%s", daemon->journal_path);
    (void)snprintf(restoring->folder, sizeof(restoring->folder), "%s/iac", daemon->settings->data);
    wish->restores = STATE_RESTORE_VERIFIED;
    wish->run = live->id;
    (void)snprintf(wish->stack, sizeof(wish->stack), "%s", place->name);
    (void)snprintf(wish->environment, sizeof(wish->environment), "%s", place->environment);
    (void)snprintf(wish->actor, sizeof(wish->actor), "verdictd");
    (void)snprintf(wish->reason, sizeof(wish->reason), "it was verified last (%s)",
                   live->definition->pipeline);
    if (loop_work(daemon->loop, make, made, restoring, err))
        return restoring;
    free(restoring);
    return NULL;
}

void run_restoring_drop(struct run_restoring *restoring)
{
    if (restoring != NULL)
        restoring->over = NULL;
}
