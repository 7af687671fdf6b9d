/* engine.h - queue → step → commit → dispatch: owns the deployments in memory, lets nothing out before it is
 * durable. SPDX-License-Identifier: MIT
 *
 * Text-free and pure: no library, thread or clock. The outside is `struct engine_env`; the daemon supplies
 * one, the simulator another. All calls come from one thread; env functions are called from inside engine
 * calls and do not call back into it: `views` reads, everything else only notes down.
 *
 * One turn: judge what is dirty, tick what is due, step the queued inputs, put all that must be durable into
 * ONE batch, hand it to env.commit. Until engine_committed() nothing is stepped; values and inputs queue.
 * Then states are published, answers given, actions started. Exception for safety (S5): when the journal has
 * not confirmed for ENGINE_AHEAD_MS, or failed, a route to stable starts before its intent is durable;
 * env.start says so (is_ahead). */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "engine/batch.h"
#include "judge/rule.h"
#include "orchestrator/deployment.h"

enum {
    ENGINE_INPUTS_MAX = 1024,
    ENGINE_AHEAD_MS = 300,
    ENGINE_PERSIST_MS = 10000 /* observed time and rule states reach the journal at least so often */
};

struct engine_env {
    void *data;
    int64_t (*now_ms)(void *data);
    /* Views of the metrics of one rule of a deployment into ret_views[RULE_METRICS_MAX]; false: cannot be
     * judged here (judgements come by engine_judgement). Pure read. */
    bool (*views)(void *data, uint64_t deployment, uint8_t rule, struct metric_views *ret_views);
    /* When the window of a start lets it have its turn: now or earlier, or the time to ask again. Pure read.
     */
    int64_t (*opens_ms)(void *data, const void *window);
    /* Makes the batch durable in one transaction, later answered by engine_committed(). The batch and
     * everything that it points to stay unchanged until then. */
    void (*commit)(void *data, const struct batch *batch);
    /* The batch is durable: tell the world (events, notices, long polls). Called before the starts. */
    void (*published)(void *data, const struct batch *batch);
    /* Drives one action; answered by engine_result() with its sequence and tries, never from inside this
     * call. */
    void (*start)(void *data, const struct deployment_state *state, const struct action *action,
                  bool is_ahead);
    /* Reads the traffic back; answered by engine_read_back(). */
    void (*read_back)(void *data, const struct deployment_state *state);
    /* A start or verb with a token is answered; `deployment` is the one concerned, 0 where refused. */
    void (*answered)(void *data, uint64_t token, enum engine_answer answer, uint64_t deployment);
    /* A terminal deployment left the engine's memory: its plan, rules and rule states are free. */
    void (*released)(void *data, uint64_t deployment);
    /* From now on this deployment is worked on; 0: none is. For whoever must say, after a crash, which. */
    void (*stepping)(void *data, uint64_t deployment);
};

/* What a start brings; plan, rules and rule_states stay valid and in place until env.released(), or until an
 * answer that is not ENGINE_DONE. */
struct engine_start {
    uint64_t token;       /* of the request; 0: nobody waits */
    uint32_t target;      /* row of the service and environment */
    uint64_t version_key; /* hash of version and digest, never 0 */
    uint64_t
        takes_back;   /* PLAN_ROLLBACK: the promoted deployment, while it is the target's way_back; else 0 */
    uint64_t retries; /* PLAN_DEPLOY: the deployment that has ended and is wanted once more; else 0 */
    bool takes_out;   /* with it, by a person who may: the version leaves the quarantine */
    const struct plan *plan;
    const struct rule *const *rules; /* [plan->rule_count] */
    struct rule_state *rule_states;  /* [plan->rule_count], zeroed, or as recovered */
    uint8_t slot_count;              /* of the definition; the candidate takes the slot after stable's */
    bool queues;                     /* wait behind another deployment instead of being refused */
    const void *window; /* deployments take their turn only while it is open, by env.opens_ms(); NULL: it
                           always is. Ways back do not ask (S19) */
    uint64_t lock;      /* hash of its name: no two targets that name it have deployments under way at once;
                           0: none. Ways back and emergencies do not wait for it (S19) */
    bool replaces;      /* queues, and who was there before makes room: EVENT_REPLACED; never PLAN_ROLLBACK */
    bool is_emergency;  /* a person's: before all who wait, and past window and freeze; EVENT_OVERTAKEN to who
                           was there before; never PLAN_ROLLBACK. In memory the state says so */
    bool is_stable_bad; /* of an emergency: stable's version is quarantined when it has its turn */
    uint64_t together;  /* run whose deployments stand or fall together, this one among them; 0: alone */
    bool needs_stable;  /* false: follow and record, where traffic is not ours */
    uint64_t service_key; /* hash of the service's name: for the fleet's brake all its environments are one */
};

