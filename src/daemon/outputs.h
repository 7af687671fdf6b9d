/* outputs.h - what commands printed, read from the runner for the API: a page at a time, within a deadline.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_OUTPUTS_H
#define DAEMON_OUTPUTS_H

#include "daemon/daemon.h"

enum {
    OUTPUTS_PAGE_MAX = 64,            /* outputs in one answer */
    OUTPUTS_PAGE_BYTES = 1024 * 1024, /* past it the page ends */
    OUTPUTS_ASKINGS_MAX = 16,         /* at once, else ERR_LIMIT */
    OUTPUTS_LIMIT_MS = 5000           /* of one page */
};

/* Of struct api_env. */
void outputs_start(void *daemon, const struct api_outputs_wanted *wanted, api_outputs_told *done,
                   void *done_data);
/* Forgets what is under way, after the runner went. */
void outputs_drop(struct daemon *daemon);

#endif
