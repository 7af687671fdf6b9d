/* shell.h - the daemon around the engine as a model: its process, its clock, its writer thread, its requests.
 * SPDX-License-Identifier: MIT */
#ifndef SIMULATION_SHELL_H
#define SIMULATION_SHELL_H

#include "engine/engine.h"
#include "tests/simulation/playbook.h"
#include "tests/simulation/site.h"

enum { SHELL_SLOTS = 48, SHELL_LIVES_MAX = 96, SHELL_ASKED_MAX = 256, SHELL_RECONCILE_MS = 2000 };

/* Of windows: open first, then closed. */
enum { SHELL_PERIOD_MS = 60000, SHELL_OPEN_MS = 20000 };

struct world;
struct occurrence;

/* A definition in memory, from its start on until the engine releases it. */
struct live {
    bool is_used;
    uint64_t id; /* 0: not accepted yet */
    uint64_t token;
    uint8_t play;
    uint8_t site;
    bool is_back;
    uint32_t request;
    uint64_t version, previous;
    struct rule_state rule_states[PLAYBOOK_RULES_MAX];
};

enum asked_kind {
    ASKED_NOTHING,
    ASKED_START,
    ASKED_VERB,
    ASKED_TARGET_VERB,
    ASKED_RUN_START, /* and what is behind it: of runs */
    ASKED_RUN_VERB
};

/* Somebody waits for an answer. */
struct asked {
    uint64_t token;
    enum asked_kind kind;
    enum verb verb;
    enum target_verb_kind target_verb;
    uint8_t site;
    uint32_t request;
    uint64_t deployment;
    uint64_t version;
    uint64_t batches; /* that were given to the journal when it was asked */
    bool is_durable;  /* a row with this token is on the disk */
};

struct shell {
    bool is_up, is_stopped, is_dying;
    bool is_suspended; /* with the whole machine */
    uint32_t life;
    uint32_t boot;
    int64_t booted_ms;    /* of the machine */
    int64_t stood_ms;     /* its monotonic clock, while suspended, in this boot */
    int64_t lost_ms;      /* the same over all boots */
    int64_t stopped_ms;   /* since when */
    int64_t continues_ms; /* when a stop is over */
    int64_t offset_ms;    /* engine's clock minus monotonic */
    int64_t wall_ms;      /* offset of the wall clock */
    int64_t timer_ms;     /* when the engine wants a turn; world's time */
    int64_t up_ms;        /* time that somebody watched, until up_since_ms */
    int64_t up_since_ms;
    int64_t turned_ms;
    uint32_t turns; /* at turned_ms */
    const struct batch *commit;
    bool is_written; /* it is on the disk, and nobody was told yet */
    uint32_t commit_serial;
    uint64_t batches;
    bool is_refused;             /* the newest one was */
    int64_t trouble_up_ms;       /* newest up time at which the journal was slow or refused */
    int64_t commit_of_period_ms; /* of windows, when it was made */
    int64_t commit_up_ms;        /* up time when it was given to us */
    uint64_t next_token;
    struct engine *engine;
    void *runs; /* memory for the engine's runs */
    struct live lives[SHELL_LIVES_MAX];
    struct asked asked[SHELL_ASKED_MAX]; /* by token */
};

/* Memory for the engine; once per program. */
void shell_new(struct shell *shell);
void shell_free(struct shell *shell);

void shell_init(struct world *world);
void shell_boot(struct world *world);

/* The process ends; what it wrote last is applied or not. */
enum shell_end {
    SHELL_KILLED,
    SHELL_KILLED_BEFORE,
    SHELL_KILLED_AFTER,
    SHELL_KILLED_TORN,
    SHELL_BROKEN /* by itself, for a real journal broke over its commit */
};
void shell_die(struct world *world, enum shell_end how);
void shell_stop(struct world *world, int64_t for_ms, bool is_suspend);
void shell_continue(struct world *world);

/* Engine's clock, and the time that somebody watched. */
int64_t shell_now_ms(const struct world *world);
int64_t shell_up_ms(const struct world *world);

/* Where the wall clock is in the period of windows. */
int64_t shell_of_period_ms(const struct world *world);

/* The loop: an input came, or the timer. */
void shell_turn(struct world *world);
void shell_timer(struct world *world);
void shell_commit(struct world *world, const struct occurrence *occurrence);
void shell_acknowledge(struct world *world, bool is_durable);

/* The entry for a token, or NULL where nobody waits any more. */
struct asked *shell_asked(struct world *world, uint64_t token);
struct asked *shell_ask(struct world *world, enum asked_kind kind);

struct live *shell_live(struct world *world, uint64_t deployment);
struct live *shell_live_new(struct world *world);

#endif
