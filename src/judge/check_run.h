/* check_run.h - from single measurements to the end of a check: how many failures, errors and doubts it
 * bears, as
 * Argo Rollouts counts them. SPDX-License-Identifier: MIT
 *
 * A limit is exclusive: a failure limit of 3 fails with the 4th. An error does not count towards `count`;
 * errors in a row end with anything else, and so do failures and successes in a row. Of several limits that
 * break at the same measurement the last in the order of the fields names the end. The first end stays. */
#ifndef JUDGE_CHECK_RUN_H
#define JUDGE_CHECK_RUN_H

#include <stdint.h>

enum check_run_phase {
    CHECK_RUN_RUNNING,
    CHECK_RUN_SUCCESSFUL,
    CHECK_RUN_FAILED,
    CHECK_RUN_INCONCLUSIVE,
    CHECK_RUN_ERROR
};

struct check_run_limits {
    int64_t failures;             /* 0; -1: any number */
    int64_t consecutive_failures; /* -1: any number */
    int64_t inconclusive;         /* 0 */
    int64_t consecutive_errors;   /* 4 */
    int64_t successes;            /* in a row, which end it early; 0: off */
    int64_t count;                /* measurements; 0: until it is stopped */
};

/* All zero at first. */
struct check_run {
    int64_t failures, consecutive_failures, inconclusive, consecutive_errors, successes, counted;
    enum check_run_phase phase;
};

/* What is used where nothing is said. */
#define CHECK_RUN_DEFAULTS ((struct check_run_limits){.consecutive_failures = -1, .consecutive_errors = 4})

/* One measurement: any phase but CHECK_RUN_RUNNING. */
void check_run_add(const struct check_run_limits *limits, struct check_run *state,
                   enum check_run_phase measurement);

/* No more measurements will come: successful if nothing was violated, inconclusive if nothing was measured.
 */
void check_run_stop(struct check_run *state);

/* "running", "successful", "failed", "inconclusive", "error" */
const char *check_run_phase_name(enum check_run_phase phase);

#endif
