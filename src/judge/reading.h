/* reading.h - one node of an expression reads one side of a metric: number or reason.
 * SPDX-License-Identifier: MIT */
#ifndef JUDGE_READING_H
#define JUDGE_READING_H

#include "judge/expression.h"

/* `node` is one of VALUE .. ABSENT, `view` its series or NULL. Adds count and span to the judgement. When
 * what is unknown stands at expression_evaluate(). */
struct operand reading_take(const struct expression_input *input, const struct expression_node *node,
                            const struct series_view *view, struct judgement *judgement);

#endif
