/* limits.c - counters, and which of them ends the check.
 * SPDX-License-Identifier: MIT */
#include "judge/limits.h"

#include "base/attributes.h"

#include <assert.h>
#include <stdbool.h>

static const char *const phase_names[] = {
    [LIMITS_RUNNING] = "running",           [LIMITS_SUCCESSFUL] = "successful", [LIMITS_FAILED] = "failed",
    [LIMITS_INCONCLUSIVE] = "inconclusive", [LIMITS_ERROR] = "error",
};

const char *limits_phase_name(enum limits_phase phase)
{
    assert(phase < ARRAY_LENGTH(phase_names));
    return phase_names[phase];
}

static void count(struct limits_state *state, enum limits_phase measurement)
{
    state->failures += measurement == LIMITS_FAILED;
    state->consecutive_failures = measurement == LIMITS_FAILED ? state->consecutive_failures + 1 : 0;
    state->inconclusive += measurement == LIMITS_INCONCLUSIVE;
    state->consecutive_errors = measurement == LIMITS_ERROR ? state->consecutive_errors + 1 : 0;
    state->successes = measurement == LIMITS_SUCCESSFUL ? state->successes + 1 : 0;
    state->counted += measurement != LIMITS_ERROR;
}

static bool is_beyond(int64_t count, int64_t limit)
{
    return limit >= 0 && count > limit;
}

/* All measurements are there and nothing was violated. */
static enum limits_phase end_of_count(const struct limits *limits)
{
    if (limits->successes == 0)
        return LIMITS_SUCCESSFUL;
    return limits->failures < 0 ? LIMITS_FAILED : LIMITS_INCONCLUSIVE;
}

void limits_add(const struct limits *limits, struct limits_state *state, enum limits_phase measurement)
{
    enum limits_phase phase = LIMITS_RUNNING;

    if (state->phase != LIMITS_RUNNING)
        return;
    count(state, measurement);
    if (is_beyond(state->failures, limits->failures) ||
        is_beyond(state->consecutive_failures, limits->consecutive_failures))
        phase = LIMITS_FAILED;
    if (state->inconclusive > limits->inconclusive)
        phase = LIMITS_INCONCLUSIVE;
    if (state->consecutive_errors > limits->consecutive_errors)
        phase = LIMITS_ERROR;
    if (phase == LIMITS_RUNNING && limits->successes > 0 && state->successes >= limits->successes)
        phase = LIMITS_SUCCESSFUL;
    if (phase == LIMITS_RUNNING && limits->count > 0 && state->counted >= limits->count)
        phase = end_of_count(limits);
    state->phase = phase;
}

void limits_stop(struct limits_state *state)
{
    if (state->phase == LIMITS_RUNNING)
        state->phase = state->counted > 0 ? LIMITS_SUCCESSFUL : LIMITS_INCONCLUSIVE;
}
