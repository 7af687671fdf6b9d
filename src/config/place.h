/* place.h - where in the rule files something of a service stands. SPDX-License-Identifier: MIT */
#ifndef CONFIG_PLACE_H
#define CONFIG_PLACE_H

#include "config/config.h"

struct config_place {
    const char *file; /* lives as long as the config */
    unsigned line;
};

/* `what` as a rehearsal names it: "metric error_rate", "command deploy", "command deploy/undo",
 * "smoke test basic/health", "traffic"; of anything else, and of what is not there, the service's
 * environment. False: there is no such environment either. */
MUST_CHECK bool config_place_of(const struct config *config, const char *service, const char *environment,
                                const char *what, struct config_place *ret_place);

#endif
