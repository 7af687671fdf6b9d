/* oracle_brakes.c - what fails is counted, and as many as are declared close a brake; what is stopped by it,
 * and
 * what never is. SPDX-License-Identifier: MIT
 *
 * Counted here from the audit alone: of each service, of each deployment, the newest one. */
#include "tests/simulation/oracle_parts.h"
#include "tests/simulation/world.h"

#include <string.h>

static bool is_fall(uint32_t ending)
{
    return ending == ENDING_FAILED || ending == ENDING_NO_EVIDENCE || ending == ENDING_ACTION_FAILED;
}

/* So many are not too old yet, but for one. */
static uint32_t newer_than(const struct oracle_brake *brake, int64_t ms, uint64_t but)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < brake->count; i++)
        count += brake->falls[i].at_ms > ms && brake->falls[i].who != but;
    return count;
}

/* When only so many less one are not too old any more. */
static int64_t opens_ms(const struct oracle_brake *brake, uint8_t limit, int64_t span_ms)
{
    int64_t oldest_ms = 0;

    for (uint32_t i = 0; i < brake->count; i++)
        if (newer_than(brake, brake->falls[i].at_ms - 1, UINT64_MAX) >= limit &&
            brake->falls[i].at_ms > oldest_ms)
            oldest_ms = brake->falls[i].at_ms;
    return oldest_ms + span_ms;
}

static void count(struct oracle_brake *brake, int64_t now_ms, uint64_t who, uint8_t limit, int64_t span_ms)
{
    uint32_t at = 0;

    if (limit == 0)
        return;
    while (at < brake->count && brake->falls[at].who != who)
        at++;
    brake->count += at == brake->count;
    brake->falls[at] = (struct fall){.at_ms = now_ms, .who = who};
    if (newer_than(brake, now_ms - span_ms, UINT64_MAX) >= limit)
        brake->closed_ms = opens_ms(brake, limit, span_ms);
}

static bool is_counted(struct world *world, uint64_t deployment)
{
    return !ledger_find(world, deployment)->is_back && !oracle_plan(world, deployment)->is_record;
}

static uint64_t who_of(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    return row->state->together != 0 ? ~row->state->together : ledger_find(world, deployment)->site + 1u;
}

/* Do so many other services fail that this one makes up their number? */
static bool is_shared(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    const struct engine_brakes *brakes = &world->brakes;
    uint32_t others =
        newer_than(&world->oracle.brakes[SITES_ALL], world->oracle.batch_ms - brakes->services_ms,
                   who_of(world, deployment, row));

    return brakes->services != 0 && !ledger_find(world, deployment)->is_back &&
           others + 1 >= brakes->services;
}

static uint32_t count_falls(const struct batch *batch)
{
    uint32_t count = 0;

    for (uint32_t i = 0; batch != NULL && i < batch->count; i++) {
        const struct trace *trace = &batch->rows[i].trace;
        if (batch->rows[i].kind == ROW_TRACE && batch->rows[i].deployment != 0)
            count += (trace->kind == TRACE_PHASE && trace->a == PHASE_ROLLING_BACK && is_fall(trace->b)) ||
                     (trace->kind == TRACE_ESCALATED && is_fall(trace->a));
    }
    return count;
}

bool oracle_may_be_held(const struct world *world, uint64_t deployment, uint8_t site)
{
    const struct engine_brakes *brakes = &world->brakes;
    const struct deployment_state *state = &world->oracle.histories[deployment - 1].state;
    uint64_t who = state->together != 0 ? ~state->together : site + 1u;
    uint32_t others =
        newer_than(&world->oracle.brakes[SITES_ALL], shell_now_ms(world) - brakes->services_ms, who);

    return brakes->services != 0 && state->phase == PHASE_WATCHING &&
           others + count_falls(world->shell.commit) + 1 >= brakes->services;
}

/* What has a part of the traffic only goes back, whoever else does. */
static bool is_whole(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    const struct plan *plan = oracle_plan(world, deployment);

    return (!plan->has_traffic && plan->host_count == 0) ||
           oracle_history(world, deployment)->confirmed == SHARE_WHOLE ||
           row->state->confirmed_share == SHARE_WHOLE;
}

static void check_held(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    if (!is_shared(world, deployment, row))
        oracle_violate(world, "brake", deployment, "held, and nobody else failed");
    if (oracle_history(world, deployment)->state.phase != PHASE_WATCHING || !is_whole(world, deployment, row))
        oracle_violate(world, "S19", deployment, "a brake holds what does not serve everybody");
}

