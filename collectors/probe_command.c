/* probe_command.c - how a command's end answers a smoke test.
 * SPDX-License-Identifier: MIT */
#include "collectors/probe_command.h"

#include "collectors/command_end.h"
#include "io/loop.h"
#include "io/memory.h"
#include "io/runner_client.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHY_MAX = 200 };

struct probe_command {
    struct loop *loop;
    struct runner_client *runner;
    char key[RUNNER_KEY_MAX + 1];
    char running[RUNNER_KEY_MAX + 1]; /* of the attempt under way; "" none */
    char **argv;
    char **environment;
    int64_t start_within_ms;
    int64_t started_ms;
    struct loop_timer *refused; /* it could not be asked for: said a turn later */
    char why[WHY_MAX];
    probe_told *told;
    void *data;
};

static char **copy_list(const char *const *list)
{
    size_t count = 0;

    while (list[count] != NULL)
        count++;
    char **copy = memory_take_array(count + 1, sizeof(*copy));
    for (size_t i = 0; i < count; i++)
        copy[i] = memory_copy_text(list[i]);
    return copy;
}

static void free_list(char **list)
{
    for (size_t i = 0; list[i] != NULL; i++)
        free(list[i]);
    free((void *)list);
}

struct probe_command *probe_command_new(struct loop *loop, struct runner_client *runner,
                                        const struct probe_order *order)
{
    struct probe_command *command = memory_take(sizeof(*command));

    command->loop = loop;
    command->runner = runner;
    (void)snprintf(command->key, sizeof(command->key), "%s", order->key);
    command->argv = copy_list(order->argv);
    command->environment = copy_list(order->environment);
    command->start_within_ms = order->start_within_ms;
    return command;
}

void probe_command_free(struct probe_command *command)
{
    if (command == NULL)
        return;
    loop_timer_stop(command->refused);
    if (command->running[0] != '\0')
        runner_forget(command->runner, command);
    free_list(command->argv);
    free_list(command->environment);
    free(command);
}

void probe_command_stop(struct probe_command *command)
{
    if (command == NULL || command->running[0] == '\0')
        return;
    runner_forget(command->runner, command);
    /* Where that has no room, its deadline ends it. */
    (void)!runner_cancel(command->runner, command->running, NULL, NULL, NULL);
    command->running[0] = '\0';
}

static enum probe_end end_of(const struct runner_result *result, char *why, size_t size)
{
    if (command_end_is_own(result, why, size)) {
        if (result->exit_status != COMMAND_CANNOT_SAY)
            return PROBE_END_ANSWER;
        (void)snprintf(why, size, "the command cannot say now (exit %d)", COMMAND_CANNOT_SAY);
    }
    return result->timed_out || (result->signal != 0 && !result->cancelled) ? PROBE_END_BAD : PROBE_END_OPEN;
}

static void ended(void *data, const struct runner_outcome *outcome)
{
    struct probe_command *command = data;
    const struct probe_answer answer = {
        .status = outcome->result.exit_status,
        .time_ms = (double)(loop_now_ms() - command->started_ms),
        .days_left = NAN,
        .body = outcome->output,
        .length = strlen(outcome->output),
    };
    char why[WHY_MAX] = "";
    enum probe_end end = PROBE_END_OPEN;

    command->running[0] = '\0';
    if (outcome->kind == RUNNER_ENDED)
        end = end_of(&outcome->result, why, sizeof(why));
    else
        (void)snprintf(why, sizeof(why), "%.150s", outcome->reason);
    command->told(command->data, end, &answer, why);
}

static void tell_refused(void *data)
{
    struct probe_command *command = data;
    char why[WHY_MAX];

    loop_timer_stop(command->refused);
    command->refused = NULL;
    memcpy(why, command->why, sizeof(why));
    command->told(command->data, PROBE_END_OPEN, NULL, why);
}

void probe_command_start(struct probe_command *command, uint16_t attempt, int64_t timeout_ms,
                         probe_told *told, void *data)
{
    const struct runner_command order = {.key = command->running,
                                         .argv = (const char *const *)command->argv,
                                         .environment = (const char *const *)command->environment,
                                         .deadline_ms = timeout_ms,
                                         .start_within_ms = command->start_within_ms};
    struct err err = {0};

    command->told = told;
    command->data = data;
    command->started_ms = loop_now_ms();
    (void)snprintf(command->running, sizeof(command->running), "%.110s.%u", command->key, attempt);
    if (runner_run(command->runner, &order, ended, command, &err))
        return;
    command->running[0] = '\0';
    (void)snprintf(command->why, sizeof(command->why), "%.150s", err.text);
    command->refused = loop_timer_start(command->loop, 0, 0, tell_refused, command);
}
