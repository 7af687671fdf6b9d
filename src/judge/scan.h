/* scan.h - does what a scanner found let a task of a pipeline pass?
 * SPDX-License-Identifier: MIT
 *
 * A report is counted by severity outside; what must not be is an expression over the counts. */
#ifndef JUDGE_SCAN_H
#define JUDGE_SCAN_H

#include "judge/expression.h"

/* The last one tells what something costs, and counts nothing. */
enum scan_format {
    SCAN_NONE,
    SCAN_SARIF,
    SCAN_TRIVY,
    SCAN_CHECKOV,
    SCAN_CONFTEST,
    SCAN_INFRACOST,
    SCAN_FORMAT_COUNT
};

/* What conditions and outputs call them: critical, high ... The first four of a SARIF report are known where
 * each of its findings has a "security-severity", of one of checkov where each has a severity. */
enum scan_count {
    SCAN_CRITICAL,
    SCAN_HIGH,
    SCAN_MEDIUM,
    SCAN_LOW,
    SCAN_UNKNOWN,  /* trivy: has no severity yet */
    SCAN_ERRORS,   /* sarif: of this level; conftest: failures */
    SCAN_WARNINGS, /* sarif, conftest */
    SCAN_NOTES,    /* sarif: levels "note" and "none"; checkov: INFO */
    SCAN_FINDINGS, /* all of them */
    SCAN_COUNT_COUNT
};

struct scan_counts {
    double of[SCAN_COUNT_COUNT]; /* NAN: the report does not tell */
};

const char *scan_count_name(enum scan_count count);

/* Do reports of this format tell it at all? */
bool scan_has(enum scan_format format, enum scan_count count);

/* FAIL: the condition is true; PASS: false; INCONCLUSIVE: it needs a count that nobody knows. Extract i of
 * the expression is count i. */
enum verdict scan_judge(const struct expression *fail_when, const struct scan_counts *counts);

#endif
