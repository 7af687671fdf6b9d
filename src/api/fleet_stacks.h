/* fleet_stacks.h - infrastructure in a report of the fleet: what the newest looks at each stack found.
 * SPDX-License-Identifier: MIT
 *
 * Whoever asks sees the stacks that they may read. What was found before a stack was destroyed says nothing
 * of it any more, and is left out. */
#ifndef API_FLEET_STACKS_H
#define API_FLEET_STACKS_H

#include "base/text.h"
#include "store/stack.h"
#include "store/stack_look.h"

struct cJSON;
struct fleet_wish;

enum {
    FLEET_STACKS_MAX = STACKS_MAX, /* that are counted */
    FLEET_STACKS_SHOWN = 200       /* of them so many are shown one by one, the first by name */
};

struct fleet_look {
    uint64_t run;
    int64_t wall_ms; /* 0: there was none */
    bool is_good;
    struct stack_facts facts;
};

struct fleet_stack {
    char name[NAME_MAX_LENGTH + 1], environment[NAME_MAX_LENGTH + 1];
    struct fleet_look looks[LOOK_KIND_COUNT];
};

struct fleet_stacks {
    struct fleet_stack *rows; /* by name */
    size_t count;
    bool is_cut; /* there are more than are counted */
};

/* On a worker; `stacks` is empty before. */
MUST_CHECK bool fleet_stacks_read(struct journal_view *view, const struct fleet_wish *wish,
                                  struct fleet_stacks *stacks, struct err *err);
void fleet_stacks_done(struct fleet_stacks *stacks);

/* {"stacks":[...],"totals":{...},"cut":...}. A total says of how many stacks it is known. */
struct cJSON *fleet_stacks_shape(const struct fleet_stacks *stacks);

#endif
