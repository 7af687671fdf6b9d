/* limits.c - counts checks.
 * SPDX-License-Identifier: MIT */
#include "judge/limits.h"

static void raise(uint16_t *count)
{
    if (*count < UINT16_MAX)
        (*count)++;
}

static bool is_reached(uint16_t count, uint16_t limit)
{
    return limit > 0 && count >= limit;
}

/* Evidence for a pass counts per step, evidence against it over the whole deployment. */
static void enter_step(struct limits_state *state, int64_t confirmed_ms)
{
    if (state->confirmed_ms == confirmed_ms)
        return;
    state->confirmed_ms = confirmed_ms;
    state->checks = state->successes = state->inconclusive = state->source_errors = 0;
    state->spent = REASON_DECIDED;
}

static bool has_failed(const struct rule_limits *limits, const struct limits_state *state)
{
    return is_reached(state->failures, limits->failures) ||
           is_reached(state->failures_in_row, limits->failures_in_row);
}

static void take_known(const struct rule_limits *limits, bool is_true, struct limits_state *state)
{
    raise(&state->checks);
    state->source_errors = 0;
    if (is_true) {
        raise(&state->failures);
        raise(&state->failures_in_row);
        state->successes = 0;
        return;
    }
    raise(&state->successes);
    if (!has_failed(limits, state)) /* a row that was long enough stays */
        state->failures_in_row = 0;
}

static void spend(struct limits_state *state, enum reason reason, uint16_t count, uint16_t limit)
{
    if (limit > 0 && count > limit && state->spent == REASON_DECIDED)
        state->spent = reason;
}

static void take_unknown(const struct rule_limits *limits, enum reason reason, struct limits_state *state)
{
    if (reason == REASON_PENDING || reason == REASON_LOADING)
        return;
    if (reason == REASON_SOURCE_ERROR) {
        raise(&state->source_errors);
        spend(state, REASON_SOURCE_ERROR, state->source_errors, limits->source_errors);
        return;
    }
    raise(&state->inconclusive);
    spend(state, REASON_LIMIT, state->inconclusive, limits->inconclusive);
}

void limits_take(const struct rule_limits *limits, const struct rule_clock *clock, struct operand truth,
                 struct limits_state *state)
{
    if (limits->every_ms == 0)
        return;
    enter_step(state, clock->confirmed_ms);
    if (clock->now_ms < limits_deadline(limits, clock, state))
        return;
    state->next_ms = clock->now_ms - (clock->now_ms - clock->routed_ms) % limits->every_ms + limits->every_ms;
    if (truth.is_known)
        take_known(limits, truth.number != 0, state);
    else
        take_unknown(limits, truth.reason, state);
}

bool limits_object(const struct rule_limits *limits, const struct limits_state *state, struct operand truth)
{
    if (limits->every_ms == 0)
        return truth.is_known && truth.number != 0;
    return has_failed(limits, state);
}

enum reason limits_lack(const struct rule_limits *limits, const struct limits_state *state,
                        struct operand truth)
{
    if (!truth.is_known)
        return truth.reason;
    if (limits->every_ms == 0)
        return REASON_DECIDED;
    if (state->spent != REASON_DECIDED)
        return state->spent;
    if (truth.number != 0)
        return REASON_PENDING;
    return state->checks < limits->checks || state->successes < limits->successes ? REASON_TOO_FEW
                                                                                  : REASON_DECIDED;
}

int64_t limits_deadline(const struct rule_limits *limits, const struct rule_clock *clock,
                        const struct limits_state *state)
{
    if (limits->every_ms == 0)
        return INT64_MAX;
    return state->next_ms == 0 ? clock->routed_ms + limits->every_ms : state->next_ms;
}
