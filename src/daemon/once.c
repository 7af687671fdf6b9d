/* once.c - what became of a command before, read on a worker before it may run.
 * SPDX-License-Identifier: MIT */
#include "daemon/once.h"

#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>

struct once_asking {
    struct acting *acting; /* NULL: nobody waits for it any more */
    enum once_part part;
    char path[DAEMON_PATH_MAX];
    char command[NAME_MAX_LENGTH + 1];
    struct once_question question;
    bool is_good;
    enum once_fate fate;
    uint64_t deployment;
    struct err err;
};

/* The command that runs once and that the action is about; NULL: none. */
static const struct command_definition *owner_of(const struct live *live, const struct action *action)
{
    const struct definition *definition = live->definition;
    uint16_t reference = action->reference;

    for (size_t i = 0; i < definition->command_count; i++) {
        const struct command_definition *command = &definition->commands[i];
        if (command->is_once && (reference == i || reference == command->undo || reference == command->probe))
            return command;
    }
    return NULL;
}

bool once_is_about(const struct live *live, const struct action *action, struct journal_once *ret_once)
{
    bool is_command = action->kind == ACTION_COMMAND && action->batch == 0;
    const struct command_definition *owner = is_command ? owner_of(live, action) : NULL;

    if (owner == NULL)
        return false;
    ret_once->command = owner->name;
    ret_once->part = action->reference == owner->undo    ? ONCE_UNDO
                     : action->reference == owner->probe ? ONCE_PROBE
                                                         : ONCE_COMMAND;
    return true;
}

static void ask(void *data)
{
    struct once_asking *asking = data;

    asking->is_good =
        journal_once_ask(asking->path, &asking->question, &asking->fate, &asking->deployment, &asking->err);
}

static void decide(const struct once_asking *asking, struct acting *acting, struct live *live)
{
    const char *command = asking->command;
    unsigned long long by = asking->deployment;
    char why[DAEMON_WHY_MAX];

    if (asking->part == ONCE_COMMAND && asking->fate == ONCE_DONE)
        (void)snprintf(why, sizeof(why), "command %s was done by dep_%llu: it runs once", command, by);
    else if (asking->fate == ONCE_DONE)
        (void)snprintf(why, sizeof(why), "command %s was done by dep_%llu: it is not undone here", command,
                       by);
    else if (asking->part == ONCE_COMMAND && asking->fate == ONCE_UNKNOWN)
        (void)snprintf(why, sizeof(why),
                       "nobody knows how command %s of dep_%llu ended, and it runs once: look, then deploy "
                       "another version",
                       command, by);
    else {
        acting_command_now(live, acting);
        return;
    }
    acting_end(acting, asking->fate == ONCE_DONE ? RESULT_DONE : RESULT_UNKNOWN, why);
}

static void asked(void *data)
{
    struct once_asking *asking = data;
    struct acting *acting = asking->acting;
    struct live *live = acting == NULL ? NULL : live_find(acting->daemon, acting->deployment);

    if (acting != NULL)
        acting->once = NULL;
    if (acting != NULL && (live == NULL || !acting_is_wanted(acting)))
        acting_end(acting, RESULT_UNKNOWN, "it was not wanted any more");
    else if (acting != NULL && !asking->is_good)
        acting_end(acting, RESULT_AGAIN, asking->err.text);
    else if (acting != NULL)
        decide(asking, acting, live);
    free(asking);
}

bool once_asks(struct live *live, struct acting *acting)
{
    struct journal_once once = {0};
    struct err err = {0};

    if (!once_is_about(live, &acting->action, &once) || once.part == ONCE_PROBE ||
        (once.part == ONCE_UNDO && live->definition->plan->kind == PLAN_ROLLBACK))
        return false;
    struct once_asking *asking = memory_take_array(1, sizeof(*asking));
    asking->acting = acting;
    asking->part = once.part;
    (void)snprintf(asking->path, sizeof(asking->path), "%s", live->daemon->journal_path);
    (void)snprintf(asking->command, sizeof(asking->command), "%s", once.command);
    asking->question =
        (struct once_question){.deployment = acting->deployment,
                               .sequence = once.part == ONCE_COMMAND ? acting->action.sequence : 0,
                               .command = asking->command,
                               .has_probe = owner_of(live, &acting->action)->repeat == REPEAT_PROBE};
    acting->once = asking;
    if (loop_work(live->daemon->loop, ask, asked, asking, &err))
        return true;
    acting->once = NULL;
    free(asking);
    acting_defer(acting, RESULT_AGAIN, err.text);
    return true;
}

void once_drop(struct acting *acting)
{
    if (acting->once != NULL)
        acting->once->acting = NULL;
    acting->once = NULL;
}
