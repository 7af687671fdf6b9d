/* rehearsal.c - questions to the lever and to the runner, some at a time. Every reason is told, not only the
 * first. SPDX-License-Identifier: MIT */
#include "daemon/rehearsal.h"

#include "config/gates.h"
#include "config/recovery.h"
#include "config/template.h"
#include "daemon/gating.h"
#include "daemon/metric_programs.h"
#include "daemon/smoke_targets.h"
#include "io/memory.h"
#include "orchestrator/deployment.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WHAT_SIZE = 160,
    QUESTIONS_MAX = DEFINITION_COMMANDS_MAX + 2 + /* what retires and what puts the version before onto hosts
                                                     are asked for their own side */
                    (DEFINITION_SMOKE_MAX + 1) * DEFINITION_CHECKS_MAX,
    AT_ONCE = 32,   /* of the runner's calls, so that others find a place */
    HOSTS_TOLD = 3, /* of one command; the others are like them */
    MARGIN_MS = 500 /* what is not answered by then is said while the engine still listens */
};

/* A command of a side, for one host (of slots: one address) after the other where its arguments differ by
 * them. */
struct question {
    uint16_t reference;
    const struct smoke_check *check; /* NULL: a command of the service; else of the smoke test `reference` */
    bool is_candidate;
    uint16_t host_count; /* 0: it is the same everywhere */
    uint16_t refused;
};

struct asked {
    struct rehearsal *rehearsal; /* NULL: free */
    struct question *question;
    uint16_t host;
};

struct rehearsal {
    struct daemon *daemon;
    struct live *own;    /* of no deployment yet; else NULL, and it is found by its id */
    uint64_t deployment; /* 0: of none */
    struct deployment_state state;
    struct rehearsal_ear ear;
    struct text why;
    char why_text[DAEMON_WHY_MAX];
    size_t reason_count;
    size_t open_count; /* answers that are still to come */
    int64_t until_ms;
    bool is_started;
    bool is_runner_away;
    struct smoke_targets *targets;    /* NULL: answered, or there are none */
    struct metric_programs *programs; /* the same */
    uint16_t unknown_count;           /* of the places that smoke tests ask */
    uint32_t asked;                   /* bit c: command c, of the candidate */
    uint32_t asked_smokes;            /* bit s: the commands of smoke test s */
    size_t count;
    struct question questions[QUESTIONS_MAX];
    size_t next; /* the next one to be asked, for next_host */
    uint16_t next_host;
    struct asked slots[AT_ONCE];
};

static struct live *live_of(const struct rehearsal *rehearsal)
{
    return rehearsal->own != NULL ? rehearsal->own : live_find(rehearsal->daemon, rehearsal->deployment);
}

static void tell(struct rehearsal *rehearsal, const char *what, const char *host, const char *why)
{
    if (why != NULL)
        text_add(&rehearsal->why, "%s%s", rehearsal->reason_count++ == 0 ? "" : "; ", why);
    const struct rehearsal_finding finding = {
        .what = what, .host = host, .why = why, .reasons = rehearsal->why.data};
    rehearsal->ear.told(rehearsal->ear.data, &finding);
}

static void refuse_command(struct rehearsal *rehearsal, const struct question *question, const char *what,
                           const char *host, const struct err *err)
{
    bool was_away = rehearsal->is_runner_away;
    char reason[DAEMON_WHY_MAX];
    struct text text;

    text_init(&text, reason, sizeof(reason));
    rehearsal->is_runner_away = err->code == ERR_UNAVAILABLE || err->code == ERR_TIMEOUT;
    if (rehearsal->is_runner_away && was_away)
        return;
    if (question->refused > HOSTS_TOLD)
        return;
    if (rehearsal->is_runner_away)
        text_add(&text, "no command could run: verdict-runner does not answer at %s; start it",
                 rehearsal->daemon->settings->runner_socket);
    else
        text_add(&text, "%s could not run%s%s: %s", what, host == NULL ? "" : " for host ",
                 host == NULL ? "" : host, err->text);
    tell(rehearsal, what, host, reason);
}

static const char *place_name(const struct rehearsal *rehearsal, const struct live *live,
                              const struct question *question, uint16_t host)
{
    const struct slot_definition *slot = live_slot(live, &rehearsal->state, question->is_candidate);

    if (live->definition->host_count > 0 || slot == NULL)
        return live_host_name(live, host);
    return host < slot->address_count ? slot->addresses[host] : "?";
}

