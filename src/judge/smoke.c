/* smoke.c - an expectation is an expression without series.
 * SPDX-License-Identifier: MIT */
#include "judge/smoke.h"

#include <assert.h>

enum verdict smoke_judge(const struct expression *expectation, const double *extracts, uint8_t extract_count)
{
    struct expression_input input = {.extracts = extracts, .extract_count = extract_count};
    struct judgement judgement;

    assert(expectation->timer_count == 0);
    struct operand result = expression_evaluate(expectation, &input, NULL, &judgement);
    if (!result.is_known)
        return VERDICT_INCONCLUSIVE;
    return result.number != 0 ? VERDICT_PASS : VERDICT_FAIL;
}
