/* notice_facts.h - what a notice says, read from its CloudEvents body; and the lines that people get of it.
 * SPDX-License-Identifier: MIT */
#ifndef DRIVERS_NOTICE_FACTS_H
#define DRIVERS_NOTICE_FACTS_H

#include "base/err.h"
#include "drivers/notice_kind.h"

#include <stddef.h>
#include <stdint.h>

enum { NOTICE_FIELDS_MAX = 17, NOTICE_FIELD_SIZE = 512 };

struct cJSON;

/* Texts are "" and numbers NAN where the body does not have them; they live until notice_facts_done(). */
struct notice_facts {
    struct cJSON *tree;
    const struct notice_kind *kind;
    const char *id;                       /* of the notice */
    const char *source;                   /* "/verdict/INSTANCE" */
    const char *time;                     /* RFC 3339, UTC */
    const char *traceparent, *tracestate; /* "" none */
    int64_t time_s;                       /* the same since 1970; 0: not readable */
    const char *event, *deployment, *service, *environment, *version, *previous;
    const char *run, *pipeline, *stack; /* of a run; `service` is the stack where there is no other */
    const char *about;                  /* "dep_7", "run_7" */
    const char
        *incident; /* what alerts are known by: the deployment, or "network/prod apply" over its runs */
    const char *plan, *approvers,
        *answer; /* what waits for people, who they are, and the command for a yes */
    const char *summary, *evidence, *link;
    const char *rule, *condition, *metric, *actor, *reason, *why, *commit;
    const char *run_url;         /* of the pipeline that began it */
    const char *author, *action; /* who started it; what is done, as a sentence's end */
    double value, bound, count, share;
    unsigned ends; /* bits of enum notice_alert: what was told to be so, and is over with this */
};

/* A line for people. */
struct notice_field {
    const char *name;
    char text[NOTICE_FIELD_SIZE]; /* not escaped */
    bool is_short;                /* two of them fit beside each other */
};

MUST_CHECK bool notice_facts_read(const char *body, struct notice_facts *ret_facts, struct err *err);
void notice_facts_done(struct notice_facts *facts);

/* Service, environment, version, what was measured, what we do, who, why, and the command that shows the
 * evidence: those that there are. */
size_t notice_fields(const struct notice_facts *facts, struct notice_field fields[NOTICE_FIELDS_MAX]);

#endif
