/* live_log.h - lines of the log about one deployment or one run, with the fields that such lines are found
 * and joined by: its id, whose it is, its trace.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_LIVE_LOG_H
#define DAEMON_LIVE_LOG_H

#include "daemon/run_live.h"

void live_log(const struct live *live, enum log_level level, const char *format, ...) PRINTF_LIKE(3, 4);
void run_live_log(const struct run_live *live, enum log_level level, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Of one that may have left our memory: with its id alone then. */
void live_log_of(struct daemon *daemon, uint64_t deployment, enum log_level level, const char *format, ...)
    PRINTF_LIKE(4, 5);
void run_live_log_of(struct daemon *daemon, uint64_t run, enum log_level level, const char *format, ...)
    PRINTF_LIKE(4, 5);

#endif
