/* smoke.h - is an answer of the candidate what the smoke test expects?
 * SPDX-License-Identifier: MIT
 *
 * The probe takes the extracts from at most 64 KiB of answer; the expectation is an expression over them. */
#ifndef JUDGE_SMOKE_H
#define JUDGE_SMOKE_H

#include "judge/expression.h"

enum { SMOKE_EXTRACTS_MAX = 8 };

/* PASS: the expectation is true; FAIL: false; INCONCLUSIVE: something it needs could not be extracted. */
enum verdict smoke_judge(const struct expression *expectation, const double *extracts, uint8_t extract_count);

#endif
