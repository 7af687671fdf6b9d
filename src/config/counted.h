/* counted.h - metrics that are usable undeclared: lb_errors, lb_time and lb_up, what a traffic driver counts
 * itself of each slot, and signal_NAME, an alert that others post as a value: 1 it fires, 0 it does not.
 * SPDX-License-Identifier: MIT
 *
 * What was said of an alert counts for 15 minutes: who wants a pass of it repeats the 0 (a heartbeat).
 *
 * A driver counts where a collector of the same name can measure a slot (its metrics have the option `slot`):
 * then the driver's instance is a source of that name too. A metric of the operator's own goes before. */
#ifndef CONFIG_COUNTED_H
#define CONFIG_COUNTED_H

#include "config/vars.h"

enum { COUNTED_MAX = 4 };

/* Their definitions, without `source` and `backend`; the last one is CONDITION_ANY_SIGNAL. */
extern const struct node counted_metrics[COUNTED_MAX];

/* One of them, or NULL. */
const struct node *counted_find(const char *name);

/* Has the environment a driver that counts? */
bool counted_is_there(struct vars *vars, const struct option_schemas *schemas,
                      const struct node *environment);

/* Completes it for an environment, as if it stood at `at`, under this name; false: the environment has no
 * driver that counts, and that is a finding. The node's texts live in the arena of `vars`. */
MUST_CHECK bool counted_build(struct vars *vars, const struct option_schemas *schemas,
                              const struct node *environment, const struct node *at,
                              const struct node *counted, const char *name, struct node *ret_metric);

#endif
