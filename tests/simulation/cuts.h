/* cuts.h - what can be left out of one seed: faults that hit, and what clients and people say. Each is known
 * by when and what it is, so that leaving one out does not rename the others.
 * SPDX-License-Identifier: MIT */
#ifndef SIMULATION_CUTS_H
#define SIMULATION_CUTS_H

#include <stdbool.h>
#include <stdint.h>

enum { CUTS_MAX = 1024, CUT_LABEL_MAX = 56 };

struct cut {
    uint64_t identity;
    int64_t time_ms;
    char label[CUT_LABEL_MAX];
};

struct cuts {
    uint32_t out_count;
    uint32_t count;
    uint64_t out[CUTS_MAX];    /* identities that are left out */
    struct cut seen[CUTS_MAX]; /* what happened */
};

/* True: it is left out; else it is noted down. */
bool cuts_take(struct cuts *cuts, uint64_t identity, int64_t time_ms, const char *label);

#endif
