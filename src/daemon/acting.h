/* acting.h - one action on its way: from the engine's order to exactly one result.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_ACTING_H
#define DAEMON_ACTING_H

#include "daemon/live.h"

struct probe;
struct rehearsal;

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
};

struct acting *acting_new(struct live *live, const struct deployment_state *state,
                          const struct action *action);

/* Tells the engine and frees. Never from inside action_start(). */
void acting_end(struct acting *acting, enum result result, const char *why);
/* Forgets it, without a result. */
void acting_free(struct acting *acting);
/* Tells the engine at the end of this turn of the loop. */
void acting_defer(struct acting *acting, enum result result, const char *why);

/* The lever that the deployment's environment names, or NULL. */
struct daemon_lever *acting_lever(const struct live *live);

/* commands.c */
void acting_command(struct live *live, struct acting *acting);
void acting_cancel(struct acting *acting);
/* Asks the runner whether this command of a side might run now; nothing is started. */
MUST_CHECK bool acting_check_command(const struct live *live, const struct deployment_state *state,
                                     uint16_t reference, bool is_candidate, int64_t within_ms,
                                     runner_checked *checked, void *data, struct err *err);

/* rehearsal.c: asks the runner about every command that the plan may need; ends the action when the lever has
 * answered too, where there is one. */
void acting_rehearse(struct live *live, struct acting *acting);
void acting_rehearsed_lever(void *acting, bool is_done, bool is_final, uint16_t share, const char *why);
void acting_drop_rehearsal(struct acting *acting);

/* probing.c: a smoke test of the candidate, or of stable. */
void acting_smoke(struct live *live, struct acting *acting, bool is_candidate);
void acting_drop_probe(struct acting *acting);

#endif
