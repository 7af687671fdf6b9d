/* oracle_together.c - deployments of a run that stand or fall together: they begin at once, take each step at
 * once, end at once, and when one goes wrong all of them go back. SPDX-License-Identifier: MIT */
#include "tests/simulation/oracle_parts.h"

#include "tests/simulation/world.h"

#include <string.h>

/* How far one came: 0 queued, 1 admitting, 2 running, and one more for each step that gave it more. */
enum { LEVEL_RUNNING = 2 };

struct member {
    uint64_t deployment; /* 0: none */
    unsigned level, level_max;
    bool has_fallen; /* it ended without serving, is on its way back, or people are called */
    bool is_held;
};

static bool is_more(const struct plan_step *step)
{
    return step->kind == STEP_ROUTE || step->kind == STEP_REPLACE ||
           (step->kind == STEP_MIRROR && step->share > 0);
}

static bool is_well(const struct deployment_state *state)
{
    return state->phase == PHASE_PROMOTED || state->ending == ENDING_PASSED;
}

static struct member look(struct world *world, uint64_t deployment)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    const struct deployment_state *state = &history->state;
    const struct plan *plan = oracle_plan(world, deployment);
    struct member member = {
        .deployment = deployment, .level_max = LEVEL_RUNNING, .is_held = history->is_held};

    for (uint8_t i = 0; i < plan->count; i++)
        if (is_more(&plan->steps[i])) {
            member.level_max++;
            member.level += history->steps[i].attempt > 0;
        }
    if (state->phase > PHASE_ADMITTING)
        member.level += LEVEL_RUNNING;
    else
        member.level += state->phase == PHASE_ADMITTING;
    bool is_over = phase_is_terminal(state->phase) || state->phase == PHASE_ROLLING_BACK;
    member.has_fallen = (is_over || state->is_escalated) && !is_well(state);
    return member;
}

static void violate(struct world *world, uint64_t run, const struct member *member, const char *what)
{
    oracle_violate(world, "together", member->deployment, "run %llu: %s", (unsigned long long)run, what);
}

/* Whoever is on its way stands no further than all others, but for those whose steps are over. */
static void check_levels(struct world *world, uint64_t run, const struct member *members, uint8_t count,
                         unsigned most)
{
    for (uint8_t i = 0; i < count; i++) {
        unsigned due = most < members[i].level_max ? most : members[i].level_max;
        if (members[i].level != due)
            violate(world, run, &members[i], "it is behind the others, which did not wait for it");
    }
}

/* Past its end there is nothing to go back from, or it is held where no return is possible. */
static bool may_stay(struct world *world, const struct member *member)
{
    const struct deployment_state *state = &oracle_history(world, member->deployment)->state;

    return member->has_fallen || (is_well(state) && oracle_plan(world, member->deployment)->ends_back);
}

static void check_fall(struct world *world, uint64_t run, const struct member *members, uint8_t count)
{
    for (uint8_t i = 0; i < count; i++)
        if (!may_stay(world, &members[i]))
            violate(world, run, &members[i], "it goes on, and another one of its run has fallen");
}

/* Promoted, or at the end of a trial: at once. */
static void check_ends(struct world *world, uint64_t run, const struct member *members, uint8_t count)
{
    uint8_t ended = 0;

    for (uint8_t i = 0; i < count; i++)
        ended = (uint8_t)(ended + is_well(&oracle_history(world, members[i].deployment)->state));
    world->tally->together[TALLY_ENDS] += ended == count;
    if (ended != 0 && ended != count)
        violate(world, run, &members[0], "some of its run ended, and others did not");
}

/* The last one first, behind the one that went wrong. */
static void check_order(struct world *world, const struct batch *batch, uint64_t run,
                        const struct member *members, uint8_t count)
{
    uint8_t place = UINT8_MAX;
    bool is_first = true;

    for (uint32_t row = 0; row < batch->count; row++)
        for (uint8_t i = 0; i < count; i++) {
            const struct batch_row *at = &batch->rows[row];
            if (at->kind != ROW_TRACE || at->deployment != members[i].deployment ||
                at->trace.kind != TRACE_PHASE || at->trace.a != PHASE_ROLLING_BACK)
                continue;
            if (!is_first && i > place)
                violate(world, run, &members[i], "it goes back behind one that began before it");
            place = is_first ? UINT8_MAX : i;
            is_first = false;
        }
}

static bool is_step_ahead(struct world *world, const struct batch_row *row)
{
    return row->kind == ROW_TRACE && row->trace.kind == TRACE_STEP &&
           is_more(&oracle_plan(world, row->deployment)->steps[row->trace.a]);
}

