/* selector_index.c - selectors by the key of what they say.
 * SPDX-License-Identifier: MIT */
#include "collectors/selector_index.h"

#include "base/hash.h"
#include "io/memory.h"

#include <stdlib.h>

enum { CHAINS_MIN = 16 };

/* Selectors that are alike: few for one name, since templates make them. */
struct selector_likeness {
    struct selector_likeness *next; /* of the same chain */
    uint64_t name;                  /* its hash */
    const struct selector *like;
};

struct selector_index {
    size_t chain_count;               /* a power of two */
    struct selector_likeness **names; /* by the hash of their name */
    struct selector_entry **chains;   /* by their key */
};

struct selector_index *selector_index_new(size_t entry_count_max)
{
    struct selector_index *index = memory_take(sizeof(*index));

    index->chain_count = CHAINS_MIN;
    while (index->chain_count < 2 * entry_count_max)
        index->chain_count *= 2;
    index->names = memory_take_array(index->chain_count, sizeof(struct selector_likeness *));
    index->chains = memory_take_array(index->chain_count, sizeof(struct selector_entry *));
    return index;
}

static const struct selector_likeness *find_likeness(struct selector_index *index,
                                                     const struct selector *selector)
{
    uint64_t name = hash_text(HASH_BEGIN, selector_name(selector));
    struct selector_likeness **first = &index->names[name & (index->chain_count - 1)];

    for (struct selector_likeness *likeness = *first; likeness != NULL; likeness = likeness->next)
        if (likeness->name == name && selector_is_alike(likeness->like, selector))
            return likeness;
    struct selector_likeness *likeness = memory_take(sizeof(*likeness));
    *likeness = (struct selector_likeness){.next = *first, .name = name, .like = selector};
    *first = likeness;
    return likeness;
}

void selector_index_add(struct selector_index *index, struct selector_entry *entry,
                        const struct selector *selector, void *owner)
{
    *entry = (struct selector_entry){
        .key = selector_key(selector), .likeness = find_likeness(index, selector), .owner = owner};
    struct selector_entry **first = &index->chains[entry->key & (index->chain_count - 1)];
    entry->next = *first;
    *first = entry;
}

void selector_index_free(struct selector_index *index)
{
    if (index == NULL)
        return;
    for (size_t i = 0; i < index->chain_count; i++) {
        while (index->names[i] != NULL) {
            struct selector_likeness *likeness = index->names[i];
            index->names[i] = likeness->next;
            free(likeness);
        }
    }
    free(index->names);
    free(index->chains);
    free(index);
}

/* Among those that are alike. */
static size_t try_alike(const struct selector_index *index, const struct selector_likeness *likeness,
                        uint64_t key, selector_index_try *try_one, void *data)
{
    const struct selector_entry *entry = index->chains[key & (index->chain_count - 1)];
    size_t compared = 0;

    for (; entry != NULL; entry = entry->next, compared++)
        if (entry->key == key && entry->likeness == likeness)
            try_one(data, entry->owner);
    return compared;
}

size_t selector_index_each(const struct selector_index *index, const struct labelled *value,
                           selector_index_try *try_one, void *data)
{
    uint64_t name = hash_text(HASH_BEGIN, value->name);
    const struct selector_likeness *likeness = index->names[name & (index->chain_count - 1)];
    uint64_t key = 0;
    size_t compared = 0;

    for (; likeness != NULL; likeness = likeness->next, compared++)
        if (likeness->name == name && selector_key_of(likeness->like, value, &key))
            compared += try_alike(index, likeness, key, try_one, data);
    return compared;
}