/* A question without an error is told with its last host. */
static void take(struct rehearsal *rehearsal, struct question *question, uint16_t host,
                 const struct err *failure)
{
    const struct live *live = live_of(rehearsal);
    bool is_last = host + 1 >= question->host_count;
    char what[WHAT_SIZE];
    struct text text;

    if (live == NULL)
        return;
    text_init(&text, what, sizeof(what));
    if (question->check != NULL)
        text_add(&text, "smoke test %s/%s", live->definition->smokes[question->reference].name,
                 question->check->name);
    else
        text_add(&text, "command %s", live->definition->commands[question->reference].name);
    question->refused = (uint16_t)(question->refused + (failure != NULL));
    if (failure != NULL)
        refuse_command(rehearsal, question, what,
                       question->host_count == 0 ? NULL : place_name(rehearsal, live, question, host),
                       failure);
    else if (is_last && question->refused == 0)
        tell(rehearsal, what, NULL, NULL);
}

static void go_on(struct rehearsal *rehearsal);

static void answered(struct rehearsal *rehearsal)
{
    char why[DAEMON_WHY_MAX];
    bool is_good = rehearsal->reason_count == 0;
    struct rehearsal_ear ear = rehearsal->ear;

    rehearsal->open_count--;
    go_on(rehearsal);
    if (rehearsal->open_count > 0)
        return;
    is_good = rehearsal->reason_count == 0;
    memcpy(why, rehearsal->why_text, sizeof(why));
    free(rehearsal);
    ear.over(ear.data, is_good, why);
}

static void checked(void *data, const struct err *failure)
{
    struct asked *asked = data;
    struct rehearsal *rehearsal = asked->rehearsal;

    asked->rehearsal = NULL;
    take(rehearsal, asked->question, asked->host, failure);
    answered(rehearsal);
}

static void lever_rehearsed(void *data, bool is_done, bool is_final, uint16_t share, const char *why)
{
    struct rehearsal *rehearsal = data;

    (void)is_final;
    (void)share;
    tell(rehearsal, "traffic", NULL, is_done ? NULL : why);
    answered(rehearsal);
}

static struct asked *free_slot(struct rehearsal *rehearsal)
{
    for (size_t i = 0; i < AT_ONCE; i++)
        if (rehearsal->slots[i].rehearsal == NULL)
            return &rehearsal->slots[i];
    return NULL;
}

/* The next host of the question, or the next question. */
static void step_on(struct rehearsal *rehearsal, const struct question *question)
{
    rehearsal->next_host++;
    if (rehearsal->next_host < question->host_count)
        return;
    rehearsal->next_host = 0;
    rehearsal->next++;
}

static void take_command(const struct definition *definition, const struct question *question,
                         struct command_question *to)
{
    if (question->check != NULL) {
        to->arguments = question->check->arguments;
        to->count = question->check->argument_count;
        return;
    }
    const struct command_definition *command = &definition->commands[question->reference];
    to->arguments = command->arguments;
    to->count = command->argument_count;
    to->secrets = command->secrets;
    to->secret_count = command->secret_count;
}

static void go_on(struct rehearsal *rehearsal)
{
    const struct live *live = live_of(rehearsal);

    while (rehearsal->next < rehearsal->count && live != NULL) {
        struct asked *asked = free_slot(rehearsal);
        struct question *question = &rehearsal->questions[rehearsal->next];
        int64_t left_ms = rehearsal->until_ms - daemon_now_ms(rehearsal->daemon);
        struct err err = {0};
        if (asked == NULL)
            return;
        uint16_t host = rehearsal->next_host;
        step_on(rehearsal, question);
        *asked = (struct asked){rehearsal, question, host};
        struct command_question command = {.is_candidate = question->is_candidate,
                                           .place = question->host_count > 0 ? host : SIZE_MAX,
                                           .within_ms = left_ms > 0 ? left_ms : 1};
        take_command(live->definition, question, &command);
        if (acting_check_command(live, &rehearsal->state, &command, checked, asked, &err)) {
            rehearsal->open_count++;
            continue;
        }
        asked->rehearsal = NULL;
        take(rehearsal, question, host, &err);
    }
}

static bool differs(const char *const *arguments, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (template_has(arguments[i], "host") || template_has(arguments[i], "address"))
            return true;
    return false;
}

static bool differs_by_host(const struct definition *definition, uint16_t reference)
{
    const struct command_definition *command = &definition->commands[reference];

    return definition->host_count > 0 && differs(command->arguments, command->argument_count);
}

/* Once for each command and side: candidates' commands are asked before the one that retires stable. */
static void add(struct rehearsal *rehearsal, const struct definition *definition, uint16_t reference,
                bool is_candidate)
{
    if (reference == PLAN_NONE || (is_candidate && (rehearsal->asked & UINT32_C(1) << reference) != 0))
        return;
    assert(rehearsal->count < QUESTIONS_MAX);
    rehearsal->asked |= UINT32_C(1) << reference;
    rehearsal->questions[rehearsal->count++] = (struct question){
        .reference = reference,
        .is_candidate = is_candidate,
        .host_count = differs_by_host(definition, reference) ? (uint16_t)definition->host_count : 0};
}

