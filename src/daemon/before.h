/* before.h - the past of a metric, fixed readings: `before`, what it was until the candidate's first traffic,
 * from the window in memory and from the archive where that does not reach back far enough; and what it was
 * days ago, from the archive. SPDX-License-Identifier: MIT
 *
 * Of a metric of the whole service it is that series; of one with sides it is stable's, or the candidate's
 * own slot where both take turns in it. Of a histogram only what fell into the buckets that it has now. */
#ifndef DAEMON_BEFORE_H
#define DAEMON_BEFORE_H

#include "daemon/live.h"

/* Takes the readings that rules of this deployment want, once it is routed; later calls do nothing. Until an
 * archive has answered, its reading is loading. */
void before_take(struct live *live, const struct deployment_state *state);

/* The reading of a metric, of so many days ago or (0) `before`: loading while there is none. NULL: no rule
 * wants it. */
const struct series_view *before_view(const struct live *live, size_t metric, uint16_t days);

void before_free(struct live *live);

#endif
