/* api_run.h - what the API asks of the daemon about runs.
 * SPDX-License-Identifier: MIT */
#ifndef API_API_RUN_H
#define API_API_RUN_H

#include "config/run_definition.h"
#include "io/trace_lists.h"
#include "store/journal_run.h"

/* Who asks: found from a token, or from the uid at the Unix socket (then every right). */
struct api_principal {
    const char *name; /* "alice", "ci-shop", "uid:0" */
    bool is_person;
};

/* Of those that stand or fall together: whom one waits for at its barrier. */
struct api_waits {
    uint8_t count;
    const char *names[RUN_TOGETHER_MAX]; /* of services; valid as long as their run's definition */
};

/* Of a pipeline, with the version that goes through it; or of a group, with one for each of its services. */
struct api_run_start {
    struct api_principal principal;
    const char *pipeline, *version;         /* NULL: of a group */
    const char *group;                      /* NULL: of a pipeline */
    const char *stack, *environment, *verb; /* NULL: of no stack */
    const char *rehearses; /* service: its recovery plan in `environment`; NULL: it is none */
    size_t member_count;
    const struct run_member *members;
    const char *digest, *run_url, *commit, *reason; /* "" where not given */
    const char *actor;
    struct trace_given trace;
};

/* From the stage that failed on, with the same artifact: what the journal holds of the run before. */
struct api_run_retry {
    struct api_principal principal;
    const struct journal_run *row;
    const char *sealed;
    const struct journal_output *outputs;
    size_t output_count;
    const char *reason;
    struct trace_given trace;
};

struct api_run_verb {
    struct api_principal principal;
    uint64_t run;
    const char *reason;
};

/* To a task that awaits one, or that failed and asks. */
struct api_run_answer {
    struct api_principal principal;
    uint64_t run;
    const char *stage, *task;
    bool is_good;
    const struct journal_output *outputs;
    size_t output_count;
    const char *reason;
};

#endif
