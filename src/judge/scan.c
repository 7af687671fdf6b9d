/* scan.c - a condition on counts is an expression without series.
 * SPDX-License-Identifier: MIT */
#include "judge/scan.h"

#include <assert.h>
#include <stddef.h>

static const struct {
    const char *name;
    bool is_of[SCAN_FORMAT_COUNT];
} counted[SCAN_COUNT_COUNT] = {
    [SCAN_CRITICAL] = {"critical", {[SCAN_SARIF] = true, [SCAN_TRIVY] = true, [SCAN_CHECKOV] = true}},
    [SCAN_HIGH] = {"high", {[SCAN_SARIF] = true, [SCAN_TRIVY] = true, [SCAN_CHECKOV] = true}},
    [SCAN_MEDIUM] = {"medium", {[SCAN_SARIF] = true, [SCAN_TRIVY] = true, [SCAN_CHECKOV] = true}},
    [SCAN_LOW] = {"low", {[SCAN_SARIF] = true, [SCAN_TRIVY] = true, [SCAN_CHECKOV] = true}},
    [SCAN_UNKNOWN] = {"unknown", {[SCAN_TRIVY] = true}},
    [SCAN_ERRORS] = {"errors", {[SCAN_SARIF] = true, [SCAN_CONFTEST] = true}},
    [SCAN_WARNINGS] = {"warnings", {[SCAN_SARIF] = true, [SCAN_CONFTEST] = true}},
    [SCAN_NOTES] = {"notes", {[SCAN_SARIF] = true, [SCAN_CHECKOV] = true}},
    [SCAN_FINDINGS] =
        {"findings",
         {[SCAN_SARIF] = true, [SCAN_TRIVY] = true, [SCAN_CHECKOV] = true, [SCAN_CONFTEST] = true}},
};

const char *scan_count_name(enum scan_count count)
{
    return counted[count].name;
}

bool scan_has(enum scan_format format, enum scan_count count)
{
    return counted[count].is_of[format];
}

enum verdict scan_judge(const struct expression *fail_when, const struct scan_counts *counts)
{
    struct expression_input input = {.extracts = counts->of, .extract_count = SCAN_COUNT_COUNT};
    struct judgement judgement;

    assert(fail_when->timer_count == 0);
    struct operand result = expression_evaluate(fail_when, &input, NULL, &judgement);
    if (!result.is_known)
        return VERDICT_INCONCLUSIVE;
    return result.number != 0 ? VERDICT_FAIL : VERDICT_PASS;
}
