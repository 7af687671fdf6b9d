/* actions.c - what the engine wants done, handed to levers, commands and probes; their ends go back as
 * results.
 * SPDX-License-Identifier: MIT */
#include "collectors/probe.h"
#include "daemon/gating.h"
#include "daemon/live_log.h"
#include "daemon/once.h"
#include "daemon/recovering.h"
#include "daemon/rehearsal.h"
#include "daemon/settling.h"
#include "daemon/tombstone.h"
#include "daemon/tracing.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct acting *acting_new(struct live *live, const struct deployment_state *state,
                          const struct action *action)
{
    struct acting *acting = memory_take_array(1, sizeof(*acting));

    acting->daemon = live->daemon;
    acting->next = live->daemon->actings;
    if (acting->next != NULL)
        acting->next->before = acting;
    live->daemon->actings = acting;
    acting->deployment = live->id;
    acting->state = *state;
    acting->action = *action;
    return acting;
}

void acting_free(struct acting *acting)
{
    if (acting->before == NULL)
        acting->daemon->actings = acting->next;
    else
        acting->before->next = acting->next;
    if (acting->next != NULL)
        acting->next->before = acting->before;
    settling_stop(acting->settling);
    free(acting->hosts);
    free(acting);
}

/* Whoever was cancelled meanwhile, or has its place taken by the way back, must not begin now. */
bool acting_is_wanted(const struct acting *acting)
{
    const struct deployment_state *state = engine_state(acting->daemon->engine, acting->deployment);

    return state != NULL && state->flight.kind == ACTION_COMMAND &&
           state->flight.sequence == acting->action.sequence && state->flight.tries == acting->action.tries;
}

void actions_drop(struct daemon *daemon)
{
    for (struct acting *acting = daemon->actings, *next; acting != NULL; acting = next) {
        next = acting->next;
        rehearsal_drop(acting->rehearsal);
        once_drop(acting);
        recovering_drop(acting);
        acting_free(acting);
    }
}

void acting_end(struct acting *acting, enum result result, const char *why)
{
    struct live *live = live_find(acting->daemon, acting->deployment);

    if (acting->told != NULL) {
        acting->told(acting->told_data, result, why);
        acting_free(acting);
        return;
    }
    /* What led to a way back stays said while that goes well. */
    if (live != NULL)
        live_say(live, acting->action.is_rollback ? LIVE_BACK : LIVE_ACTION, "%s", why);
    if (result != RESULT_DONE)
        live_log_of(acting->daemon, acting->deployment, LOG_LEVEL_WARN, "deployment %llu: %s %u: %s",
                    (unsigned long long)acting->deployment, action_kind_name(acting->action.kind),
                    acting->action.sequence, why);
    if (!engine_result(acting->daemon->engine, acting->deployment, acting->action.sequence,
                       acting->action.tries, result))
        live_log_of(acting->daemon, acting->deployment, LOG_LEVEL_ERROR,
                    "the engine's queue is full: a result is lost until its deadline");
    daemon_wants_turn(acting->daemon);
    acting_free(acting);
}

struct daemon_lever *acting_lever(const struct live *live)
{
    for (size_t i = 0; i < live->daemon->lever_count; i++) {
        struct daemon_lever *lever = &live->daemon->levers[i];
        if (lever->type == traffic_types[live->definition->driver] &&
            strcmp(lever->name, live->definition->driver_instance) == 0 && lever->traffic != NULL)
            return lever;
    }
    return NULL;
}

void acting_fill_split(const struct live *live, const struct deployment_state *state,
                       struct acting_split *ret_split)
{
    const struct definition *definition = live->definition;

    for (size_t i = 0; i < definition->slot_count; i++) {
        ret_split->names[i] = definition->slots[i].name;
        ret_split->servers[i] = definition->slots[i].servers;
        ret_split->counts[i] = definition->slots[i].server_count;
    }
    ret_split->split = (struct traffic_split){
        .service = definition->service,
        .environment = definition->environment,
        .options = definition->driver_options,
        .slot_count = definition->slot_count,
        .slot_names = ret_split->names,
        .slot_servers = ret_split->servers,
        .slot_server_counts = ret_split->counts,
        .candidate = state->slot,
        .stable = state->stable_slot,
    };
}

