/* source_clock.h - how far the clock of a source is from ours, by the Date of its answers.
 * SPDX-License-Identifier: MIT
 *
 * A source that is asked for a moment is asked by its own clock. What a cache answers is as old as it says
 * (Age). Date counts in whole seconds, and was written at some time between question and answer, so a small
 * difference is none. */
#ifndef COLLECTORS_SOURCE_CLOCK_H
#define COLLECTORS_SOURCE_CLOCK_H

#include "collectors/collector.h"
#include "io/http_client.h"

enum { SOURCE_CLOCK_TOLERATED_MS = 2000, SOURCE_CLOCK_WHOSE_MAX = 128 };

/* Of one source, whatever it asks: a line in the log where its first clock is corrected, and its last no
 * more. */
struct source_clocks {
    const struct collector_env *env;
    char whose[SOURCE_CLOCK_WHOSE_MAX]; /* "prometheus main" */
    size_t corrected;
};

struct source_clock {
    struct source_clocks *all;
    int64_t correction_ms; /* its clock minus ours, where that matters; or 0 */
};

void source_clocks_open(struct source_clocks *clocks, const struct collector_env *env, const char *kind,
                        const char *name);

/* Measures, for the tally as well. */
void source_clock_note(struct source_clock *clock, const struct http_answer *answer);
void source_clock_end(struct source_clock *clock); /* it is asked no more */

/* Our time since 1970 as the source has it. */
int64_t source_clock_wall_ms(const struct source_clock *clock);

#endif