/* What serves everybody is held where others failed as well; but what left ahead of the journal has left. */
static void check_back(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    const struct plan *plan = oracle_plan(world, deployment);
    bool is_certain = plan->host_count == 0 && (!plan->has_traffic || history->confirmed == SHARE_WHOLE) &&
                      !history->went_ahead && !history->has_sign;

    if (history->state.phase == PHASE_WATCHING && is_certain && is_shared(world, deployment, row))
        oracle_violate(world, "brake", deployment, "goes back by itself, and so do others");
}

static void check_one(struct world *world, uint64_t deployment, uint8_t index, const char *what)
{
    const struct target_state *target = &world->oracle.targets[index];

    if (world->oracle.changed_by[index] == world->oracle.batch_number)
        return;
    if (target->is_frozen)
        oracle_violate(world, "freeze", deployment, "%s although its target is frozen", what);
    if (target->is_braked)
        oracle_violate(world, "brake", deployment, "%s although too much failed", what);
}

/* What goes forward by itself waits while its door is closed; a person's word goes past it. */
static void check_step(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    const struct plan *plan = oracle_plan(world, deployment);
    const struct plan_step *step = &plan->steps[row->trace.a % PLAN_STEPS_MAX];
    bool is_forward = row->trace.kind == TRACE_HOSTS_TAKEN || step->kind == STEP_COMMAND ||
                      step->kind == STEP_SMOKE || step->kind == STEP_APPROVE ||
                      (step->kind == STEP_ROUTE && step->share > history->confirmed) ||
                      (step->kind == STEP_MIRROR && step->share > 0);

    if (!is_forward || plan->is_record || history->is_overridden || history->state.phase > PHASE_WATCHING ||
        oracle_is_ungated(world, deployment))
        return;
    check_one(world, deployment, ledger_find(world, deployment)->site, "goes on");
    check_one(world, deployment, SITES_ALL, "goes on");
}

static void fall(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    const struct engine_brakes *brakes = &world->brakes;
    struct oracle *oracle = &world->oracle;
    uint8_t site = ledger_find(world, deployment)->site;

    oracle_history(world, deployment)->has_fallen = true;
    if (!is_counted(world, deployment))
        return;
    count(&oracle->brakes[site], oracle->batch_ms, deployment, brakes->rollbacks, brakes->rollbacks_ms);
    count(&oracle->brakes[SITES_ALL], oracle->batch_ms, who_of(world, deployment, row), brakes->services,
          brakes->services_ms);
}

void oracle_brake_row(struct world *world, uint64_t deployment, const struct batch_row *row)
{
    struct oracle_history *history = oracle_history(world, deployment);
    bool is_back = row->trace.kind == TRACE_PHASE && row->trace.a == PHASE_ROLLING_BACK;

    if (row->trace.kind == TRACE_STEP || row->trace.kind == TRACE_HOSTS_TAKEN)
        check_step(world, deployment, row);
    if (row->trace.kind == TRACE_OVERRIDE)
        history->has_fallen = false;
    if (row->trace.kind == TRACE_HELD && row->trace.a == HOLD_BRAKE)
        check_held(world, deployment, row);
    if (history->has_fallen)
        return;
    if (is_back && is_fall(row->trace.b))
        check_back(world, deployment, row);
    if ((is_back && is_fall(row->trace.b)) || (row->trace.kind == TRACE_ESCALATED && is_fall(row->trace.a)))
        fall(world, deployment, row);
}

/* A person's word opens it, and nothing is counted any more. */
void oracle_brake_verb(struct world *world, const struct batch_row *row)
{
    if (row->trace.b == TARGET_UNFREEZE && row->token != 0)
        memset(&world->oracle.brakes[row->trace.a - 1], 0, sizeof(world->oracle.brakes[0]));
}

void oracle_check_door(struct world *world, uint64_t deployment)
{
    if (oracle_is_ungated(world, deployment))
        return;
    check_one(world, deployment, ledger_find(world, deployment)->site, "admitted");
    check_one(world, deployment, SITES_ALL, "admitted");
}

void oracle_check_brakes(struct world *world, const struct batch *batch)
{
    for (uint32_t i = 0; i < SITES_TARGETS; i++) {
        const struct oracle_brake *brake = &world->oracle.brakes[i];
        bool is_braked = world->oracle.targets[i].is_braked;
        if (is_braked && brake->closed_ms == 0)
            oracle_violate(world, "brake", 0, "that of site %u is closed, and not enough failed", i + 1);
        if (!is_braked && brake->closed_ms > batch->now_ms)
            oracle_violate(world, "brake", 0, "that of site %u is open, and too much failed", i + 1);
    }
}
