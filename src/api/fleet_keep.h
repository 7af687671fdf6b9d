/* fleet_keep.h - rows of the journal that outlive the page that they were read with.
 * SPDX-License-Identifier: MIT */
#ifndef API_FLEET_KEEP_H
#define API_FLEET_KEEP_H

#include "base/arena.h"
#include "store/journal_run.h"
#include "store/journal_view.h"

/* Copies with all their texts into the arena; false: it is full (ERR_LIMIT). */
MUST_CHECK bool fleet_keep_deployment(struct arena *arena, const struct journal_deployment *row,
                                      struct journal_deployment *to, struct err *err);
MUST_CHECK bool fleet_keep_run(struct arena *arena, const struct journal_run *row, struct journal_run *to,
                               struct err *err);

#endif
