/* mirror.h - a batch of the simulation as the journal takes it, with the words that belong to it.
 * SPDX-License-Identifier: MIT */
#ifndef DISK_MIRROR_H
#define DISK_MIRROR_H

#include "store/journal.h"
#include "store/journal_text.h"

struct world;

enum { MIRROR_STARTS_MAX = 64, MIRROR_COPIES_MAX = 256 };

/* A copy whose versions have the journal's keys; all of it lives until the next one is made. */
struct mirror {
    struct batch batch;
    uint32_t target_count, run_count;
    struct target_state targets[MIRROR_COPIES_MAX];
    struct run_state runs[MIRROR_COPIES_MAX];
    struct journal_start starts[MIRROR_STARTS_MAX];
    struct journal_run_start run_starts[MIRROR_STARTS_MAX];
    struct journal_request requests[MIRROR_STARTS_MAX];
    struct journal_texts texts;
};

/* The simulation's versions are small numbers; the journal's keys stand for a text. 0 stays 0. */
uint64_t mirror_version(struct journal *journal, uint64_t version);
void mirror_target(struct journal *journal, const struct target_state *from, struct target_state *to);

void mirror_make(struct mirror *mirror, struct world *world, struct journal *journal,
                 const struct batch *batch);

/* How many audit rows it makes. */
uint32_t mirror_events(const struct batch *batch);

/* What the journal knows against what the ledger knows; "" where they say the same. */
void mirror_compare(struct world *world, struct journal *journal, char *ret_text, size_t size);

#endif
