/* scrape_index.h - who wants which values of a page; thousands may read one page of thousands of values.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_SCRAPE_INDEX_H
#define COLLECTORS_SCRAPE_INDEX_H

#include "collectors/selector.h"

#include <stddef.h>
#include <stdint.h>

struct scrape_likeness;

/* One of the things that a reader chooses. */
struct scrape_part {
    struct scrape_part *next; /* of the same chain of the index */
    uint64_t key;             /* among those that are alike */
    const struct scrape_likeness *likeness;
    struct selector *selector;
    struct selection selection; /* of the round under way */
    struct err *why;            /* the reader's: what was selected is none */
};

struct scrape_index;

/* Parts that are added stay where they are until it is freed. */
struct scrape_index *scrape_index_new(size_t part_count_max);
void scrape_index_add(struct scrape_index *index, struct scrape_part *part);
void scrape_index_free(struct scrape_index *index); /* NULL is fine */

/* The value goes into the selections that it fits. With how many it was compared. */
size_t scrape_index_offer(const struct scrape_index *index, const char *reporter,
                          const struct labelled *value, int64_t now_ms);

#endif
