/* people.h - pipelines that start deployments, people who say something at the wrong moment, and the
 * caretaker
 * who brings everything to an end when the faults are over. SPDX-License-Identifier: MIT */
#ifndef SIMULATION_PEOPLE_H
#define SIMULATION_PEOPLE_H

#include "engine/engine.h"

enum { REQUESTS_MAX = 96, PEOPLE_PERSON_MS = 2500 };

struct world;
struct occurrence;
struct asked;

/* A start as a pipeline wants it, until it is answered; repeated while it is not. */
struct request {
    bool is_answered;
    bool is_back; /* takes the promoted deployment back */
    bool is_emergency;
    bool is_stable_bad;
    bool is_of_run; /* a task of a run wants it: the engine asks again, nobody else */
    uint8_t task;
    uint64_t run;
    uint8_t play;
    uint8_t site;
    uint16_t tries;
    uint32_t life; /* that was asked last */
    uint64_t version;
    uint64_t previous;
    uint64_t taken_back;
    uint64_t retries;  /* deployment that has ended; 0 none */
    bool takes_out;    /* who asks may take its version out of quarantine */
    uint64_t promised; /* deployment that was named to the pipeline; 0 none */
    int64_t made_up_ms;
    uint64_t durable; /* deployment that stands in the journal for its key; 0 none */
};

struct people {
    uint32_t request_count;
    uint32_t version_count;
    uint16_t starts_left[4]; /* by site */
    uint64_t last_version[4];
    bool is_over;     /* all that was begun has ended */
    int64_t quiet_ms; /* faults are over since; INT64_MAX */
    struct request requests[REQUESTS_MAX];
};

void people_init(struct world *world);

/* A start that somebody wants, to be filled, or NULL: no room; and it is sent. */
struct request *people_request(struct world *world, uint8_t site);
void people_send_start(struct world *world, uint32_t request, int64_t in_ms);
uint8_t people_play(struct world *world, uint8_t site); /* that fits there */

/* Occurrences. */
void people_pipeline(struct world *world, const struct occurrence *occurrence);
void people_start(struct world *world, const struct occurrence *occurrence);
void people_verb(struct world *world, const struct occurrence *occurrence);
void people_target_verb(struct world *world, const struct occurrence *occurrence);
void people_person(struct world *world, const struct occurrence *occurrence); /* deployment: takes it back */
void people_caretaker(struct world *world);

/* A version for a run; and its deployment, asked for as often as its batch is tried. False: no room. */
uint64_t people_version_for_run(struct world *world);
bool people_start_for_run(struct world *world, uint64_t run, uint8_t task, uint8_t site, uint64_t version,
                          struct engine_start *ret_start);

/* For the caretaker: a verb of a deployment or of a site, later; what serves at a site becomes stable; who is
 * under way there, 0 nobody. */
void people_say(struct world *world, uint64_t deployment, enum verb verb, int64_t in_ms);
void people_say_target(struct world *world, uint8_t site, enum target_verb_kind verb, uint64_t version,
                       uint8_t slot, int64_t in_ms);
void people_adopt(struct world *world, uint8_t site);
uint64_t people_active_at(const struct world *world, uint8_t site);

/* The daemon answers, published something, or died. */
void people_answered(struct world *world, const struct asked *asked, enum engine_answer answer,
                     uint64_t deployment);
void people_published(struct world *world, const struct batch_row *row);
void people_lost(struct world *world);

#endif
