/* source_tally.c - counts of a source's answers.
 * SPDX-License-Identifier: MIT */
#include "collectors/source_tally.h"

#include "io/clock.h"

#include <stddef.h>

void source_tally_hear(struct source_tally *tally)
{
    if (tally != NULL)
        tally->heard_s = clock_wall_ms() / 1000;
}

void source_tally_ask(struct source_tally *tally, bool is_good)
{
    if (tally == NULL)
        return;
    if (is_good) {
        tally->answered++;
        source_tally_hear(tally);
    } else {
        tally->failed++;
    }
}

void source_tally_skew(struct source_tally *tally, int64_t skew_ms)
{
    if (tally == NULL)
        return;
    tally->skew_ms = skew_ms;
    tally->has_skew = true;
}
