/* selector_index.h - whose selectors a value may fit: thousands may read one text of thousands of values.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_SELECTOR_INDEX_H
#define COLLECTORS_SELECTOR_INDEX_H

#include "collectors/selector.h"

#include <stddef.h>
#include <stdint.h>

struct selector_index;
struct selector_likeness;

struct selector_entry {
    struct selector_entry *next; /* of the same chain of the index */
    uint64_t key;                /* among those that are alike */
    const struct selector_likeness *likeness;
    void *owner; /* the caller's */
};

/* Entries that are added stay where they are until it is freed, and their selectors as well. */
struct selector_index *selector_index_new(size_t entry_count_max);
void selector_index_add(struct selector_index *index, struct selector_entry *entry,
                        const struct selector *selector, void *owner);
void selector_index_free(struct selector_index *index); /* NULL is fine */

/* Each entry whose selector the value may fit, once; which it does not fit are most of the others. With how
 * many it was compared. */
typedef void selector_index_try(void *data, void *owner);
size_t selector_index_each(const struct selector_index *index, const struct labelled *value,
                           selector_index_try *try_one, void *data);

#endif
