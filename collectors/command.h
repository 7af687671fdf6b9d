/* command.h - the collector that starts programs and reads what they print.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_COMMAND_H
#define COLLECTORS_COMMAND_H

#include "collectors/collector.h"

/* All commands of the daemon together: what moves traffic goes through the same runner, which has few places
 * and keeps the end of each command for two hours. */
enum {
    COMMAND_RUNNING_MAX = 2,
    COMMAND_PACE_MS = 2000, /* between two starts */
    COMMAND_EVERY_MIN_MS = 5000
};

extern const struct collector_type command_collector;

#endif
