/* notice_cause.h - who did what a notice tells, and why: by the row of the event, not by who began it all.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_NOTICE_CAUSE_H
#define DAEMON_NOTICE_CAUSE_H

#include "daemon/run_live.h"

/* `actor` is "verdictd" where nobody asked for it; `reason` "" then. They live as long as the batch. */
struct notice_cause {
    const char *actor, *reason;
};

/* Of a trace of a deployment. A way back that goes on, or is over, is its who began it. */
struct notice_cause notice_cause_of(struct live *live, const struct batch_row *row);

/* Of a run in this batch, and of one task of it, or UINT8_MAX. */
struct notice_cause notice_cause_of_run(const struct run_live *live, const struct batch *batch, uint8_t task);

/* What it is about is remembered with it; NULL: nobody's word. */
struct said_word *notice_cause_keep(struct said_word *former, const char *actor, const char *reason);
struct notice_cause notice_cause_kept(const struct said_word *word);

#endif
