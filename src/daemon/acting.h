/* acting.h - one action on its way: from the engine's order to exactly one result.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_ACTING_H
#define DAEMON_ACTING_H

#include "daemon/live.h"

struct probe;
struct rehearsal;
struct batch_command;
struct once_asking;
struct recovery_asking;
struct settling;
struct gate_ask;
struct gate_type;

enum { ACTING_NO_HOST = UINT16_MAX, COMMAND_KEY_MAX = 64 };

struct acting {
    struct acting *next, *before;
    struct daemon *daemon;
    uint64_t deployment;
    struct deployment_state state; /* as it was when the action left */
    struct action action;
    enum result deferred; /* what acting_defer() will say */
    char why[DAEMON_WHY_MAX];
    struct probe *probe;         /* of a smoke test under way */
    struct rehearsal *rehearsal; /* of a rehearsal under way */
    struct batch_command *hosts; /* [action.batch], of a command under way on hosts */
    uint16_t hosts_left;         /* that have not ended yet */
    enum result hosts_result;    /* of those that have */
    struct gate_ask *ask;        /* of a gate, under way */
    const struct gate_type *gate_type;
    struct settling *settling; /* until Vault has answered for the secrets of its command */
    bool has_settled;
    struct once_asking *once;         /* the journal is asked what became of its command before */
    struct recovery_asking *recovery; /* the same of the run of its recovery plan */
    uint64_t recovery_run;            /* that it waits for; 0: none */
    /* Who hears of the end in place of the engine, of an action that is of no deployment; NULL: the engine.
     */
    void (*told)(void *data, enum result result, const char *why);
    void *told_data;
};

/* actions.c: functions of struct engine_env. */
void action_start(void *daemon, const struct deployment_state *state, const struct action *action,
                  bool is_ahead);
void action_read_back(void *daemon, const struct deployment_state *state);

struct acting *acting_new(struct live *live, const struct deployment_state *state,
                          const struct action *action);

/* Tells the engine and frees. Never from inside action_start(). */
void acting_end(struct acting *acting, enum result result, const char *why);
/* Is its command still the one that the engine waits for? */
bool acting_is_wanted(const struct acting *acting);
/* Forgets it, without a result. */
void acting_free(struct acting *acting);
/* Tells the engine at the end of this turn of the loop. */
void acting_defer(struct acting *acting, enum result result, const char *why);

/* After the levers and the runner went, and the probes: forgets what was under way. */
void actions_drop(struct daemon *daemon);

/* The lever that the deployment's environment names, or NULL. */
struct daemon_lever *acting_lever(const struct live *live);

/* commands.c */
void acting_command(struct live *live, struct acting *acting);
void acting_command_now(struct live *live, struct acting *acting); /* whatever became of it before */
void acting_cancel(struct acting *acting);
struct command_question {
    const char *const *arguments; /* templates */
    size_t count;
    const char *const *secrets; /* of its command: name, reference, name, reference ... */
    size_t secret_count;        /* pairs */
    bool is_candidate;          /* whose */
    size_t place;               /* host, or address of the slot; SIZE_MAX: it is the same everywhere */
    int64_t within_ms;
};

/* Asks the runner whether this command might run now; nothing is started. */
MUST_CHECK bool acting_check_command(const struct live *live, const struct deployment_state *state,
                                     const struct command_question *question, runner_checked *checked,
                                     void *data, struct err *err);

/* What levers want to know of a deployment's split; lives as long as `live` and this. */
struct acting_split {
    struct traffic_split split;
    const char *names[TRAFFIC_SLOTS_MAX];
    const char *const *servers[TRAFFIC_SLOTS_MAX];
    size_t counts[TRAFFIC_SLOTS_MAX];
    char traceparent[TRACEPARENT_SIZE];
};
void acting_fill_split(const struct live *live, const struct deployment_state *state,
                       struct acting_split *ret_split);

void acting_key(char key[COMMAND_KEY_MAX], uint64_t deployment, uint32_t sequence, uint16_t tries,
                uint16_t host);
enum result acting_result_of(const struct runner_outcome *outcome, char *why, size_t size);
/* And of one that was not even asked for. */
enum result acting_result_of_err(const struct err *err);
/* Ended, never started, or dead with its supervisor: in no case is it going on. */
bool acting_is_over(const struct runner_outcome *outcome);
/* The action's command under the key of this try, for a host or ACTING_NO_HOST. */
MUST_CHECK bool acting_run(struct live *live, struct acting *acting, uint16_t tries, uint16_t host,
                           runner_done *done, void *data, struct err *err);

/* batches.c: a command on each host of a batch at the same time, and its end. */
void acting_batch(struct live *live, struct acting *acting);
void acting_cancel_batch(struct acting *acting);

/* probing.c: a smoke test of the candidate, or of stable. */
void acting_smoke(struct live *live, struct acting *acting, bool is_candidate);
void acting_drop_probe(struct acting *acting);
/* Of all actions, while the runner is still there; its commands go on. */
void actions_drop_probes(struct daemon *daemon);

#endif
