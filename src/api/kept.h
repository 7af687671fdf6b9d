/* kept.h - deployments as they were read last, for who asks for them again: one that changes is let go, and
 * read anew.
 * SPDX-License-Identifier: MIT
 *
 * What is kept is what the journal says, as long as no batch about it became durable; its state comes from
 * the engine at every answer. Loop thread only. */
#ifndef API_KEPT_H
#define API_KEPT_H

#include "base/attributes.h"

#include <stdint.h>

enum { KEPT_MAX = 64 };

struct reading;

struct kept {
    struct reading *readings[KEPT_MAX]; /* a deployment has one place, whoever else had it */
};

/* NULL: it is to be read. */
const struct reading *kept_find(const struct kept *kept, uint64_t deployment);
/* Takes over a whole reading of one deployment that nobody works with any more. */
void kept_put(struct kept *kept, struct reading *reading);
/* It changed, or may have. */
void kept_drop(struct kept *kept, uint64_t deployment);
void kept_done(struct kept *kept);

#endif
