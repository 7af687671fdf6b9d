/* possible.c - what may be asked of a deployment now, in words for people and as verbs.
 * SPDX-License-Identifier: MIT */
#include "api/record.h"

void record_allowed(const struct deployment_state *state, struct text *text)
{
    switch (state->phase) {
    case PHASE_QUEUED:
    case PHASE_ADMITTING:
        text_add(text, "abort, rollback");
        return;
    case PHASE_RUNNING:
    case PHASE_WATCHING:
        if (state->step_state == STEP_WAITING && state->flight.kind != ACTION_GATE)
            text_add(text, "approve, reject, ");
        if (state->step_state == STEP_HELD)
            text_add(text, "resume, promote, ");
        else
            text_add(text, "hold, ");
        text_add(text, "abort, rollback, mute, promote --full");
        return;
    case PHASE_ROLLING_BACK:
        text_add(text, state->is_escalated ? "adopt (once you know what serves)" : "nothing but waiting");
        return;
    case PHASE_PROMOTED:
        text_add(text, "rollback, while the old slot is kept");
        return;
    case PHASE_ROLLED_BACK:
    case PHASE_REJECTED:
    case PHASE_CANCELLED:
    case PHASE_SUPERSEDED:
    case PHASE_COUNT:
        text_add(text, "retry, which starts a new deployment");
        return;
    }
}

struct verbs {
    const char **to;
    size_t count;
};

static void add(struct verbs *verbs, const char *name)
{
    verbs->to[verbs->count++] = name;
}

static void add_moving(struct verbs *verbs, const struct deployment_state *state)
{
    add(verbs, "rollback");
    add(verbs, "abort");
    if (state->step_state == STEP_WAITING && state->flight.kind != ACTION_GATE) {
        add(verbs, "approve");
        add(verbs, "reject");
    }
    if (state->step_state == STEP_HELD) {
        add(verbs, "resume");
        add(verbs, "promote");
    } else {
        add(verbs, "hold");
        if (state->step_state == STEP_OBSERVING)
            add(verbs, "promote");
    }
    add(verbs, "promote_full");
    add(verbs, "mute");
}

size_t record_possible(const struct record *record, const char *to[RECORD_POSSIBLE_MAX])
{
    struct verbs verbs = {.to = to};

    switch (record->state->phase) {
    case PHASE_QUEUED:
    case PHASE_ADMITTING:
        add(&verbs, "abort");
        break;
    case PHASE_RUNNING:
    case PHASE_WATCHING:
        add_moving(&verbs, record->state);
        break;
    case PHASE_PROMOTED:
        if (record->is_way_back)
            add(&verbs, "rollback");
        break;
    case PHASE_ROLLED_BACK:
    case PHASE_REJECTED:
    case PHASE_CANCELLED:
    case PHASE_SUPERSEDED:
        if (record->row->kind == PLAN_DEPLOY)
            add(&verbs, "retry");
        break;
    case PHASE_ROLLING_BACK:
    case PHASE_COUNT:
        break;
    }
    return verbs.count;
}
