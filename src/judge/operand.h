/* operand.h - makes known and unknown operands.
 * SPDX-License-Identifier: MIT */
#ifndef JUDGE_OPERAND_H
#define JUDGE_OPERAND_H

#include "judge/expression.h"

/* A number that is not finite is unknown. */
static inline struct operand operand_known(double number)
{
    if (!isfinite(number))
        return (struct operand){.reason = REASON_NOT_FINITE, .number = NAN};
    return (struct operand){.is_known = true, .number = number};
}

static inline struct operand operand_unknown(enum reason reason)
{
    return (struct operand){.reason = reason, .number = NAN};
}

#endif
