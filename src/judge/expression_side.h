/* expression_side.h - a condition looked at from another side; for the judge's own files.
 * SPDX-License-Identifier: MIT */
#ifndef JUDGE_EXPRESSION_SIDE_H
#define JUDGE_EXPRESSION_SIDE_H

#include "judge/expression.h"

/* Is the condition known to be true of this side, FOR and CHECKS left out? Nodes read that side wherever they
 * name the candidate's. *ret_value: left side of the comparison that was evaluated last, or NAN. */
bool expression_holds(const struct expression *expression, const struct expression_input *input,
                      enum expression_side side, double *ret_value);

/* Does no node read another side than the candidate's? */
bool expression_is_absolute(const struct expression *expression);

#endif
