/* journal_text.h - the words that belong to a batch: what its tokens stand for, and the notices it causes.
 * SPDX-License-Identifier: MIT
 *
 * All texts are the caller's and stay unchanged until the commit's `done`. NULL means "" everywhere. */
#ifndef STORE_JOURNAL_TEXT_H
#define STORE_JOURNAL_TEXT_H

#include "orchestrator/drift.h"
#include "orchestrator/plan.h"

#include <stddef.h>
#include <stdint.h>

enum {
    JOURNAL_HASH_SIZE = 32, /* SHA-256 */
    JOURNAL_NOTICE_ID_SIZE = 32,
    JOURNAL_NOTICE_BODY_MAX = 64 * 1024,
    JOURNAL_SEALED_MAX = 1024 * 1024 /* bytes of a sealed text */
};

/* A deployment that a request starts. */
struct journal_start {
    uint32_t target;
    enum plan_kind kind;
    uint64_t taken_back; /* PLAN_ROLLBACK: the promoted deployment; else 0 */
    uint64_t version_key;
    uint64_t previous_key; /* of stable; 0: none */
    uint64_t plan_hash; /* of the plan that was built from `sealed`: a newer program that builds another one
                           may only roll back */
    const char *strategy;
    const char *run_url;
    const char *commit;
    const char *traceparent; /* ../io/traceparent.h */
    const char *tracestate, *baggage;
    const char *sealed; /* the canonical text; stored once per content */
};

/* A run that a request starts. */
struct journal_run_start {
    const char *pipeline; /* or group */
    const char *service;  /* "" of a group */
    uint64_t retry_of;    /* 0: of none */
    uint64_t version_key; /* as asked for */
    const char *run_url;
    const char *commit;
    const char *traceparent, *tracestate, *baggage;
    const char *sealed;
};

/* What a task of a stack of infrastructure found, as the newest of its kind (stack_look.h). */
struct journal_stack_look {
    const char *stack, *environment;
    const char *kind; /* "plan" ... */
    bool is_good;     /* the task passed */
    const char *facts;
};

/* What a try of a run's task printed last, and what is to be said about it. */
struct journal_task_text {
    uint64_t run;
    uint8_t task;
    uint16_t tries;
    const char *output;
    const char *why;
    const struct journal_stack_look *look; /* NULL: it is no task of a stack, or found nothing */
};

/* What a task reported: name=value. */
struct journal_output_text {
    uint64_t run;
    const char *name;
    const char *value;
};

/* Who asked for what, by the token that the engine carries along. */
struct journal_request {
    uint64_t token;    /* never 0 */
    const char *actor; /* who caused it */
    const char *reason;
    const struct journal_start *start;   /* NULL: none, as of a verb */
    const struct journal_run_start *run; /* the same */
    const char *principal;               /* starts: who asked, whose idempotency key it is, and */
    const char *idempotency_key;         /* the key; NULL: none */
    unsigned char body_hash[JOURNAL_HASH_SIZE];
};

enum once_part { ONCE_COMMAND, ONCE_UNDO, ONCE_PROBE };

/* An intent of the batch that belongs to a command which runs once. */
struct journal_once {
    uint64_t deployment;
    uint32_t sequence;
    const char *command; /* its own name, also of its undo and its probe */
    enum once_part part;
};

/* One message for one receiver; written with the decision that caused it, delivered from the outbox. */
struct journal_notice {
    char id[JOURNAL_NOTICE_ID_SIZE]; /* "msg_...", the same at every try; a known one is not written twice */
    const char *receiver;            /* "webhook:ops" */
    const char *kind;                /* "rolled_back" */
    const char *body;    /* JSON, ≤ JOURNAL_NOTICE_BODY_MAX (cut ones are refused by an assert) */
    uint64_t deployment; /* 0: of none */
    int64_t due_ms;      /* engine's clock */
};

/* The latest sentence of a lever or probe about a deployment, kept with its snapshot. */
struct journal_why {
    uint64_t deployment;
    const char *text;
    uint64_t previous_key; /* the stable version that it replaces; counts while it is queued. 0: none */
};

/* What a run of the batch found of a stack. */
struct journal_drift {
    const char *stack, *environment;
    struct drift_state state;
    uint64_t run;
};

struct journal_texts {
    size_t request_count;
    const struct journal_request *requests;
    size_t notice_count;
    const struct journal_notice *notices;
    size_t why_count;
    const struct journal_why *whys;
    size_t task_count;
    const struct journal_task_text *tasks;
    size_t output_count;
    const struct journal_output_text *outputs;
    size_t once_count;
    const struct journal_once *onces;
    size_t drift_count;
    const struct journal_drift *drifts;
};

#endif
