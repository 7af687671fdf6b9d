/* agenda.c - a binary heap.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/agenda.h"

#include <assert.h>

static bool is_before(const struct occurrence *a, const struct occurrence *b)
{
    return a->time_ms != b->time_ms ? a->time_ms < b->time_ms : a->order < b->order;
}

void agenda_add(struct agenda *agenda, const struct occurrence *occurrence)
{
    assert(agenda->count < AGENDA_MAX);
    struct occurrence added = *occurrence;
    uint32_t at = agenda->count++;

    added.order = agenda->order++;
    while (at > 0) {
        uint32_t parent = (at - 1) / 2;
        if (!is_before(&added, &agenda->heap[parent]))
            break;
        agenda->heap[at] = agenda->heap[parent];
        at = parent;
    }
    agenda->heap[at] = added;
}

void agenda_take(struct agenda *agenda, struct occurrence *ret_occurrence)
{
    assert(agenda->count > 0);
    *ret_occurrence = agenda->heap[0];
    uint32_t count = --agenda->count;
    const struct occurrence *last = &agenda->heap[count];
    uint32_t at = 0;

    for (uint32_t child = 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && is_before(&agenda->heap[child + 1], &agenda->heap[child]))
            child++;
        if (!is_before(&agenda->heap[child], last))
            break;
        agenda->heap[at] = agenda->heap[child];
        at = child;
    }
    agenda->heap[at] = *last;
}