static void traffic_ended(void *data, bool is_done, bool is_final, uint16_t share, const char *why)
{
    struct acting *acting = data;
    bool is_change = acting->action.kind == ACTION_ROUTE || acting->action.kind == ACTION_MIRROR;

    if (is_done && is_change && share != acting->action.share)
        acting_end(acting, RESULT_AGAIN, "the share read back is not the one that was set");
    else
        acting_end(acting, is_done ? RESULT_DONE : is_final ? RESULT_FAILED : RESULT_AGAIN, why);
}

/* Numbers rise over all deployments of a split, as ids do. */
static uint64_t number_of(const struct acting *acting)
{
    return (acting->deployment << 24) + acting->action.sequence;
}

/* What the lever asks of others is done for this action. */
static void trace(const struct live *live, const struct acting *acting, struct acting_split *split)
{
    tracing_of_action(live, acting, split->traceparent);
    split->split.trace =
        (struct trace_given){split->traceparent, live->trace_lists.tracestate, live->trace_lists.baggage};
}

static void route(struct live *live, struct acting *acting)
{
    struct daemon_lever *lever = acting_lever(live);
    struct acting_split split;

    if (lever == NULL) {
        acting_defer(acting, RESULT_AGAIN, "the traffic driver is not there");
        return;
    }
    acting_fill_split(live, &acting->state, &split);
    split.split.lets_testers = !acting->action.is_rollback;
    trace(live, acting, &split);
    lever->type->set(lever->traffic, &split.split, number_of(acting), acting->action.share, traffic_ended,
                     acting);
}

/* A reason that has no room is in the log. Said at once: whoever ends the rehearsal at its limit reads it. */
static void rehearsal_told(void *data, const struct rehearsal_finding *finding)
{
    const struct acting *acting = data;
    struct live *live = live_find(acting->daemon, acting->deployment);

    if (finding->why == NULL)
        return;
    live_log_of(acting->daemon, acting->deployment, LOG_LEVEL_WARN, "deployment %llu cannot be admitted: %s",
                (unsigned long long)acting->deployment, finding->why);
    if (live != NULL)
        live_say(live, LIVE_ACTION, "%s", finding->reasons);
}

static void rehearsal_over(void *data, bool is_good, const char *reasons)
{
    struct acting *acting = data;

    acting->rehearsal = NULL;
    acting_end(acting, is_good ? RESULT_DONE : RESULT_FAILED, reasons);
}

static void mirror(struct live *live, struct acting *acting)
{
    struct daemon_lever *lever = acting_lever(live);
    struct acting_split split;

    acting_fill_split(live, &acting->state, &split);
    trace(live, acting, &split);
    if (lever == NULL)
        acting_defer(acting, RESULT_AGAIN, "the traffic driver is not there");
    else if (lever->type->mirror == NULL)
        acting_defer(acting, RESULT_FAILED, "the traffic driver cannot copy requests");
    else
        lever->type->mirror(lever->traffic, &split.split, number_of(acting), acting->action.share,
                            traffic_ended, acting);
}

static void rehearse(struct live *live, struct acting *acting)
{
    const struct rehearsal_ear ear = {.told = rehearsal_told, .over = rehearsal_over, .data = acting};

    acting->rehearsal = rehearsal_start(live, &acting->state, &ear);
}

static void verify_stable(struct live *live, struct acting *acting)
{
    if (acting->action.reference == PLAN_NONE || live_slot(live, &acting->state, false) == NULL)
        acting_defer(acting, RESULT_DONE, "");
    else
        acting_smoke(live, acting, false);
}

static void stable_read(void *data, bool is_done, bool is_final, uint16_t share, const char *why)
{
    struct acting *acting = data;
    struct live *live = live_find(acting->daemon, acting->deployment);

    (void)is_final;
    if (live == NULL || !is_done)
        acting_end(acting, RESULT_AGAIN, why);
    else if (share != 0 && acting->state.slot != acting->state.stable_slot)
        acting_end(acting, RESULT_AGAIN, "the candidate still has traffic");
    else
        verify_stable(live, acting);
}

static void verify(struct live *live, struct acting *acting)
{
    struct daemon_lever *lever = live->definition->plan->has_traffic ? acting_lever(live) : NULL;
    struct acting_split split;

    acting_fill_split(live, &acting->state, &split);
    trace(live, acting, &split);
    if (lever != NULL)
        lever->type->read(lever->traffic, &split.split, stable_read, acting);
    else
        verify_stable(live, acting);
}

