/* oracle_ends.c - everything comes to an end: each deployment within what its own plan allows once it is its
 * turn (L1), each observation by its limit (L3).
 * SPDX-License-Identifier: MIT
 *
 * The bound of one that waits is the sum of the bounds of what stands before it: whoever is under way has to
 * end, and whoever waits longest has to follow at once. */
#include "tests/simulation/oracle_parts.h"

#include "tests/simulation/world.h"

#include "orchestrator/barrier.h"

enum {
    OBSERVE_SLACK_MS = 3000,
    PATIENCE_MS = 95000,                        /* of the caretaker, before she stops and adopts everything */
    CARE_MS = CARE_LIMIT_MS + COMMAND_SLACK_MS, /* of a retirement whose answer was lost before */
    TURN_MS = 12000,    /* commits, a start of the process, an answer that comes late */
    ANSWER_MS = 150000, /* a pipeline asks again */
    LOOK_MS = 60000     /* nothing is overdue before */
};

void oracle_note_standing(struct world *world, uint64_t deployment, int64_t up_ms)
{
    struct oracle_history *history = oracle_history(world, deployment);

    if (history->state.is_stopped ||
        barrier_of(oracle_plan(world, deployment), &history->state) != BARRIER_NONE)
        history->steps[history->step].limit_up_ms = up_ms;
}

static void check_observation(struct world *world, uint64_t deployment)
{
    struct oracle_history *history = oracle_history(world, deployment);
    const struct plan *plan = oracle_plan(world, deployment);
    const struct deployment_state *state = &history->state;

    if (phase_is_terminal(state->phase) || state->step_state != STEP_OBSERVING || history->is_held)
        return;
    oracle_note_standing(world, deployment, shell_up_ms(world));
    int64_t watched_ms = shell_up_ms(world) - history->steps[history->step].limit_up_ms;
    /* After a restart the time since the newest snapshot is not known to have been watched, and the engine's
     * clock does not know of suspended time. */
    int64_t slack_ms =
        OBSERVE_SLACK_MS + (int64_t)world->shell.life * ENGINE_PERSIST_MS + world->shell.lost_ms;
    if (state->together != 0) /* that it stood at a barrier is seen so much later */
        slack_ms += ENGINE_PERSIST_MS;
    if (watched_ms > plan->steps[history->step].limit_ms + slack_ms &&
        oracle_is_journal_well(world, OBSERVE_SLACK_MS))
        oracle_violate(world, "L3", deployment, "step %u is observed for longer than it may", history->step);
}

static int64_t step_budget_ms(const struct plan_step *step)
{
    int64_t undo_ms = step->kind == STEP_COMMAND && step->undo != PLAN_NONE ? step->limit_ms : 0;

    return step->limit_ms + undo_ms + TURN_MS;
}

/* Faults are over, so each thing ends by its limit; but for one command whose answer was lost before, and for
 * people, who may put up with a hold or an escalation for a while. */
static int64_t budget_ms(const struct plan *plan)
{
    int64_t sum_ms = ADMISSION_LIMIT_MS + PATIENCE_MS + COMMAND_SLACK_MS + plan->rollback_limit_ms +
                     SETTLE_LIMIT_MS + VERIFY_LIMIT_MS + TURN_MS;

    if (plan->has_disaster)
        sum_ms += plan->disaster.tries_max * (plan->disaster.limit_ms + BACKOFF_MAX_MS) + SETTLE_LIMIT_MS;
    for (uint8_t i = 0; i < plan->count; i++)
        sum_ms += step_budget_ms(&plan->steps[i]);
    return sum_ms;
}

/* Time that was watched since an instant and since faults are over. */
static int64_t since_ms(const struct world *world, int64_t up_ms, int64_t quiet_for_ms)
{
    int64_t for_ms = shell_up_ms(world) - up_ms;

    return for_ms < quiet_for_ms ? for_ms : quiet_for_ms;
}

static void check_active(struct world *world, uint64_t deployment, int64_t quiet_for_ms)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    int64_t for_ms = since_ms(world, history->phase_up_ms, quiet_for_ms);

    if (for_ms > LOOK_MS && for_ms > oracle_together_budget_ms(world, deployment, budget_ms))
        oracle_violate(world, "L1", deployment, "it is still %s %lld s after it was its turn, without faults",
                       phase_name(history->state.phase), (long long)for_ms / 1000);
}

/* Somebody waits, and nobody is under way: at most the old slot of a promotion is still being retired, or a
 * window is closed, which the end of the retirement may just have missed; or its lock is held elsewhere. */
static void check_queue(struct world *world, uint8_t site, uint64_t first, int64_t quiet_for_ms)
{
    int64_t from_up_ms = world->oracle.free_up_ms[site];

    /* Nobody was before it when it came: only its window was closed. */
    if (first != 0 && oracle_history(world, first)->phase_up_ms > from_up_ms)
        from_up_ms = oracle_history(world, first)->phase_up_ms;
    int64_t for_ms = since_ms(world, from_up_ms, quiet_for_ms);
    if (first != 0 && (oracle_waits_for_others(world, first) || oracle_waits_for_lock(world, first)))
        world->oracle.free_up_ms[site] = shell_up_ms(world);
    else if (first != 0 && for_ms > CARE_MS + PATIENCE_MS + 2 * SHELL_PERIOD_MS)
        oracle_violate(world, "L1", first, "it waits for %lld s, and nobody is before it",
                       (long long)for_ms / 1000);
}

static void check_site(struct world *world, uint8_t site, int64_t quiet_for_ms)
{
    uint64_t first = 0;

    for (uint64_t id = 1; id <= world->oracle.highest; id++) {
        const struct oracle_history *history = oracle_history(world, id);
        if (!history->exists || ledger_find(world, id)->site != site)
            continue;
        if (phase_is_active(history->state.phase)) {
            check_active(world, id, quiet_for_ms);
            return;
        }
        if (history->state.phase == PHASE_QUEUED && first == 0)
            first = id;
    }
    check_queue(world, site, first, quiet_for_ms);
}

/* What its after-care may take, every try of it. */
static void check_care(struct world *world, uint64_t deployment, int64_t quiet_for_ms)
{
    const struct oracle_history *history = oracle_history(world, deployment);
    int64_t limit_ms = oracle_plan(world, deployment)->retire_delay_ms + CARE_MS + PATIENCE_MS;

    if (history->state.phase == PHASE_PROMOTED &&
        (history->state.care == CARE_DUE || history->state.care == CARE_ACTING) &&
        since_ms(world, history->phase_up_ms, quiet_for_ms) > limit_ms)
        oracle_violate(world, "L1", deployment, "the slot that it left is not retired in time");
}

void oracle_check_end(struct world *world, int64_t quiet_for_ms)
{
    for (uint64_t id = 1; id <= world->oracle.highest; id++)
        if (oracle_history(world, id)->exists) {
            check_observation(world, id);
            check_care(world, id, quiet_for_ms);
        }
    for (uint8_t site = 0; site < world->site_count && quiet_for_ms > LOOK_MS; site++)
        check_site(world, site, quiet_for_ms);
    for (uint32_t i = 0; i < world->people.request_count && quiet_for_ms > ANSWER_MS; i++)
        if (!world->people.requests[i].is_answered &&
            since_ms(world, world->people.requests[i].made_up_ms, quiet_for_ms) > ANSWER_MS)
            oracle_violate(world, "L1", 0, "request %u is not answered long after the faults are over", i);
}
