/* scrape_index.c - parts by the key of what they choose.
 * SPDX-License-Identifier: MIT */
#include "collectors/scrape_index.h"

#include "base/hash.h"
#include "io/memory.h"

#include <stdlib.h>

enum { CHAINS_MIN = 16 };

/* Selectors that are alike: few for one name, since templates make them. */
struct scrape_likeness {
    struct scrape_likeness *next; /* of the same chain */
    uint64_t name;                /* its hash */
    const struct selector *like;
};

struct scrape_index {
    size_t chain_count;             /* a power of two */
    struct scrape_likeness **names; /* by the hash of their name */
    struct scrape_part **chains;    /* by their key */
};

struct scrape_index *scrape_index_new(size_t part_count_max)
{
    struct scrape_index *index = memory_take(sizeof(*index));

    index->chain_count = CHAINS_MIN;
    while (index->chain_count < 2 * part_count_max)
        index->chain_count *= 2;
    index->names = memory_take_array(index->chain_count, sizeof(struct scrape_likeness *));
    index->chains = memory_take_array(index->chain_count, sizeof(struct scrape_part *));
    return index;
}

static const struct scrape_likeness *find_likeness(struct scrape_index *index,
                                                   const struct selector *selector)
{
    uint64_t name = hash_text(HASH_BEGIN, selector_name(selector));
    struct scrape_likeness **first = &index->names[name & (index->chain_count - 1)];

    for (struct scrape_likeness *likeness = *first; likeness != NULL; likeness = likeness->next)
        if (likeness->name == name && selector_is_alike(likeness->like, selector))
            return likeness;
    struct scrape_likeness *likeness = memory_take(sizeof(*likeness));
    *likeness = (struct scrape_likeness){.next = *first, .name = name, .like = selector};
    *first = likeness;
    return likeness;
}

void scrape_index_add(struct scrape_index *index, struct scrape_part *part)
{
    part->likeness = find_likeness(index, part->selector);
    part->key = selector_key(part->selector);
    struct scrape_part **first = &index->chains[part->key & (index->chain_count - 1)];
    part->next = *first;
    *first = part;
}

void scrape_index_free(struct scrape_index *index)
{
    if (index == NULL)
        return;
    for (size_t i = 0; i < index->chain_count; i++) {
        while (index->names[i] != NULL) {
            struct scrape_likeness *likeness = index->names[i];
            index->names[i] = likeness->next;
            free(likeness);
        }
    }
    free(index->names);
    free(index->chains);
    free(index);
}

static size_t offer(const struct scrape_index *index, const struct scrape_likeness *likeness, uint64_t key,
                    const char *reporter, const struct labelled *value, int64_t now_ms)
{
    size_t compared = 0;

    for (struct scrape_part *part = index->chains[key & (index->chain_count - 1)]; part != NULL;
         part = part->next, compared++)
        if (part->key == key && part->likeness == likeness && part->why->code == ERR_NONE)
            (void)!selection_add(&part->selection, part->selector, reporter, value, now_ms, part->why);
    return compared;
}

size_t scrape_index_offer(const struct scrape_index *index, const char *reporter,
                          const struct labelled *value, int64_t now_ms)
{
    uint64_t name = hash_text(HASH_BEGIN, value->name);
    const struct scrape_likeness *likeness = index->names[name & (index->chain_count - 1)];
    uint64_t key = 0;
    size_t compared = 0;

    for (; likeness != NULL; likeness = likeness->next, compared++)
        if (likeness->name == name && selector_key_of(likeness->like, value, &key))
            compared += offer(index, likeness, key, reporter, value, now_ms);
    return compared;
}
