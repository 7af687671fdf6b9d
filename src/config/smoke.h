/* smoke.h - `smoke_tests: { NAME: { ... } }`: what a candidate must answer before users see it.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_SMOKE_H
#define CONFIG_SMOKE_H

#include "config/options.h"

enum { SMOKE_HEADERS_MAX = 8, SMOKE_BODY_MAX = 4096 }; /* of one check */

/* Beside its own time an attempt of a command may wait so long for verdict-runner to start it, and for its
 * end.
 */
enum { SMOKE_RUNNER_START_MS = 10 * 1000, SMOKE_RUNNER_MS = SMOKE_RUNNER_START_MS + 20 * 1000 };

/* False: findings were added. */
MUST_CHECK bool smoke_build(const struct build *build, const struct node *node,
                            struct smoke_definition *ret_smoke);

/* Longest time that one run takes against so many addresses. */
int64_t smoke_limit_ms(const struct smoke_definition *smoke, size_t address_count);

#endif
