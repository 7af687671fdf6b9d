/* moves.h - is a plan one that its traffic driver can move?
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_MOVES_H
#define CONFIG_MOVES_H

#include "config/definition.h"
#include "config/options.h"

/* False: findings were added. `at`: where to report. */
MUST_CHECK bool moves_check(const struct build *build, const struct node *at,
                            const struct definition *definition);

#endif
