/* lone.h - one rule by itself: where it stands, and what it is made of as if some service used it. For people
 * who read rules before a service does. SPDX-License-Identifier: MIT */
#ifndef CONFIG_LONE_H
#define CONFIG_LONE_H

#include "config/config.h"

struct rule_place {
    const char *group; /* "triggers", "baselines" or "smoke_tests" */
    const char *name;
    const char *file;
    unsigned line;
};

/* `name`: of a trigger, a baseline, or "BASELINE/METRIC". The texts live as long as the config. False: there
 * is none. */
MUST_CHECK bool lone_find(const struct config *config, const char *name, struct rule_place *ret_place);

/* The same for a smoke test. */
MUST_CHECK bool lone_find_smoke(const struct config *config, const char *name, struct rule_place *ret_place);

/* The nearest name of a rule, or NULL. */
const char *lone_nearest(const struct config *config, const char *name);

/* A deployment by `follow` that this rule alone judges, with the variables of its own file. NULL with the
 * first finding. */
struct definition *lone_resolve(const struct config *config, const struct rule_place *place, struct err *err);

#endif
