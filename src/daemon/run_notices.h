/* run_notices.h - what is told to the outside about runs: who is waited for, how they end, what drifted.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_RUN_NOTICES_H
#define DAEMON_RUN_NOTICES_H

#include "daemon/notices.h"
#include "daemon/run_live.h"

/* One row per event and receiver; beside notices_collect(). */
void run_notices_collect(struct notices *notices, struct daemon *daemon, const struct batch *batch);

/* What drifted, or does not any more. */
struct run_drift_news {
    const struct stack_place *place;
    const char *kind, *type, *sentence;
    bool is_urgent;
    uint32_t count; /* of resources */
    unsigned ends;  /* bits of enum notice_alert */
};
void run_notices_tell_drift(struct notices *notices, struct run_live *live, const struct run_state *state,
                            const struct run_drift_news *news, int64_t now_ms);

#endif
