/* baseline.c - the first baseline that has data.
 * SPDX-License-Identifier: MIT */
#include "judge/baseline.h"

#include "judge/evidence.h"
#include "judge/series_window.h"

#include <string.h>

uint8_t baseline_count(const struct rule *rule)
{
    return rule->comparison.against_count == 0 ? 1 : rule->comparison.against_count;
}

bool baseline_names(const struct rule *rule, enum baseline_kind kind)
{
    uint8_t count = rule->kind == RULE_COMPARISON ? baseline_count(rule) : 0;

    for (uint8_t index = 0; index < count; index++)
        if (rule->comparison.against[index].kind == kind)
            return true;
    return false;
}

struct sides baseline_sides(const struct rule *rule, const struct metric_views *views,
                            const struct rule_clock *clock, const struct rule_state *state)
{
    return sides_of(rule, views, clock, state, state->against == 0 ? 0 : (uint8_t)(state->against - 1));
}

bool baseline_is_settled(const struct rule *rule, const struct rule_clock *clock,
                         const struct rule_state *state)
{
    return baseline_count(rule) == 1 || (state->against != 0 && state->settled_ms == clock->confirmed_ms);
}

/* Has a side a total in the block? */
static bool has_total(const struct rule *rule, const struct sides *sides, int64_t number,
                      double (*total_of)(const struct sides *sides, int64_t step))
{
    int64_t steps = rule->comparison.block_ms / sides->candidate->step_ms;
    double total = 0;

    for (int64_t step = number * steps; step < (number + 1) * steps; step++)
        total += total_of(sides, step);
    return total > 0;
}

/* Why it cannot be said whether there is data: a source that errs has not said that there is none. */
static enum reason unheard(const struct rule *rule, const struct sides *sides)
{
    enum reason reason = sides_mismatch(rule, sides);

    if (reason != REASON_DECIDED)
        return reason;
    reason = series_freshness(sides->other, SERIES_EVER, 0);
    return reason == REASON_NO_DATA ? REASON_NO_BASELINE : reason;
}

/* The first with data in the block; WAIT: one before it cannot be told. */
static enum baseline_step find(const struct rule *rule, const struct metric_views *views,
                               const struct rule_clock *clock, const struct rule_state *state, int64_t number,
                               uint8_t *ret_index)
{
    for (uint8_t index = 0; index < baseline_count(rule); index++) {
        struct sides sides = sides_of(rule, views, clock, state, index);
        enum reason reason = unheard(rule, &sides);

        if (reason == REASON_NO_BASELINE)
            continue;
        if (reason != REASON_DECIDED)
            return BASELINE_WAIT;
        if (has_total(rule, &sides, number, sides_other_total)) {
            *ret_index = index;
            return BASELINE_TAKE;
        }
    }
    return BASELINE_SKIP;
}

static void switch_to(struct rule_state *state, uint8_t index, bool is_proven)
{
    struct sequential_state *sums = &state->sequential;

    if (state->against == index + 1U)
        return;
    state->is_lost |= is_proven;
    state->against = index + 1U;
    sums->events = 0;
    sums->total = 0;
    sums->stable_events = 0;
    sums->stable_total = 0;
    sums->blocks = 0;
    sums->event_blocks = 0;
    wager_forget_other(&state->wager);
    memset(&state->means, 0, sizeof(state->means));
    state->label = 0;
}

/* What was chosen goes on, as long as it is there: a past that is loading again is waited for. */
static enum baseline_step go_on(const struct rule *rule, const struct metric_views *views,
                                const struct rule_clock *clock, const struct rule_state *state)
{
    struct sides sides = baseline_sides(rule, views, clock, state);
    enum reason reason = sides_mismatch(rule, &sides);

    if (reason == REASON_DECIDED)
        return BASELINE_TAKE;
    return reason == REASON_LOADING ? BASELINE_WAIT : BASELINE_SKIP;
}

enum baseline_step baseline_choose(const struct rule *rule, const struct metric_views *views,
                                   const struct rule_clock *clock, int64_t number, bool is_proven,
                                   struct rule_state *state)
{
    struct sides sides = baseline_sides(rule, views, clock, state);
    bool settles = number * rule->comparison.block_ms >= evidence_from_ms(rule, clock);
    uint8_t index = 0;

    if (baseline_count(rule) == 1)
        state->against = 1;
    if (baseline_is_settled(rule, clock, state) || (state->against != 0 && !settles))
        return go_on(rule, views, clock, state);
    if (sides.candidate->trouble == SERIES_LOADING)
        return BASELINE_WAIT;
    if (!has_total(rule, &sides, number, sides_candidate_total))
        return BASELINE_SKIP;
    enum baseline_step step = find(rule, views, clock, state, number, &index);
    if (step == BASELINE_WAIT && state->against != 0)
        return go_on(rule, views, clock, state);
    if (step != BASELINE_TAKE)
        return step;
    switch_to(state, index, is_proven);
    if (settles)
        state->settled_ms = clock->confirmed_ms;
    return BASELINE_TAKE;
}

enum reason baseline_lacks(const struct rule *rule, const struct metric_views *views,
                           const struct rule_clock *clock, const struct rule_state *state)
{
    enum reason reason = REASON_NO_BASELINE;

    if (baseline_is_settled(rule, clock, state))
        return REASON_DECIDED;
    for (uint8_t index = 0; index < baseline_count(rule) && reason == REASON_NO_BASELINE; index++) {
        const struct sides sides = sides_of(rule, views, clock, state, index);
        reason = unheard(rule, &sides);
    }
    return reason == REASON_DECIDED ? REASON_TOO_FEW : reason;
}

int64_t baseline_settled_ms(const struct rule *rule, const struct metric_views *views,
                            const struct rule_clock *clock, const struct rule_state *state)
{
    int64_t age_max_ms = rule->metrics[0].age_max_ms;
    struct sides sides = baseline_sides(rule, views, clock, state);
    int64_t until_ms = sides_settled_ms(&sides, age_max_ms, clock->now_ms);

    if (baseline_is_settled(rule, clock, state))
        return until_ms;
    for (uint8_t index = 0; index < baseline_count(rule); index++) {
        sides = sides_of(rule, views, clock, state, index);
        int64_t end_ms = sides_settled_ms(&sides, age_max_ms, clock->now_ms);
        until_ms = end_ms < until_ms ? end_ms : until_ms;
    }
    return until_ms;
}
