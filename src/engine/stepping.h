/* stepping.h - one input or one due deployment, stepped; for the engine's own files.
 * SPDX-License-Identifier: MIT */
#ifndef ENGINE_STEPPING_H
#define ENGINE_STEPPING_H

#include "engine/engine_state.h"

/* What a machine answers, in the engine's words. */
static inline enum engine_answer stepping_answer(enum answer answer)
{
    if (answer == ANSWER_DONE)
        return ENGINE_DONE;
    return answer == ANSWER_ALREADY ? ENGINE_ALREADY : ENGINE_CONFLICT;
}

/* S19: asked for by a person, and no full disk stands in its way. */
static inline bool stepping_is_way_back(enum verb verb)
{
    return verb == VERB_ABORT || verb == VERB_ROLLBACK || verb == VERB_ROLLBACK_PAST || verb == VERB_REJECT;
}

void stepping_event(struct engine *engine, struct engine_slot *slot, const struct event *event,
                    uint64_t token);
void stepping_take(struct engine *engine, const struct input *input);
/* What the event finds beside the deployment. */
void stepping_look_around(const struct engine *engine, const struct engine_slot *slot, struct event *event);
/* The route that left ahead of the journal has a key: no other action gets it, nor a smaller one. */
void stepping_keep_key(const struct engine_slot *slot, struct deployment_state *state);
bool stepping_leads_back(const struct engine_slot *slot, const struct input *input, struct event *ret_event);
void stepping_due(struct engine *engine, struct engine_slot *slot);
void stepping_forget_told(struct engine_slot *slot);
bool stepping_has_gap(const struct engine_slot *slot);
bool stepping_is_judged(const struct deployment_state *state);

/* When observed time and rule states are due in the journal. */
int64_t stepping_persists_at_ms(const struct engine_slot *slot);
bool stepping_has_left(const struct engine_slot *slot, const struct deployment_state *state);
/* What the newest promotion replaced does not stand any more, or nobody could get there. */
void stepping_lose_way_back(struct engine *engine, uint32_t target);
/* Puts a version into the target's quarantine, which it is not in. `deployment` that failed, or 0. */
void stepping_quarantine(struct engine *engine, struct engine_slot *slot, struct target_state *target,
                         uint64_t version_key, uint64_t deployment);
void stepping_add_target(struct engine *engine, struct engine_target *target);
struct batch_row *stepping_add_row(struct engine *engine, struct engine_slot *slot, enum row_kind kind);
bool stepping_is_reconciled(const struct engine_slot *slot, const struct deployment_state *state);

#endif
