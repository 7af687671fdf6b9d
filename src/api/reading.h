/* reading.h - the journal read in a worker for one call, and a deployment put together from it and the
 * engine's memory.
 * SPDX-License-Identifier: MIT */
#ifndef API_READING_H
#define API_READING_H

#include "api/record.h"
#include "config/run_definition.h"
#include "store/journal_run.h"
#include "store/journal_stack.h"
#include "store/journal_view.h"

struct api;
struct call;
struct cJSON;

enum {
    READING_APPROVERS_MAX = 32,
    READING_REPORT_ROWS_MAX = 2000,            /* of each kind */
    READING_MEMORY = 1024 * 1024 + 512 * 1024, /* a page of rows and a sealed text */
    READING_PAGE_MEMORY = 256 * 1024
};

enum reading_kind {
    READING_DEPLOYMENT, /* row, definition, rules */
    READING_APPROVALS,  /* as DEPLOYMENT, and who approved */
    READING_REPORT,     /* as DEPLOYMENT, and its evidence */
    READING_LOGS,       /* as DEPLOYMENT, and its actions, with results that have a reason as `audit` */
    READING_LIST,       /* rows */
    READING_RUN,        /* one of runs, its definition, tasks, outputs */
    READING_RUNS,       /* runs */
    READING_AUDIT,      /* audits */
    READING_STACKS,     /* stacks */
    READING_STATES      /* one of stacks (none: there is no such), and a page of its states */
};

struct reading_approver {
    char name[NAME_MAX_LENGTH + 1];
    uint8_t step;
    uint32_t attempt;
};

struct reading {
    enum reading_kind kind;
    struct call *call;
    void (*done)(struct call *call);
    /* asked */
    uint64_t deployment;                                                 /* or run; 0: the last one of */
    char service[NAME_MAX_LENGTH + 1], environment[NAME_MAX_LENGTH + 1]; /* "" all, of lists */
    struct journal_filter filter;
    /* found */
    struct err err; /* code ERR_NONE: all is well */
    bool is_light;  /* DEPLOYMENT of one that the engine knows: without definition and rules, which it has */
    bool is_outdated; /* a batch about it became durable meanwhile */
    struct arena arena;
    struct arena page;                     /* of one page of evidence; where the kind reads some */
    const struct journal_deployment *rows; /* [row_count] */
    size_t row_count;
    const char *sealed;            /* of the first row, or of the run; NULL: could not be read */
    struct definition *definition; /* NULL: could not be rebuilt */
    uint32_t rule_bits;
    struct rule_state rules[PLAN_RULES_MAX];
    size_t approver_count;
    struct reading_approver approvers[READING_APPROVERS_MAX]; /* oldest first */
    struct cJSON *verdicts, *actions, *audit;                 /* arrays */
    const struct journal_run *runs;                           /* [run_count] */
    size_t run_count;
    struct run_definition *run_definition; /* NULL: could not be rebuilt */
    const struct journal_task *tasks;      /* [task_count] */
    size_t task_count;
    const struct journal_output *outputs; /* [output_count] */
    size_t output_count;
    const struct journal_approval *approvals; /* [approval_count], of the run */
    size_t approval_count;
    bool is_onward;                     /* audits: those above the filter's `before`, oldest first */
    const struct journal_audit *audits; /* [audit_count] */
    const char *const *audit_texts;     /* [audit_count]; NULL: what shape_audit() says of it is all */
    size_t audit_count;
    const struct journal_stack *stacks; /* [stack_count] */
    size_t stack_count;
    const struct journal_state *states; /* [state_count] */
    size_t state_count;
    bool is_cut;
    const struct option_schemas *schemas;
    struct journal_view *view;
};

/* Reads; `done` comes from the loop where the call is not over by then, also after a failure (reading->err).
 * What the call read before is given back. */
void reading_deployment(struct call *call, enum reading_kind kind, uint64_t deployment,
                        void (*done)(struct call *call));
/* The active or last one of the call's service and environment. */
void reading_last(struct call *call, enum reading_kind kind, void (*done)(struct call *call));
void reading_list(struct call *call, const struct journal_filter *filter, void (*done)(struct call *call));

void reading_run(struct call *call, uint64_t run, void (*done)(struct call *call));
/* The filter's service names the pipeline. */
void reading_runs(struct call *call, const struct journal_filter *filter, void (*done)(struct call *call));

/* Rows of the audit below number `from`, newest first, or above it where it `is_onward`. */
void reading_audit(struct call *call, bool is_onward, uint64_t from, uint32_t limit,
                   void (*done)(struct call *call));

void reading_stacks(struct call *call, void (*done)(struct call *call));
/* Of the call's stack and environment: versions below `before` (0: from the newest on). */
void reading_states(struct call *call, uint64_t before, uint32_t limit, void (*done)(struct call *call));

void reading_free(struct reading *reading); /* NULL is fine */

/* A row together with what the engine knows; without a definition where that has forgotten it. */
struct record reading_record_of(const struct api *api, const struct journal_deployment *row);
/* Row `index` of a reading together with what the engine knows. */
struct record reading_record_in(const struct api *api, const struct reading *reading, size_t index);
struct record reading_record(const struct call *call, size_t index); /* of the call's */

/* Something happened to it since it was read, or nobody can tell: it is read once more (true). */
MUST_CHECK bool reading_again(struct call *call, uint64_t id, void (*done)(struct call *call));

/* The reading went wrong: answered. */
MUST_CHECK bool reading_failed(struct call *call);

#endif
