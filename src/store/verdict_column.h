/* verdict_column.h - three small numbers of a judgement in the one column `against` of the table of verdicts.
 * SPDX-License-Identifier: MIT
 *
 * The baseline alone, where nothing was dropped: as it was before drops were counted. */
#ifndef STORE_VERDICT_COLUMN_H
#define STORE_VERDICT_COLUMN_H

#include "judge/losses.h"

static inline uint64_t verdict_column(const struct judgement *judgement)
{
    static_assert(LOSSES_DROPPED_MAX <= INT32_MAX, "the column has a sign");
    return judgement->against | (uint64_t)judgement->dropped_share << 16 | (uint64_t)judgement->dropped << 32;
}

static inline void verdict_column_read(uint64_t column, struct judgement *ret_judgement)
{
    ret_judgement->against = (uint16_t)column;
    ret_judgement->dropped_share = (uint16_t)(column >> 16);
    ret_judgement->dropped = (uint32_t)(column >> 32);
}

#endif