/* What closes a door when too much fails: PLAN_DEPLOYs that are no recording, by FAIL, for want of evidence
 * or by an action. It stops what a freeze stops, until as much has not failed within that span any more, or
 * until a person says so (TARGET_UNFREEZE). And what serves everybody already, when so many other services
 * failed that it makes up their number, is held and people are called. */
struct engine_brakes {
    uint8_t rollbacks, services; /* so many of a target, or services in all, ≤ TARGET_FALLS_MAX; 0: none is */
    int64_t rollbacks_ms, services_ms; /* within so long */
    uint32_t fleet; /* target that stands for all of them, and has no deployments; 0: none does */
};

struct engine; /* opaque to users; its size is engine_size() */

size_t engine_size(uint32_t deployments_max, uint32_t targets_max);

/* On the caller's memory (zeroed, aligned for any type) of that size. `reconcile_ms`: interval of traffic
 * read-back. */
void engine_init(struct engine *engine, uint32_t deployments_max, uint32_t targets_max, int64_t reconcile_ms,
                 const struct engine_env *env);

/* Before the first turn; without it there are no brakes. */
void engine_set_brakes(struct engine *engine, const struct engine_brakes *brakes);

/* Recovery, before the first turn: targets, then deployments that are not released, then the ids. `gap_ms`:
 * time between the state's last_seen and now that nobody observed. `tombstone`: a route to stable left ahead
 * of its journal row. */
void engine_recover_target(struct engine *engine, const struct target_state *target);
MUST_CHECK bool engine_recover(struct engine *engine, const struct engine_start *start,
                               const struct deployment_state *state, int64_t gap_ms, bool tombstone);
void engine_recover_ids(struct engine *engine, uint64_t next_deployment);

/* Inputs. False: the queue is full (503). All are stepped in the next turn. */
MUST_CHECK bool engine_start(struct engine *engine, const struct engine_start *start);
MUST_CHECK bool engine_verb(struct engine *engine, uint64_t token, uint64_t deployment, enum verb verb,
                            uint8_t rule);
MUST_CHECK bool engine_target_verb(struct engine *engine, uint64_t token, const struct target_verb *verb);
/* A pass on evidence from before the step's confirmation (from_ms) is none. */
bool engine_judgement(struct engine *engine, uint64_t deployment, uint8_t rule,
                      const struct judgement *judgement);
bool engine_result(struct engine *engine, uint64_t deployment, uint32_t sequence, uint16_t tries,
                   enum result result);
bool engine_read_back(struct engine *engine, uint64_t deployment, uint16_t share, bool is_anew);

/* Does a way back that was answered with ENGINE_NOT_DURABLE, and is tried on, still name this token? Its
 * audit row will (S14); no second answer comes. */
bool engine_names(const struct engine *engine, uint64_t token);

/* A new value came for this rule (cheap: sets a bit). */
void engine_mark(struct engine *engine, uint64_t deployment, uint8_t rule);

/* `gap_ms` up to now were not observed by anybody (a stalled or suspended process). */
void engine_gap(struct engine *engine, int64_t gap_ms);

/* Does what is to be done now; call after inputs, after marks, and when engine_deadline() has come. */
void engine_turn(struct engine *engine);
void engine_committed(struct engine *engine, bool is_durable);

/* When engine_turn() must be called although nothing came in; DEPLOYMENT_NEVER: not at all. */
int64_t engine_deadline(const struct engine *engine);

/* As published: of a deployment in memory, or NULL (look into the store); of a target; of all judgements. */
const struct deployment_state *engine_state(const struct engine *engine, uint64_t deployment);
const struct rule_state *engine_rule_states(const struct engine *engine, uint64_t deployment);
const struct target_state *engine_target(const struct engine *engine, uint32_t target);
uint64_t engine_judgements(const struct engine *engine, enum verdict verdict);

/* The deployment, of another target, whose lock a queued one waits for; 0: it does not. */
uint64_t engine_lock_holder(const struct engine *engine, uint64_t deployment);

#endif
