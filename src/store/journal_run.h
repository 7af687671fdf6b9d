/* journal_run.h - runs in the journal: the words that belong to them, what goes on after a start, and pages
 * for the API.
 * SPDX-License-Identifier: MIT */
#ifndef STORE_JOURNAL_RUN_H
#define STORE_JOURNAL_RUN_H

#include "orchestrator/run_state.h"
#include "store/journal_view.h"

enum {
    JOURNAL_RUN_OUTPUTS_MAX = 64,
    JOURNAL_OUTPUT_NAME_MAX = 63,
    JOURNAL_OUTPUT_VALUE_MAX = 1023,
    JOURNAL_TASK_ROWS_MAX = 512, /* tries of all tasks of one run that a page shows */
    JOURNAL_APPROVALS_MAX = 256  /* of one run */
};

/* One run as the journal holds it; texts never NULL. Wall-clock times in milliseconds since 1970. */
struct journal_run {
    uint64_t id;
    const char *pipeline, *service; /* or a group, and "" */
    uint64_t retry_of;              /* 0: of none */
    uint64_t asked_key;             /* the version as it was asked for */
    const char *version;
    const char *digest; /* of the artifact, "" not known yet */
    const char *actor, *reason, *run_url, *commit;
    int64_t created_ms;
    int64_t changed_ms;
    int64_t ended_ms; /* 0: not over */
    const char *traceparent;
    const char *tracestate, *baggage; /* in a recovery alone; "" none */
    struct run_state state;
};

/* One try of a task. */
struct journal_task {
    uint8_t task;
    uint16_t tries;
    enum run_task_phase phase;
    uint64_t deployment; /* 0: none */
    int64_t began_ms, changed_ms;
    const char *why;
    const char *output; /* "" where nobody asked for it */
};

struct journal_output {
    const char *name, *value;
};

/* Somebody's yes, where several have to say it. */
struct journal_approval {
    uint8_t task;
    const char *person;
};

struct journal_run_recovery {
    void *data;
    /* Not terminal; oldest first. What it points to lives until the return. False (with *err) ends the
     * recovery. */
    bool (*run)(void *data, const struct journal_run *run, const char *sealed,
                const struct journal_output *outputs, size_t output_count, struct err *err);
    /* Behind it, each approval of that run; NULL: nobody wants to know. */
    void (*approval)(void *data, uint64_t run, uint8_t task, const char *person);
};

/* As journal_recover(), after it. */
MUST_CHECK bool journal_recover_runs(struct journal *journal, const struct journal_run_recovery *recovery,
                                     uint64_t *ret_next_run, struct err *err);

/* As the views of deployments. `pipeline` "": all; `before` 0: from the newest on. */
MUST_CHECK bool journal_view_runs(struct journal_view *view, const char *pipeline, uint64_t before,
                                  uint32_t limit, struct arena *arena, const struct journal_run **ret_rows,
                                  size_t *ret_count, struct err *err);
MUST_CHECK bool journal_view_run(struct journal_view *view, uint64_t id, struct arena *arena,
                                 const struct journal_run **ret_row, struct err *err);
MUST_CHECK bool journal_view_run_sealed(struct journal_view *view, uint64_t id, struct arena *arena,
                                        const char **ret_text, struct err *err);
/* In the order of tasks and tries. `with_output`: the newest try of each has the last 4000 characters that
 * its command printed. */
MUST_CHECK bool journal_view_tasks(struct journal_view *view, uint64_t run, bool with_output,
                                   struct arena *arena, const struct journal_task **ret_rows,
                                   size_t *ret_count, struct err *err);
MUST_CHECK bool journal_view_outputs(struct journal_view *view, uint64_t run, struct arena *arena,
                                     const struct journal_output **ret_rows, size_t *ret_count,
                                     struct err *err);
/* In the order of tasks and times. */
MUST_CHECK bool journal_view_approvals(struct journal_view *view, uint64_t run, struct arena *arena,
                                       const struct journal_approval **ret_rows, size_t *ret_count,
                                       struct err *err);

#endif
