/* scrape_index.c - parts by the key of what they choose.
 * SPDX-License-Identifier: MIT */
#include "collectors/scrape_index.h"

#include "io/memory.h"

#include <stdlib.h>

enum { CHAINS_MIN = 16 };

struct scrape_index {
    size_t chain_count; /* a power of two */
    struct scrape_part *chains[];
};

struct scrape_index *scrape_index_new(size_t part_count_max)
{
    size_t count = CHAINS_MIN;

    while (count < part_count_max)
        count *= 2;
    struct scrape_index *index = memory_take(sizeof(*index) + count * sizeof(*index->chains));
    index->chain_count = count;
    return index;
}

void scrape_index_add(struct scrape_index *index, struct scrape_part *part)
{
    part->key = selector_key(part->selector);
    struct scrape_part **first = &index->chains[part->key & (index->chain_count - 1)];
    part->next = *first;
    *first = part;
}

void scrape_index_free(struct scrape_index *index)
{
    free(index);
}

size_t scrape_index_offer(const struct scrape_index *index, const char *reporter,
                          const struct labelled *value, int64_t now_ms)
{
    size_t compared = 0;

    for (size_t number = 0; number <= value->label_count; number++) {
        uint64_t key = selector_key_of(value, number);
        struct scrape_part *part = index->chains[key & (index->chain_count - 1)];
        for (; part != NULL; part = part->next, compared++)
            if (part->key == key && part->why->code == ERR_NONE)
                (void)!selection_add(&part->selection, part->selector, reporter, value, now_ms, part->why);
    }
    return compared;
}
