/* batches.c - one action on several hosts: a command for each at the same time, and one result of them all.
 * SPDX-License-Identifier: MIT
 *
 * Every try has keys of its own, one per host. A host that was done in an earlier try is not asked again: the
 * runner knows its keys, so each host walks through the tries until one was done. */
#include "daemon/acting.h"
#include "io/memory.h"

#include <stdlib.h>
#include <string.h>

struct batch_command {
    struct acting *acting;
    uint16_t host;
    uint16_t tries;
};

/* The worse one: what is unknown must not be started again, what failed must not be tried again. */
static enum result worse(enum result a, enum result b)
{
    static const uint8_t weights[] = {
        [RESULT_DONE] = 0, [RESULT_AGAIN] = 1, [RESULT_UNKNOWN] = 2, [RESULT_FAILED] = 3};

    return weights[a] >= weights[b] ? a : b;
}

static const char *host_name(const struct batch_command *command)
{
    const struct live *live = live_find(command->acting->daemon, command->acting->deployment);

    return live == NULL ? "?" : live_host_name(live, command->host);
}

static void begin(struct acting *acting)
{
    acting->hosts = memory_take_array(acting->action.batch, sizeof(*acting->hosts));
    acting->hosts_left = acting->action.batch;
    acting->hosts_result = RESULT_DONE;
    for (uint16_t i = 0; i < acting->action.batch; i++)
        acting->hosts[i] =
            (struct batch_command){.acting = acting, .host = (uint16_t)(acting->action.host + i)};
}

/* One host is through; with the last one the action is. `is_inside`: of the call that started it. */
static void end_one(struct batch_command *command, enum result result, const char *why, bool is_inside)
{
    struct acting *acting = command->acting;

    if (result != RESULT_DONE && worse(result, acting->hosts_result) == result)
        (void)snprintf(acting->why, sizeof(acting->why), "host %s: %.200s", host_name(command), why);
    acting->hosts_result = worse(result, acting->hosts_result);
    if (--acting->hosts_left > 0)
        return;
    char text[DAEMON_WHY_MAX];
    (void)snprintf(text, sizeof(text), "%s", acting->why);
    if (is_inside)
        acting_defer(acting, acting->hosts_result, text);
    else
        acting_end(acting, acting->hosts_result, text);
}

static void run(struct batch_command *command, bool is_inside);

static void ended(void *data, const struct runner_outcome *outcome)
{
    struct batch_command *command = data;
    char why[DAEMON_WHY_MAX] = "";
    enum result result = acting_result_of(outcome, why, sizeof(why));

    if (result != RESULT_DONE && command->tries < command->acting->action.tries) {
        command->tries++;
        run(command, false);
    } else {
        end_one(command, result, why, false);
    }
}

static void run(struct batch_command *command, bool is_inside)
{
    struct acting *acting = command->acting;
    struct live *live = live_find(acting->daemon, acting->deployment);
    struct err err = {0};

    if (live == NULL)
        end_one(command, RESULT_UNKNOWN, "the deployment is gone", is_inside);
    else if (!acting_run(live, acting, command->tries, command->host, ended, command, &err))
        end_one(command, acting_result_of_err(&err), err.text, is_inside);
}

void acting_batch(struct live *live, struct acting *acting)
{
    (void)live;
    begin(acting);
    for (uint16_t i = 0, count = acting->action.batch; i < count; i++)
        run(&acting->hosts[i], true);
}

static void cancel(struct batch_command *command, bool is_inside);

static void cancelled(void *data, const struct runner_outcome *outcome)
{
    struct batch_command *command = data;
    bool is_over = acting_is_over(outcome);

    if (is_over && command->tries < command->acting->action.cancels_tries) {
        command->tries++;
        cancel(command, false);
    } else {
        end_one(command, is_over ? RESULT_DONE : RESULT_AGAIN, "a command does not end yet", false);
    }
}

static void cancel(struct batch_command *command, bool is_inside)
{
    const struct acting *acting = command->acting;
    char key[COMMAND_KEY_MAX];
    struct err err = {0};

    acting_key(key, acting->deployment, acting->action.cancels, command->tries, command->host);
    if (!runner_cancel(acting->daemon->runner, key, cancelled, command, &err))
        end_one(command, RESULT_AGAIN, err.text, is_inside);
}

void acting_cancel_batch(struct acting *acting)
{
    begin(acting);
    for (uint16_t i = 0, count = acting->action.batch; i < count; i++)
        cancel(&acting->hosts[i], true);
}
