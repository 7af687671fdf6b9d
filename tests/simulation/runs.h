/* runs.h - pipelines: what they are made of, who starts, answers and aborts their runs, the runner that keeps
 * their commands by their keys, and what is on the disk of them. SPDX-License-Identifier: MIT */
#ifndef SIMULATION_RUNS_H
#define SIMULATION_RUNS_H

#include "engine/runs.h"
#include "engine/snapshot.h"
#include "tests/simulation/site.h"

enum {
    RUNS_MAX = 64, /* of one seed */
    RUNS_IN_MEMORY_MAX = 12,
    RUNS_PIPELINES = 2,
    RUNS_REQUESTS_MAX = 16,
    RUNS_JOBS_MAX = 256
};

struct world;
struct occurrence;
struct asked;

/* One run of a task's command; its key is (run, task, tries). */
struct run_job {
    enum job_state state;
    uint64_t run;
    uint8_t task;
    uint16_t tries;
    enum run_result result; /* UNKNOWN: nobody knows how it ended */
    uint64_t version;       /* with the digest that it reports; 0: none */
    bool is_told;           /* its end, to the engine; */
    bool is_heard;          /* and surely before that gave the try up */
    uint32_t asked_life;    /* of the process that waits for its end */
    int64_t ends_ms;
};

/* A start as somebody wants it, until it is answered. */
struct run_request {
    bool is_answered;
    bool is_fixed;
    uint8_t pipeline;
    uint8_t first_stage; /* of a run that is tried again */
    uint16_t tries;
    uint32_t life; /* that was asked last */
    uint64_t version;
    uint64_t durable; /* run that stands in the journal for its key; 0 none */
};

/* What the journal says about one run. */
struct run_stored {
    bool exists;
    bool has_given_up; /* a command that did not confirm its end */
    uint8_t pipeline;
    bool is_fixed; /* as asked for */
    uint8_t first_stage;
    bool has_begun;
    uint64_t version;
    uint16_t length;
    unsigned char bytes[SNAPSHOT_RUN_MAX];
    /* The oracle's: */
    enum run_phase phase; /* as the audit says */
    uint8_t stage;
    enum run_task_phase tasks[RUN_TASKS_MAX];
    uint8_t approvals[RUN_TASKS_MAX];
    bool is_reminded[RUN_TASKS_MAX];
    int64_t awaited_up_ms[RUN_TASKS_MAX]; /* since then */
    int64_t moved_up_ms;                  /* newest change */
    struct run_state state;
};

struct runs {
    bool is_used;
    uint32_t request_count;
    uint64_t next_id;
    uint32_t job_next;
    uint16_t starts_left;
    struct run_plan plans[RUNS_PIPELINES];
    struct run_request requests[RUNS_REQUESTS_MAX];
    struct run_stored stored[RUNS_MAX]; /* by id - 1 */
    struct run_job jobs[RUNS_JOBS_MAX];
};

void runs_init(struct world *world);
/* A new process: attaches them to its engine; then what the journal knows, after the deployments. */
void runs_attach(struct world *world, void *memory);
void runs_recover(struct world *world);

struct engine_run_start runs_start_of(const struct world *world, uint8_t pipeline, uint64_t version,
                                      bool is_fixed, uint8_t first_stage);
struct run_stored *runs_find_stored(struct world *world, uint64_t run);

/* The transaction is on the disk. */
void runs_write(struct world *world, const struct batch_row *row);

/* The daemon answers, or died. */
void runs_answered(struct world *world, const struct asked *asked, enum engine_answer answer, uint64_t run);
void runs_lost(struct world *world);

/* Occurrences. */
void runs_result(struct world *world, const struct occurrence *occurrence);
void runs_start(struct world *world, const struct occurrence *occurrence);
void runs_say(struct world *world, const struct occurrence *occurrence);
void runs_job_ends(struct world *world, const struct occurrence *occurrence);
void runs_person(struct world *world, const struct occurrence *occurrence);

/* The caretaker: answers whatever waits; true: all of them have ended. */
bool runs_care(struct world *world);

/* oracle_runs.c */
void oracle_run_row(struct world *world, const struct batch_row *row);   /* an audit row */
void oracle_run_state(struct world *world, const struct batch_row *row); /* once all of a batch is known */
void oracle_run_effect(struct world *world, uint64_t run, const struct run_action *action);
void oracle_run_begins(struct world *world, const struct run_job *started);
void oracle_run_answer(struct world *world, const struct asked *asked, enum engine_answer answer,
                       uint64_t run);
void oracle_runs_restarted(struct world *world, int64_t due_up_ms);
void oracle_runs_end(struct world *world, int64_t quiet_for_ms);

#endif