/* How many places a smoke test asks: hosts, or the addresses of a slot. */
static uint16_t place_count(const struct rehearsal *rehearsal, const struct definition *definition,
                            bool is_candidate)
{
    uint8_t slot = is_candidate ? rehearsal->state.slot : rehearsal->state.stable_slot;

    if (definition->host_count > 0)
        return (uint16_t)definition->host_count;
    return slot < definition->slot_count ? (uint16_t)definition->slots[slot].address_count : 0;
}

static void add_smoke(struct rehearsal *rehearsal, const struct definition *definition, uint16_t reference,
                      bool is_candidate)
{
    if (reference == PLAN_NONE || (is_candidate && (rehearsal->asked_smokes & UINT32_C(1) << reference) != 0))
        return;
    const struct smoke_definition *smoke = &definition->smokes[reference];
    rehearsal->asked_smokes |= UINT32_C(1) << reference;
    for (size_t i = 0; i < smoke->check_count; i++) {
        const struct smoke_check *check = &smoke->checks[i];
        if (check->kind != SMOKE_EXEC)
            continue;
        bool is_differing = differs(check->arguments, check->argument_count);
        assert(rehearsal->count < QUESTIONS_MAX);
        rehearsal->questions[rehearsal->count++] = (struct question){
            .reference = reference,
            .check = check,
            .is_candidate = is_candidate,
            .host_count = is_differing ? place_count(rehearsal, definition, is_candidate) : 0};
    }
}

static void add_parts(struct rehearsal *rehearsal, const struct definition *definition)
{
    const struct plan_part *parts = definition->plan->parts;

    add(rehearsal, definition, parts[REPLACE_DRAIN].reference, true);
    add(rehearsal, definition, parts[REPLACE_CONFIGURE].reference, true);
    add(rehearsal, definition, parts[REPLACE_CONFIGURE].undo, true);
    add(rehearsal, definition, parts[REPLACE_DEPLOY].reference, true);
    add(rehearsal, definition, parts[REPLACE_DEPLOY].undo, true);
    add_smoke(rehearsal, definition, parts[REPLACE_SMOKE].reference, true);
    add(rehearsal, definition, parts[REPLACE_RESTORE].reference, true);
    /* The way back. */
    if (parts[REPLACE_DEPLOY].undo == PLAN_NONE)
        add(rehearsal, definition, parts[REPLACE_DEPLOY].reference, false);
}

static void add_all(struct rehearsal *rehearsal, const struct definition *definition)
{
    const struct plan *plan = definition->plan;

    static_assert(DEFINITION_COMMANDS_MAX <= 32 && DEFINITION_SMOKE_MAX <= 32, "a bit for each");
    for (uint8_t i = 0; i < plan->count; i++) {
        const struct plan_step *step = &plan->steps[i];
        if (step->kind == STEP_SMOKE)
            add_smoke(rehearsal, definition, step->reference, true);
        if (step->kind != STEP_COMMAND)
            continue;
        add(rehearsal, definition, step->reference, true);
        add(rehearsal, definition, step->on_rollback == ON_ROLLBACK_UNDO ? step->undo : PLAN_NONE, true);
        add(rehearsal, definition, step->repeat == REPEAT_PROBE ? step->probe : PLAN_NONE, true);
    }
    if (plan->host_count > 0)
        add_parts(rehearsal, definition);
    /* Whether stable is well is asked before the way back is over. */
    add_smoke(rehearsal, definition, plan->verify, false);
    add(rehearsal, definition, plan->rollback_command, true);
    add(rehearsal, definition, plan->retire, false);
    if (definition->recovery == NULL)
        add(rehearsal, definition, plan->has_disaster ? plan->disaster.reference : PLAN_NONE, true);
    for (size_t i = 0; definition->recovery != NULL && i < definition->recovery->command_count; i++)
        add(rehearsal, definition, definition->recovery->commands[i], true);
}

static void place_unknown(void *data, const char *place, const char *why)
{
    struct rehearsal *rehearsal = data;
    char reason[DAEMON_WHY_MAX];
    char what[WHAT_SIZE];

    if (rehearsal->unknown_count++ >= HOSTS_TOLD)
        return;
    (void)snprintf(what, sizeof(what), "smoke target %.120s", place);
    (void)snprintf(reason, sizeof(reason), "the smoke test could never pass: %.200s", why);
    tell(rehearsal, what, NULL, reason);
}