static bool would_survive(const struct live *live, const struct acting *acting)
{
    const struct daemon_lever *lever = acting_lever(live);
    struct acting_split split;

    acting_fill_split(live, &acting->state, &split);
    return lever != NULL && lever->type->has_persisted(lever->traffic, &split.split);
}

static void retire_asked(void *data, bool is_done, bool is_final, uint16_t share, const char *why)
{
    struct acting *acting = data;
    struct live *live = live_find(acting->daemon, acting->deployment);

    (void)is_final;
    (void)share;
    if (live == NULL || !is_done)
        acting_end(acting, RESULT_AGAIN, why);
    else if (would_survive(live, acting))
        acting_command(live, acting);
    else
        acting_end(acting, RESULT_AGAIN,
                   "a reload of the proxy would lead back to the old slot: it is not retired yet");
}

/* The old slot goes only when a reload of the proxy would not lead back to it. After a restart of ours the
 * lever knows of nothing that survives: it is asked once more. */
static void retire(struct live *live, struct acting *acting)
{
    struct daemon_lever *lever = acting_lever(live);
    struct acting_split split;

    acting_fill_split(live, &acting->state, &split);
    split.split.lets_testers = true;
    trace(live, acting, &split);
    if (would_survive(live, acting))
        acting_command(live, acting);
    else if (lever == NULL)
        acting_defer(acting, RESULT_AGAIN, "the traffic driver is not there");
    else
        lever->type->set(lever->traffic, &split.split, number_of(acting), SHARE_WHOLE, retire_asked, acting);
}

static bool is_retiring(const struct live *live, const struct acting *acting)
{
    return acting->state.care == CARE_ACTING && live->definition->plan->has_traffic;
}

void action_start(void *data, const struct deployment_state *state, const struct action *action,
                  bool is_ahead)
{
    struct daemon *daemon = data;
    struct live *live = live_find(daemon, state->id);

    if (live == NULL)
        return;
    if (is_ahead)
        tombstone_leave(daemon, state->id);
    struct acting *acting = acting_new(live, state, action);
    switch (action->kind) {
    case ACTION_NONE:
        acting_free(acting);
        return;
    case ACTION_REHEARSE:
        rehearse(live, acting);
        return;
    case ACTION_COMMAND:
        if (is_retiring(live, acting))
            retire(live, acting);
        else
            acting_command(live, acting);
        return;
    case ACTION_CANCEL:
        acting_cancel(acting);
        return;
    case ACTION_SMOKE:
        acting_smoke(live, acting, !action->is_previous);
        return;
    case ACTION_ROUTE:
        route(live, acting);
        return;
    case ACTION_VERIFY:
        verify(live, acting);
        return;
    case ACTION_MIRROR:
        mirror(live, acting);
        return;
    case ACTION_GATE:
        acting_gate(live, acting);
        return;
    }
}

static bool has_begun_anew(const struct acting *acting)
{
    const struct live *live = live_find(acting->daemon, acting->deployment);
    const struct daemon_lever *lever = live == NULL ? NULL : acting_lever(live);
    struct acting_split split;

    if (lever == NULL || lever->type->has_begun_anew == NULL)
        return false;
    acting_fill_split(live, &acting->state, &split);
    return lever->type->has_begun_anew(lever->traffic, &split.split);
}

/* What was read before the latest order says nothing about it. */
static void read_back_ended(void *data, bool is_done, bool is_final, uint16_t share, const char *why)
{
    struct acting *acting = data;

    const struct deployment_state *state = engine_state(acting->daemon->engine, acting->deployment);
    bool is_current = state != NULL && state->last_sequence == acting->state.last_sequence;

    (void)is_final;
    if (is_done && is_current)
        (void)engine_read_back(acting->daemon->engine, acting->deployment, share, has_begun_anew(acting));
    else if (!is_done)
        live_log_of(acting->daemon, acting->deployment, LOG_LEVEL_WARN,
                    "deployment %llu: reading traffic back: %s", (unsigned long long)acting->deployment, why);
    daemon_wants_turn(acting->daemon);
    acting_free(acting);
}

void action_read_back(void *data, const struct deployment_state *state)
{
    struct live *live = live_find(data, state->id);
    struct action none = {.kind = ACTION_NONE};
    struct daemon_lever *lever = live == NULL ? NULL : acting_lever(live);
    struct acting_split split;

    if (lever == NULL || state->slot == state->stable_slot)
        return;
    acting_fill_split(live, state, &split);
    lever->type->read(lever->traffic, &split.split, read_back_ended, acting_new(live, state, &none));
}
