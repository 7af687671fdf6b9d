/* replace.c - hosts: batch by batch, each batch part by part; forward to the candidate, back to the version
 * before.
 * SPDX-License-Identifier: MIT
 *
 * Forward the hosts follow their order, so those that were touched are always the first ones. Back they
 * follow it in reverse, whichever steps they belong to; one that does not come back must not keep the others
 * from it, as long as max_unavailable leaves room beside it (S6). */
#include "orchestrator/machine.h"

#include <stddef.h>

static bool has(const uint64_t words[HOST_WORDS], uint16_t host)
{
    return (words[host / 64] >> (host % 64) & 1) != 0;
}

static void put(uint64_t words[HOST_WORDS], uint16_t host, bool is_set)
{
    uint64_t bit = UINT64_C(1) << (host % 64);

    words[host / 64] = is_set ? words[host / 64] | bit : words[host / 64] & ~bit;
}

static uint16_t count(const uint64_t words[HOST_WORDS], uint16_t hosts)
{
    uint16_t sum = 0;

    for (uint16_t i = 0; i < hosts; i++)
        sum += has(words, i);
    return sum;
}

static bool is_back(const struct machine *machine)
{
    return machine->state->phase == PHASE_ROLLING_BACK;
}

const struct plan_part *replace_part(const struct plan *plan, const struct deployment_state *state)
{
    return state->batch == 0 ? NULL : &plan->parts[state->host_part];
}

static const enum replace_part replace_order[REPLACE_PART_COUNT] = {
    REPLACE_DRAIN, REPLACE_CONFIGURE, REPLACE_DEPLOY, REPLACE_SMOKE, REPLACE_RESTORE};

static size_t place_of(enum replace_part part)
{
    size_t place = 0;

    while (replace_order[place] != part)
        place++;
    return place;
}

/* To the next part that is declared; false: there is none. */
static bool seek_part(struct machine *machine, size_t from)
{
    for (size_t place = from; place < REPLACE_PART_COUNT; place++)
        if (machine->plan->parts[replace_order[place]].reference != PLAN_NONE) {
            machine->state->host_part = replace_order[place];
            return true;
        }
    return false;
}

static bool has_way_back(enum replace_part part)
{
    return part == REPLACE_DEPLOY || part == REPLACE_CONFIGURE;
}

static void act(struct machine *machine)
{
    const struct deployment_state *state = machine->state;
    const struct plan_part *part = &machine->plan->parts[state->host_part];
    bool is_undone = is_back(machine) && part->undo != PLAN_NONE && has_way_back(state->host_part);

    machine_act(machine, state->host_part == REPLACE_SMOKE ? ACTION_SMOKE : ACTION_COMMAND,
                is_undone ? part->undo : part->reference, 0, part->limit_ms);
}

/* Takes hosts out of service. */
static void take(struct machine *machine, uint16_t host, uint16_t batch)
{
    struct deployment_state *state = machine->state;

    state->host = host;
    state->batch = batch;
    for (uint16_t i = host; i < host + batch; i++) {
        put(state->touched, i, true);
        put(state->away, i, true);
    }
    (void)seek_part(machine, 0);
    machine_trace(machine, TRACE_HOSTS_TAKEN, host, batch);
}

/* What the candidate serves is counted in hosts. */
static void count_share(struct machine *machine)
{
    struct deployment_state *state = machine->state;
    uint16_t hosts = machine->plan->host_count;

    state->confirmed_share = (uint16_t)((uint32_t)count(state->touched, hosts) * SHARE_WHOLE / hosts);
    state->desired_share = state->confirmed_share;
    if (state->routed_ms == DEPLOYMENT_NEVER)
        state->routed_ms = machine->event->now_ms;
}

void replace_part_done(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    if (seek_part(machine, place_of(state->host_part) + 1))
        return;
    for (uint16_t i = state->host; i < state->host + state->batch; i++) {
        put(state->away, i, false);
        if (is_back(machine))
            put(state->touched, i, false);
    }
    machine_trace(machine, TRACE_HOSTS_READY, state->host, state->batch);
    state->batch = 0;
    count_share(machine);
}

bool replace_has_left(const struct plan *plan, const struct deployment_state *state)
{
    const struct plan_step *step = &plan->steps[state->step];

    return step->kind == STEP_REPLACE && count(state->touched, step->hosts) < step->hosts;
}

bool replace_go_on(struct machine *machine)
{
    struct deployment_state *state = machine->state;
    const struct plan_step *step = &machine->plan->steps[state->step];

    if (step->kind != STEP_REPLACE)
        return false;
    uint16_t taken = count(state->touched, step->hosts);
    uint16_t left = (uint16_t)(step->hosts - taken);
    if (state->batch == 0 && left == 0)
        return false;
    if (state->batch == 0)
        take(machine, taken, left < step->batch ? left : step->batch);
    state->step_state = STEP_ACTING;
    act(machine);
    return true;
}

void replace_enter(struct machine *machine)
{
    machine->state->intents |= UINT64_C(1) << machine->state->step;
    (void)replace_go_on(machine);
}

/* The way back */

static bool is_to_go_back(const struct deployment_state *state, uint16_t host, bool is_away)
{
    return has(state->touched, host) && !has(state->stuck, host) && has(state->away, host) == is_away;
}

/* The last hosts that may go back, at most so many; false: there is none. */
static bool take_last(struct machine *machine, bool is_away, uint16_t most)
{
    uint16_t to = machine->plan->host_count;
    uint16_t batch = 0;

    while (to > 0 && !is_to_go_back(machine->state, (uint16_t)(to - 1), is_away))
        to--;
    while (batch < most && to > batch && is_to_go_back(machine->state, (uint16_t)(to - batch - 1), is_away))
        batch++;
    if (batch > 0)
        take(machine, (uint16_t)(to - batch), batch);
    return batch > 0;
}

/* Hosts that are out of service already cost nobody anything; the others only as far as there is room. */
static bool take_back(struct machine *machine)
{
    const struct plan *plan = machine->plan;
    const struct deployment_state *state = machine->state;
    uint16_t most = state->is_single ? 1 : plan->max_unavailable;
    uint16_t room = (uint16_t)(plan->max_unavailable - count(state->away, plan->host_count));

    return take_last(machine, true, most) || take_last(machine, false, most < room ? most : room);
}

static void begin_round(struct deployment_state *state)
{
    for (int i = 0; i < HOST_WORDS; i++)
        state->stuck[i] = 0;
}

bool replace_back(struct machine *machine, uint8_t step)
{
    struct deployment_state *state = machine->state;

    if (machine->plan->steps[step].kind != STEP_REPLACE)
        return false;
    if (state->batch == 0 && !take_back(machine)) {
        begin_round(state);
        if (!take_back(machine))
            return false;
    }
    act(machine);
    return true;
}

/* Of a batch that failed nobody knows which host it was: from now on each goes by itself. One that fails
 * alone waits until the others had their turn. */
void replace_back_failed(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    if (state->batch > 1) {
        state->is_single = true;
        state->batch = 0;
        (void)take_back(machine);
        act(machine);
        return;
    }
    put(state->stuck, state->host, true);
    if (take_back(machine)) {
        act(machine);
        return;
    }
    begin_round(state);
    if (state->flight.tries < state->back_rounds)
        state->flight.tries = state->back_rounds;
    if (state->back_rounds < UINT16_MAX)
        state->back_rounds++;
    machine_back_off(machine);
}
