/* hosts_from.h - `hosts_from: { exec = [ ... ]; }`: a command that prints the hosts of a rolling group, asked
 * before a deployment begins. What it printed is sealed in its place, so that the list never changes under
 * way. SPDX-License-Identifier: MIT */
#ifndef CONFIG_HOSTS_FROM_H
#define CONFIG_HOSTS_FROM_H

#include "config/options.h"

enum { HOSTS_FROM_LINE_MAX = 255 };

/* A definition that has it has no hosts, and a plan for PLAN_HOSTS_MAX of them. */
struct hosts_source {
    const char *const *arguments; /* argv; may hold {{version}} and {{previous}} */
    size_t argument_count;
    int64_t timeout_ms;
};

/* False: findings were added. After the slots, the traffic driver and `hosts`, which exclude it. */
MUST_CHECK bool hosts_from_build(const struct build *build, const struct node *hosts_from,
                                 struct definition *definition);

/* Is the command still to be asked? In mode record nobody needs to know. */
bool hosts_from_is_open(const struct definition *definition);

/* The sealed text with what the command printed in its place: one host in a line, written as in `hosts`;
 * empty lines do not count. malloc'ed; NULL: ERR_INVALID says which line is none, what comes twice, or that
 * there is none. */
char *hosts_from_seal(const char *sealed, const char *printed, struct err *err);

#endif