/* Nobody is held while the others take a step; behind that step a person may hold whom they like. */
static void check_held(struct world *world, const struct batch *batch, uint64_t run,
                       const struct member *members, uint8_t count)
{
    bool is_ahead[RUN_TOGETHER_MAX] = {false}; /* a step of one of them, since it was held */

    for (uint32_t row = 0; row < batch->count; row++)
        for (uint8_t i = 0; i < count; i++) {
            const struct batch_row *at = &batch->rows[row];
            if (at->deployment != members[i].deployment)
                continue;
            if (at->kind == ROW_TRACE && at->trace.kind == TRACE_HELD)
                is_ahead[i] = false;
            else if (is_step_ahead(world, at))
                memset(is_ahead, true, count);
        }
    for (uint8_t i = 0; i < count; i++)
        if (members[i].is_held && is_ahead[i])
            violate(world, run, &members[i], "it is held, and the others do not wait for it");
}

static uint8_t gather(struct world *world, const struct run_stored *stored, struct member *members)
{
    const struct run_plan_stage *stage = &world->runs.plans[stored->pipeline].stages[stored->stage];
    uint8_t count = 0;

    for (uint8_t i = 0; stage->is_together && i < stage->count; i++) {
        uint64_t deployment = stored->state.tasks[stage->first + i].deployment;
        if (deployment == 0 || !oracle_history(world, deployment)->exists)
            return 0;
        members[count++] = look(world, deployment);
    }
    return count;
}

static void check_run(struct world *world, const struct batch *batch, uint64_t run)
{
    const struct run_stored *stored = runs_find_stored(world, run);
    struct member members[RUN_TOGETHER_MAX];
    uint8_t count = stored->exists && stored->phase != RUN_QUEUED ? gather(world, stored, members) : 0;
    bool has_fallen = false;
    unsigned most = 0;

    for (uint8_t i = 0; i < count; i++) {
        has_fallen = has_fallen || members[i].has_fallen;
        most = members[i].level > most ? members[i].level : most;
    }
    if (count == 0)
        return;
    world->tally->together[most < TALLY_LEVELS ? most : TALLY_LEVELS - 1]++;
    if (has_fallen) {
        check_fall(world, run, members, count);
        return;
    }
    check_levels(world, run, members, count, most);
    check_ends(world, run, members, count);
    check_held(world, batch, run, members, count);
}

/* Whose first way back is in this batch: in which order? Before any of them is over. */
static void check_order_of(struct world *world, const struct batch *batch, uint64_t run)
{
    const struct run_stored *stored = runs_find_stored(world, run);
    struct member members[RUN_TOGETHER_MAX];

    for (uint32_t row = 0; row < batch->count; row++)
        if (batch->rows[row].kind == ROW_RUN_TRACE && batch->rows[row].run->id == run &&
            batch->rows[row].run_trace.kind == RUN_TRACE_FALLS)
            check_order(world, batch, run, members, gather(world, stored, members));
}

void oracle_together(struct world *world, const struct batch *batch)
{
    for (uint64_t run = 1; world->runs.is_used && run < world->runs.next_id; run++) {
        check_run(world, batch, run);
        check_order_of(world, batch, run);
    }
}

/* Of the run that a deployment belongs to; 0: it stands alone. */
static uint8_t gather_others(struct world *world, uint64_t deployment, struct member *members)
{
    uint64_t run = oracle_history(world, deployment)->state.together;

    return run == 0 ? 0 : gather(world, runs_find_stored(world, run), members);
}

/* Who is under way there, or else waits longest; 0: nobody. */
static uint64_t first_at(struct world *world, uint8_t site)
{
    uint64_t first = 0;

    for (uint64_t id = 1; id <= world->oracle.highest; id++) {
        const struct oracle_history *history = oracle_history(world, id);
        if (!history->exists || ledger_find(world, id)->site != site ||
            phase_is_terminal(history->state.phase))
            continue;
        if (phase_is_active(history->state.phase))
            return id;
        first = first == 0 ? id : first;
    }
    return first;
}

bool oracle_waits_for_others(struct world *world, uint64_t deployment)
{
    struct member members[RUN_TOGETHER_MAX];
    uint8_t count = gather_others(world, deployment, members);
    bool waits = false;

    for (uint8_t i = 0; i < count; i++) {
        uint64_t other = members[i].deployment;
        uint64_t first = first_at(world, ledger_find(world, other)->site);
        bool is_later = first > other && oracle_history(world, first)->state.phase == PHASE_QUEUED;
        if (first != 0 && is_later && !ledger_find(world, first)->is_back)
            violate(world, oracle_history(world, deployment)->state.together, &members[i],
                    "it waits for one that came later");
        waits = waits || (first != other && first != 0);
    }
    return waits;
}

int64_t oracle_together_budget_ms(struct world *world, uint64_t deployment,
                                  int64_t (*budget_ms)(const struct plan *plan))
{
    struct member members[RUN_TOGETHER_MAX];
    uint8_t count = gather_others(world, deployment, members);
    int64_t sum_ms = count == 0 ? budget_ms(oracle_plan(world, deployment)) : 0;

    for (uint8_t i = 0; i < count; i++)
        sum_ms += budget_ms(oracle_plan(world, members[i].deployment));
    return sum_ms;
}
