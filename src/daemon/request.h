/* request.h - who waits for the engine's answer, and the words that the journal keeps with a token.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_REQUEST_H
#define DAEMON_REQUEST_H

#include "daemon/live.h"
#include "store/journal_text.h"

struct request {
    struct request *next;
    uint64_t token;
    api_done *done; /* NULL: nobody waits any more */
    void *done_data;
    struct live *live;    /* of a start, until the engine took it over */
    struct run_live *run; /* the same of a run */
    uint64_t answers;     /* a person's yes to this run's task; 0: it is none */
    uint8_t answers_task;
    bool is_start;
    bool is_emergency, is_stable_bad; /* of a start */
    bool takes_out;                   /* of a start: as in struct engine_start */
    uint64_t retries;                 /* the same */
    bool is_answered;                 /* kept until its batch is over, and while the engine still names it */
    char *actor, *reason, *principal, *key, *strategy, *run_url, *commit;
    char verb[32];
    struct journal_start start;
    struct journal_run_start run_start;
    struct journal_request row; /* as the journal wants it; points into the above */
};

/* Registers; NULL past DAEMON_REQUESTS_MAX. */
struct request *request_new(struct daemon *daemon, const char *actor, const char *reason, api_done *done,
                            void *done_data);
struct request *request_find(struct daemon *daemon, uint64_t token);
void request_free(struct daemon *daemon, struct request *request);

/* Frees those that were answered and that the engine names no more; called when no batch is in flight. */
void request_sweep(struct daemon *daemon);

/* A start that never got to the engine. */
void request_refused(struct daemon *daemon, struct request *request, const struct err *err);

/* Of struct engine_env. */
void request_answered(void *daemon, uint64_t token, enum engine_answer answer, uint64_t deployment);
void request_released(void *daemon, uint64_t deployment);

#endif
