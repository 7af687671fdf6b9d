/* compare_test.h - the tests of `verdict compare` as a table.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_COMPARE_TEST_H
#define CLI_COMPARE_TEST_H

#include "io/json.h"
#include "judge/mann_whitney.h"

struct compare_test {
    const char *name;
    /* Adds its members to `answer` (an object with the test's name), or fails with the place. */
    bool (*run)(const struct json_node *item, struct cJSON *answer, struct err *err);
    const char *const *keys; /* that the item may have, ends with NULL */
};

extern const struct compare_test compare_mann_whitney, compare_scorecard, compare_mean_difference;
extern const struct compare_test compare_sequential, compare_objective, compare_traffic_share;
extern const struct compare_test compare_latency_tail, compare_distribution, compare_threshold;

/* The fields of mann_whitney but the samples, with their defaults. */
MUST_CHECK bool compare_mann_whitney_options(const struct json_node *item, struct mann_whitney *ret_test,
                                             struct err *err);

/* Reads control and experiment of `samples`, runs, and adds what it answers. */
MUST_CHECK bool compare_mann_whitney_judge(const struct mann_whitney *test, const struct json_node *samples,
                                           struct cJSON *answer, struct mann_whitney_answer *ret_found,
                                           struct err *err);

/* ---- members of answers; a number that is not finite becomes null ---- */

void compare_add_pair(struct cJSON *answer, const char *name, double first, double second);

/* n: {"control": ..., "experiment": ...} */
void compare_add_counts(struct cJSON *answer, double control, double experiment);

/* "e_value" now and the largest so far; both as natural logarithms. */
void compare_add_e_value(struct cJSON *answer, double log_e, double log_e_max);

/* The number of the block, counting from 0, at which a test was decided; SIZE_MAX: null. */
void compare_add_crossing(struct cJSON *answer, size_t crossing);

/* "340" or "2e+45": a number from its natural logarithm, for sentences. */
enum { COMPARE_EVIDENCE_SIZE = 32 };
const char *compare_evidence(double log_e, char to[COMPARE_EVIDENCE_SIZE]);

#endif
