/* store_hook.h - where a real journal stands beside the simulated one: tests/disk. None in `simulate`.
 * SPDX-License-Identifier: MIT */
#ifndef SIMULATION_STORE_HOOK_H
#define SIMULATION_STORE_HOOK_H

#include "engine/batch.h"

#include <stdbool.h>
#include <stdio.h>

struct world;

enum store_trouble { STORE_FINE, STORE_FULL, STORE_BREAKS };
enum store_answer { STORE_WRITTEN, STORE_REFUSED, STORE_BROKEN };

struct store_hook {
    /* A new seed; and after the last one. */
    void (*begin)(struct world *world);
    void (*end)(void);
    /* The transaction, on a disk that has this trouble. */
    enum store_answer (*write)(struct world *world, const struct batch *batch, enum store_trouble trouble);
    /* The process ends. `batch`: was under way, NULL none; `is_given`: write() had it already, and broke.
     * True: what is found afterwards contains it. It also compares all of that with the ledger. */
    bool (*died)(struct world *world, const struct batch *batch, bool is_given, bool is_power_cut);
    void (*print)(FILE *to);
};

/* NULL: there is none. */
const struct store_hook *store_hook(void);

#endif
