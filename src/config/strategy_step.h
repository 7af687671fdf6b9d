/* strategy_step.h - `steps = ( { route = "5%"; observe = "5m"; }, ... )`: one of them.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_STRATEGY_STEP_H
#define CONFIG_STRATEGY_STEP_H

#include "config/patience.h"
#include "config/strategies.h"

/* Becomes the strategy's next step. False: findings were added. */
MUST_CHECK bool strategy_step_build(const struct build *build, const struct node *node,
                                    const struct definition *definition, const struct patience *patience,
                                    struct strategy *strategy);

/* A share like "5%", in whole hundredths of a percent. False: it is none. */
MUST_CHECK bool strategy_step_share(const char *text, uint16_t *ret_share);

#endif
