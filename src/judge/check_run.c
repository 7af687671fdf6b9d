/* check_run.c - counters, and which of them ends the check.
 * SPDX-License-Identifier: MIT */
#include "judge/check_run.h"

#include "base/attributes.h"

#include <assert.h>
#include <stdbool.h>

static const char *const phase_names[] = {
    [CHECK_RUN_RUNNING] = "running", [CHECK_RUN_SUCCESSFUL] = "successful",
    [CHECK_RUN_FAILED] = "failed",   [CHECK_RUN_INCONCLUSIVE] = "inconclusive",
    [CHECK_RUN_ERROR] = "error",
};

const char *check_run_phase_name(enum check_run_phase phase)
{
    assert(phase < ARRAY_LENGTH(phase_names));
    return phase_names[phase];
}

static void count(struct check_run *state, enum check_run_phase measurement)
{
    state->failures += measurement == CHECK_RUN_FAILED;
    state->consecutive_failures = measurement == CHECK_RUN_FAILED ? state->consecutive_failures + 1 : 0;
    state->inconclusive += measurement == CHECK_RUN_INCONCLUSIVE;
    state->consecutive_errors = measurement == CHECK_RUN_ERROR ? state->consecutive_errors + 1 : 0;
    state->successes = measurement == CHECK_RUN_SUCCESSFUL ? state->successes + 1 : 0;
    state->counted += measurement != CHECK_RUN_ERROR;
}

static bool is_beyond(int64_t count, int64_t limit)
{
    return limit >= 0 && count > limit;
}

/* All measurements are there and nothing was violated. */
static enum check_run_phase end_of_count(const struct check_run_limits *limits)
{
    if (limits->successes == 0)
        return CHECK_RUN_SUCCESSFUL;
    return limits->failures < 0 ? CHECK_RUN_FAILED : CHECK_RUN_INCONCLUSIVE;
}

void check_run_add(const struct check_run_limits *limits, struct check_run *state,
                   enum check_run_phase measurement)
{
    enum check_run_phase phase = CHECK_RUN_RUNNING;

    if (state->phase != CHECK_RUN_RUNNING)
        return;
    count(state, measurement);
    if (is_beyond(state->failures, limits->failures) ||
        is_beyond(state->consecutive_failures, limits->consecutive_failures))
        phase = CHECK_RUN_FAILED;
    if (state->inconclusive > limits->inconclusive)
        phase = CHECK_RUN_INCONCLUSIVE;
    if (state->consecutive_errors > limits->consecutive_errors)
        phase = CHECK_RUN_ERROR;
    if (phase == CHECK_RUN_RUNNING && limits->successes > 0 && state->successes >= limits->successes)
        phase = CHECK_RUN_SUCCESSFUL;
    if (phase == CHECK_RUN_RUNNING && limits->count > 0 && state->counted >= limits->count)
        phase = end_of_count(limits);
    state->phase = phase;
}

void check_run_stop(struct check_run *state)
{
    if (state->phase == CHECK_RUN_RUNNING)
        state->phase = state->counted > 0 ? CHECK_RUN_SUCCESSFUL : CHECK_RUN_INCONCLUSIVE;
}