/* That nobody listens there yet is no reason: the candidate may be down until it is deployed. */
static void places_asked(void *data, size_t asked, size_t reached)
{
    struct rehearsal *rehearsal = data;
    char what[WHAT_SIZE];

    rehearsal->targets = NULL;
    (void)snprintf(what, sizeof(what), "smoke targets (%zu of %zu answer now)", reached, asked);
    if (rehearsal->unknown_count == 0)
        tell(rehearsal, what, NULL, NULL);
    answered(rehearsal);
}

static void ask_places(struct rehearsal *rehearsal, struct live *live)
{
    const struct smoke_targets_ear ear = {place_unknown, places_asked, rehearsal};
    int64_t left_ms = rehearsal->until_ms - daemon_now_ms(rehearsal->daemon);

    if (live->definition->plan->is_record || live->definition->plan->kind == PLAN_ROLLBACK)
        return;
    rehearsal->targets = smoke_targets_start(live, &rehearsal->state, left_ms, &ear);
    rehearsal->open_count += rehearsal->targets != NULL;
}

static void program_asked(void *data, const char *metric, const struct err *failure)
{
    static const struct question nowhere;
    struct rehearsal *rehearsal = data;
    char what[WHAT_SIZE];

    (void)snprintf(what, sizeof(what), "metric %.120s", metric);
    if (failure == NULL)
        tell(rehearsal, what, NULL, NULL);
    else
        refuse_command(rehearsal, &nowhere, what, NULL, failure);
}

static void programs_asked(void *data)
{
    struct rehearsal *rehearsal = data;

    rehearsal->programs = NULL;
    answered(rehearsal);
}

static void ask_programs(struct rehearsal *rehearsal, struct live *live)
{
    const struct metric_programs_ear ear = {program_asked, programs_asked, rehearsal};
    int64_t left_ms = rehearsal->until_ms - daemon_now_ms(rehearsal->daemon);

    if (live->definition->plan->is_record || live->definition->plan->kind == PLAN_ROLLBACK)
        return;
    rehearsal->programs = metric_programs_start(live, &rehearsal->state, left_ms, &ear);
    rehearsal->open_count += rehearsal->programs != NULL;
}

static void tell_gates(struct rehearsal *rehearsal, const struct live *live)
{
    const struct plan *plan = live->definition->plan;
    char why[ERR_TEXT_MAX];

    for (uint8_t i = 0; i < plan->count; i++) {
        if (plan->steps[i].kind != STEP_GATE || gating_has(live, plan->steps[i].reference))
            continue;
        (void)snprintf(why, sizeof(why), "gate %s is not in the settings",
                       live->definition->gates[plan->steps[i].reference].name);
        tell(rehearsal, "gate", NULL, why);
    }
}

/* What it holds itself until everything is asked. */
static void begun(void *data)
{
    answered(data);
}

struct rehearsal *rehearsal_start(struct live *live, const struct deployment_state *state,
                                  const struct rehearsal_ear *ear)
{
    struct rehearsal *rehearsal = memory_take_array(1, sizeof(*rehearsal));
    bool has_traffic = live->definition->plan->has_traffic;
    struct daemon_lever *lever = has_traffic ? acting_lever(live) : NULL;
    struct acting_split split;

    rehearsal->daemon = live->daemon;
    rehearsal->own = live->id == 0 ? live : NULL;
    rehearsal->deployment = live->id;
    rehearsal->state = *state;
    rehearsal->ear = *ear;
    rehearsal->until_ms = daemon_now_ms(live->daemon) + ADMISSION_LIMIT_MS - MARGIN_MS;
    text_init(&rehearsal->why, rehearsal->why_text, sizeof(rehearsal->why_text));
    rehearsal->open_count = 1;
    add_all(rehearsal, live->definition);
    if (has_traffic && lever == NULL)
        tell(rehearsal, "traffic", NULL, "the traffic driver is not there");
    if (lever != NULL && lever->type->mirror == NULL && live->definition->plan->has_mirror)
        tell(rehearsal, "traffic", NULL, "the traffic driver cannot copy requests (mirror)");
    tell_gates(rehearsal, live);
    ask_places(rehearsal, live);
    ask_programs(rehearsal, live);
    go_on(rehearsal);
    loop_defer(live->daemon->loop, begun, rehearsal);
    if (lever == NULL)
        return rehearsal;
    rehearsal->open_count++;
    acting_fill_split(live, &rehearsal->state, &split);
    lever->type->rehearse(lever->traffic, &split.split, lever_rehearsed, rehearsal);
    return rehearsal;
}

void rehearsal_drop(struct rehearsal *rehearsal)
{
    if (rehearsal != NULL) {
        smoke_targets_drop(rehearsal->targets);
        metric_programs_drop(rehearsal->programs);
    }
    free(rehearsal);
}
