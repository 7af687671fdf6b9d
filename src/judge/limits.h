/* limits.h - from single measurements to the end of a check: how many failures, errors and doubts it bears,
 * as
 * Argo Rollouts counts them. SPDX-License-Identifier: MIT
 *
 * A limit is exclusive: a failure limit of 3 fails with the 4th. An error does not count towards `count`;
 * errors in a row end with anything else, and so do failures and successes in a row. Of several limits that
 * break at the same measurement the last in the order of the fields names the end. The first end stays. */
#ifndef JUDGE_LIMITS_H
#define JUDGE_LIMITS_H

#include <stdint.h>

enum limits_phase { LIMITS_RUNNING, LIMITS_SUCCESSFUL, LIMITS_FAILED, LIMITS_INCONCLUSIVE, LIMITS_ERROR };

struct limits {
    int64_t failures;             /* 0; -1: any number */
    int64_t consecutive_failures; /* -1: any number */
    int64_t inconclusive;         /* 0 */
    int64_t consecutive_errors;   /* 4 */
    int64_t successes;            /* in a row, which end it early; 0: off */
    int64_t count;                /* measurements; 0: until it is stopped */
};

/* All zero at first. */
struct limits_state {
    int64_t failures, consecutive_failures, inconclusive, consecutive_errors, successes, counted;
    enum limits_phase phase;
};

/* What is used where nothing is said. */
#define LIMITS_DEFAULTS ((struct limits){.consecutive_failures = -1, .consecutive_errors = 4})

/* One measurement: any phase but LIMITS_RUNNING. */
void limits_add(const struct limits *limits, struct limits_state *state, enum limits_phase measurement);

/* No more measurements will come: successful if nothing was violated, inconclusive if nothing was measured.
 */
void limits_stop(struct limits_state *state);

/* "running", "successful", "failed", "inconclusive", "error" */
const char *limits_phase_name(enum limits_phase phase);

#endif
