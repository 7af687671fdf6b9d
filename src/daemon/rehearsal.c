/* rehearsal.c - what is asked at admission: the lever, and the runner about every command that the plan may
 * need. Every reason is told, not only the first. SPDX-License-Identifier: MIT */
#include "daemon/acting.h"
#include "io/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    QUESTIONS_MAX = DEFINITION_COMMANDS_MAX + 1, /* what retires is asked for its own side */
    MARGIN_MS = 500 /* what is not answered by then is said while the engine still listens */
};

struct question {
    struct rehearsal *rehearsal;
    const char *command;
};

struct rehearsal {
    struct acting *acting;
    const struct live *live; /* only while the questions are asked */
    struct text why;
    char why_text[DAEMON_WHY_MAX];
    size_t reason_count;
    size_t open_count; /* answers that are still to come */
    bool is_runner_away;
    uint32_t asked; /* bit c: command c */
    size_t count;
    struct question questions[QUESTIONS_MAX];
};

/* A reason that has no room is in the log. Said at once: whoever ends the rehearsal at its limit reads it. */
static void refuse(struct rehearsal *rehearsal, const char *reason)
{
    struct daemon *daemon = rehearsal->acting->daemon;
    struct live *live = live_find(daemon, rehearsal->acting->deployment);

    text_add(&rehearsal->why, "%s%s", rehearsal->reason_count++ == 0 ? "" : "; ", reason);
    log_say(&daemon->log, LOG_LEVEL_WARN, "deployment %llu cannot be admitted: %s",
            (unsigned long long)rehearsal->acting->deployment, reason);
    if (live != NULL)
        live_say(live, "%s", rehearsal->why.data);
}

static void refuse_command(struct rehearsal *rehearsal, const char *command, const struct err *err)
{
    char reason[DAEMON_WHY_MAX];
    struct text text;

    text_init(&text, reason, sizeof(reason));
    if (err->code != ERR_UNAVAILABLE && err->code != ERR_TIMEOUT)
        text_add(&text, "command %s could not run: %s", command, err->text);
    else if (!rehearsal->is_runner_away)
        text_add(&text, "no command could run: verdict-runner does not answer at %s; start it",
                 rehearsal->acting->daemon->settings->runner_socket);
    else
        return;
    rehearsal->is_runner_away = err->code == ERR_UNAVAILABLE || err->code == ERR_TIMEOUT;
    refuse(rehearsal, reason);
}

static void answered(struct rehearsal *rehearsal)
{
    struct acting *acting = rehearsal->acting;
    char why[DAEMON_WHY_MAX];

    if (--rehearsal->open_count > 0)
        return;
    enum result result = rehearsal->reason_count == 0 ? RESULT_DONE : RESULT_FAILED;
    memcpy(why, rehearsal->why_text, sizeof(why));
    acting_drop_rehearsal(acting);
    acting_end(acting, result, why);
}

static void command_answered(void *data, const struct err *failure)
{
    const struct question *question = data;

    if (failure != NULL)
        refuse_command(question->rehearsal, question->command, failure);
    answered(question->rehearsal);
}

void acting_rehearsed_lever(void *data, bool is_done, bool is_final, uint16_t share, const char *why)
{
    const struct acting *acting = data;

    (void)is_final;
    (void)share;
    if (!is_done)
        refuse(acting->rehearsal, why);
    answered(acting->rehearsal);
}

/* Once for each command and side: candidates' commands are asked before the one that retires stable. */
static void ask(struct rehearsal *rehearsal, uint16_t reference, bool is_candidate)
{
    const struct acting *acting = rehearsal->acting;

    if (reference == PLAN_NONE || (is_candidate && (rehearsal->asked & UINT32_C(1) << reference) != 0))
        return;
    struct question *question = &rehearsal->questions[rehearsal->count++];
    struct err err = {0};

    rehearsal->asked |= UINT32_C(1) << reference;
    *question = (struct question){rehearsal, rehearsal->live->definition->commands[reference].name};
    if (acting_check_command(rehearsal->live, &acting->state, reference, is_candidate,
                             acting->action.limit_ms - MARGIN_MS, command_answered, question, &err))
        rehearsal->open_count++;
    else
        refuse_command(rehearsal, question->command, &err);
}

static void ask_runner(struct rehearsal *rehearsal)
{
    const struct plan *plan = &rehearsal->live->definition->plan;

    if (plan->is_record)
        return;
    for (uint8_t i = 0; i < plan->count; i++) {
        const struct plan_step *step = &plan->steps[i];
        if (step->kind != STEP_COMMAND)
            continue;
        ask(rehearsal, step->reference, true);
        ask(rehearsal, step->on_rollback == ON_ROLLBACK_UNDO ? step->undo : PLAN_NONE, true);
        ask(rehearsal, step->repeat == REPEAT_PROBE ? step->probe : PLAN_NONE, true);
    }
    if (plan->host_count > 0) {
        ask(rehearsal, plan->parts[REPLACE_DRAIN].reference, true);
        ask(rehearsal, plan->parts[REPLACE_DEPLOY].reference, true);
        ask(rehearsal, plan->parts[REPLACE_DEPLOY].undo, true);
        ask(rehearsal, plan->parts[REPLACE_RESTORE].reference, true);
    }
    ask(rehearsal, plan->rollback_command, true);
    ask(rehearsal, plan->retire, false);
}

void acting_rehearse(struct live *live, struct acting *acting)
{
    static_assert(DEFINITION_COMMANDS_MAX <= 32, "a bit for each command");
    struct rehearsal *rehearsal = memory_take_array(1, sizeof(*rehearsal));
    bool has_traffic = live->definition->plan.has_traffic;
    const struct daemon_lever *lever = has_traffic ? acting_lever(live) : NULL;

    rehearsal->acting = acting;
    rehearsal->live = live;
    text_init(&rehearsal->why, rehearsal->why_text, sizeof(rehearsal->why_text));
    rehearsal->open_count = lever != NULL ? 1 : 0;
    acting->rehearsal = rehearsal;
    if (has_traffic && lever == NULL)
        refuse(rehearsal, "the traffic driver is not there");
    if (lever != NULL && lever->type->mirror == NULL && live->definition->plan.has_mirror)
        refuse(rehearsal, "the traffic driver cannot copy requests (mirror)");
    ask_runner(rehearsal);
    rehearsal->live = NULL;
    if (rehearsal->open_count > 0)
        return;
    acting_defer(acting, rehearsal->reason_count == 0 ? RESULT_DONE : RESULT_FAILED, rehearsal->why_text);
    acting_drop_rehearsal(acting);
}

void acting_drop_rehearsal(struct acting *acting)
{
    free(acting->rehearsal);
    acting->rehearsal = NULL;
}
