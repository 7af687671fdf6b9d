/* site.h - a service in an environment as the world has it: what runs in its slots, where the traffic goes,
 * what
 * its commands do. Here is the truth that the engine never sees. SPDX-License-Identifier: MIT */
#ifndef SIMULATION_SITE_H
#define SIMULATION_SITE_H

#include "engine/engine.h"
#include "tests/simulation/playbook.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SITES_MAX = 4,
    SITES_ALL = SITES_MAX, /* index of the target that stands for all of them */
    SITES_TARGETS,
    SITE_SLOTS = 2,
    SITE_HOSTS = 5,
    SITE_JOBS_MAX = 64
};

struct world;
struct occurrence;

/* How a version is, in truth; part of its key, which the engine does not look into. */
enum health {
    HEALTH_GOOD,
    HEALTH_BAD,       /* from its first request on */
    HEALTH_OVERLOAD,  /* only above half of the traffic */
    HEALTH_SMOKE_BAD, /* does not even answer a smoke test */
    HEALTH_MURKY,     /* nobody can tell: it measures nothing */
    HEALTH_COUNT
};

static inline enum health version_health(uint64_t version)
{
    return (enum health)(version & 7);
}

/* What arrives at the proxy, in the order in which it was sent. */
enum lever_call { LEVER_SET, LEVER_READ, LEVER_VERIFY, LEVER_REHEARSE, LEVER_MIRROR };

struct lever {
    uint16_t share[SITE_SLOTS]; /* now, hundredths of a percent */
    uint16_t file[SITE_SLOTS];  /* what a reload falls back to */
    uint16_t mirror;            /* of the requests that the candidate gets copies of */
    uint64_t number;            /* of the newest set: older ones are not applied any more (S6) */
    bool is_anew;               /* it was reloaded since */
    int64_t busy_until_ms;
};

enum job_state { JOB_FREE, JOB_RUNNING, JOB_ENDED };

/* One of the hosts that a rolling deployment replaces. */
struct host {
    uint64_t version;
    bool is_away; /* out of service */
};

/* One run of a command; its key is (deployment, sequence, tries), and for a host its number. The runner
 * outlives the daemon. */
struct job {
    enum job_state state;
    uint64_t deployment;
    uint32_t sequence;
    uint16_t tries;
    uint16_t reference;
    bool is_undo;
    bool is_lost;          /* nobody knows how it ended */
    bool has_taken;        /* it did what it was for, whatever it says */
    enum result result;    /* JOB_ENDED */
    uint32_t asked_life;   /* of the process that waits for its end */
    struct action asked;   /* whose end it is; of one host: asked.host is it, and batch 1 */
    uint16_t first, batch; /* hosts of the action; batch 0: of none */
    int64_t ends_ms;
    uint64_t version, previous;
    uint8_t slot, stable_slot;
};

struct site {
    enum site_kind kind;
    uint32_t target; /* of the engine, ≥ 1 */
    struct lever lever;
    uint64_t versions[SITE_SLOTS]; /* what runs where; 0 nothing; of hosts: of the first one */
    struct host hosts[SITE_HOSTS];
    bool is_stable_sick;
    int64_t sick_until_ms;
    uint32_t job_next;
    struct job jobs[SITE_JOBS_MAX];
};

void site_init(struct world *world, struct site *site, enum site_kind kind, uint32_t target);

/* The daemon starts an action, or reads back. */
void site_start(struct world *world, const struct deployment_state *state, const struct action *action);
void site_read_back(struct world *world, const struct deployment_state *state);

/* Occurrences. */
void site_lever(struct world *world, const struct occurrence *occurrence);
void site_job(struct world *world, const struct occurrence *occurrence);
void site_hand(struct world *world, const struct occurrence *occurrence);
void site_reload(struct world *world, const struct occurrence *occurrence);

/* jobs.c */
void jobs_start(struct world *world, const struct deployment_state *state, const struct action *action);
void jobs_cancel(struct world *world, const struct deployment_state *state, const struct action *action);

/* Sends a result to the daemon, with the faults that answers have. */
void site_answer(struct world *world, uint64_t deployment, const struct action *action, enum result result,
                 int64_t after_ms);

#endif
