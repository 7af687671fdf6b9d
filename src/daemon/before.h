/* before.h - `before`: what a metric was until the candidate's first traffic, a fixed reading. From the
 * window in memory, and from the archive where that does not reach back far enough.
 * SPDX-License-Identifier: MIT
 *
 * Of a metric of the whole service it is that series; of one with sides it is stable's, or the candidate's
 * own slot where both take turns in it. Histograms are not archived: of them only the window counts. */
#ifndef DAEMON_BEFORE_H
#define DAEMON_BEFORE_H

#include "daemon/live.h"

/* Takes the readings that rules of this deployment want, once it is routed; later calls do nothing. Until an
 * archive has answered, its reading is loading. */
void before_take(struct live *live, const struct deployment_state *state);

/* The reading of a metric: loading while there is none. */
const struct series_view *before_view(const struct live *live, size_t metric);

void before_free(struct live *live);

#endif
