/* run_live.h - a run in memory: its pipeline, its texts, what its tasks reported.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_RUN_LIVE_H
#define DAEMON_RUN_LIVE_H

#include "config/run_definition.h"
#include "daemon/live.h"
#include "engine/runs.h"
#include "store/journal_run.h"
#include "store/stack_facts.h"

enum { RUN_TEXTS_MAX = 128 /* of tries, and of outputs, in one batch; the rest comes with the next */ };

/* What a task of a stack found. */
struct run_look {
    char stack[NAME_MAX_LENGTH + 1], environment[NAME_MAX_LENGTH + 1];
    char facts[STACK_FACTS_TEXT_SIZE];
    struct journal_stack_look row; /* its texts are those above, and the run's definition's */
};

/* What a try of a task left behind, until it is durable. */
struct run_report {
    struct run_report *next;
    uint8_t task;
    uint16_t tries;
    bool is_in_batch;
    char *output;
    char why[DAEMON_WHY_MAX];
    struct run_look *look; /* NULL: nothing was found */
};

struct run_output {
    char name[JOURNAL_OUTPUT_NAME_MAX + 1];
    char value[JOURNAL_OUTPUT_VALUE_MAX + 1];
    bool is_new; /* not durable yet */
    bool is_in_batch;
};

/* A yes that is durable, where several have to say it. */
struct run_approval {
    uint8_t task;
    char *person;
};

struct run_live {
    struct run_live *next;
    struct daemon *daemon;
    uint64_t id; /* 0: not accepted yet */
    struct run_definition *definition;
    char *sealed;
    uint64_t asked_key; /* the version as it was asked for */
    char version[VERSION_MAX_LENGTH + 1];
    char *actor, *reason, *run_url, *commit;
    struct said_word *end;              /* who ends it; NULL: nobody does, or it ends by itself */
    char traceparent[TRACEPARENT_SIZE]; /* as it is kept */
    struct trace_lists trace_lists;     /* what goes on beside it */
    struct err refusal; /* why the daemon itself refused the last deployment that it asked for */
    size_t output_count;
    struct run_output *outputs; /* [JOURNAL_RUN_OUTPUTS_MAX] */
    struct run_report *reports;
    uint32_t refused; /* bits of tasks that a policy refused */
    bool has_drifted; /* its look for drift found some */
    size_t approval_count;
    struct run_approval *approvals; /* [JOURNAL_APPROVALS_MAX] at most */
};

struct run_words {
    const char *version, *actor, *reason, *run_url, *commit;
    bool leads_back; /* of a recovery: safe mode does not refuse it */
};

/* Takes over definition and sealed text. */
struct run_live *run_live_new(struct daemon *daemon, struct run_definition *definition, char *sealed,
                              const struct run_words *words);
void run_live_free(struct run_live *live);
/* Its tasks' secrets, so that they are known before they are needed. */
void run_live_name_secrets(const struct run_live *live);
struct run_live *run_live_find(struct daemon *daemon, uint64_t run);

/* Keeps an output; a known name gets the new value. False: no room, or no name or value that may be kept. */
MUST_CHECK bool run_live_put(struct run_live *live, const char *name, const char *value);
/* The value that was reported under this name, or NULL. */
const char *run_live_output(const struct run_live *live, const char *name);
/* Keeps what a try left behind; `look` is taken over, NULL: nothing was found of a stack. */
void run_live_report(struct run_live *live, const struct run_action *action, const char *output,
                     const char *why, struct run_look *look);

/* Keeps who said yes; and whether somebody did. */
void run_live_approve(struct run_live *live, uint8_t task, const char *person);
bool run_live_has_approved(const struct run_live *live, uint8_t task, const char *person);

/* Of the version that the run carries now: "" without a digest. */
const char *run_live_digest(const struct run_live *live, uint64_t version_key);

/* What runs one after the other: of one pipeline, of one group, of one stack in an environment. */
uint64_t run_live_lane(const struct run_definition *definition);

/* What the runs' next batch brings along; and its end. */
struct run_texts {
    size_t task_count, output_count;
    struct journal_task_text tasks[RUN_TEXTS_MAX];
    struct journal_output_text outputs[RUN_TEXTS_MAX];
    /* Another task may report a new value while the journal writes. */
    char values[RUN_TEXTS_MAX][JOURNAL_OUTPUT_VALUE_MAX + 1];
};
void run_texts_collect(struct daemon *daemon, struct run_texts *texts);
void run_texts_settle(struct daemon *daemon, bool is_durable);

/* run_acting.c: of struct engine_run_env. */
void run_act(void *daemon, const struct run_state *state, const struct run_action *action);
/* After the runner went: forgets what was under way. */
void run_actings_drop(struct daemon *daemon);

/* run_starting.c: of struct engine_run_env; and of struct api_env. */
bool run_wants_deployment(void *daemon, const struct run_state *state, uint64_t token, uint8_t task,
                          struct engine_start *ret_start);
void run_released(void *daemon, uint64_t run);
struct run_definition *run_define(void *daemon, const struct api_run_start *start, struct err *err);
void run_start(void *daemon, const struct api_run_start *start, api_done *done, void *done_data);
/* A run of this text (malloc'ed, taken over) with an output that it has from the start. */
void run_start_sealed(struct daemon *daemon, char *sealed, const struct run_words *words,
                      uint64_t version_key, const struct journal_output *output, api_done *done,
                      void *done_data);
void run_retry(void *daemon, const struct api_run_retry *retry, api_done *done, void *done_data);
void run_abort(void *daemon, const struct api_run_verb *verb, api_done *done, void *done_data);
void run_answer(void *daemon, const struct api_run_answer *answer, api_done *done, void *done_data);

/* run_waiting.c: whom a deployment waits for, of those that it stands or falls with. */
void run_waits(struct daemon *daemon, const struct deployment_state *state, struct api_waits *ret_waits);

/* run_recovery.c */
MUST_CHECK bool run_recover(struct daemon *daemon, struct err *err);

#endif
