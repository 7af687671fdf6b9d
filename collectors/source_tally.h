/* source_tally.h - how often a source was asked, what came of it, when it last said something, and its clock.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_SOURCE_TALLY_H
#define COLLECTORS_SOURCE_TALLY_H

#include <stdbool.h>
#include <stdint.h>

struct source_tally {
    uint64_t answered, failed; /* requests; what is pushed to us is none */
    int64_t heard_s;           /* wall clock, of the last good answer or message; 0: none so far */
    int64_t skew_ms;           /* its clock minus ours, as last measured */
    bool has_skew;             /* it was */
};

/* A request has ended. `tally` NULL: nobody counts. */
void source_tally_ask(struct source_tally *tally, bool is_good);
/* Something good came, asked for or not. */
void source_tally_hear(struct source_tally *tally);
/* Its clock minus ours, by source_clock.h. */
void source_tally_skew(struct source_tally *tally, int64_t skew_ms);

#endif
