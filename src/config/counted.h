/* counted.h - lb_errors and lb_time: what a traffic driver counts itself of each slot, usable undeclared.
 * SPDX-License-Identifier: MIT
 *
 * A driver counts where a collector of the same name can measure a slot (its metrics have the option `slot`):
 * then the driver's instance is a source of that name too. A metric of the operator's own goes before. */
#ifndef CONFIG_COUNTED_H
#define CONFIG_COUNTED_H

#include "config/vars.h"

enum { COUNTED_MAX = 2 };

/* Their definitions, without `source` and `backend`. */
extern const struct node counted_metrics[COUNTED_MAX];

/* One of them, or NULL. */
const struct node *counted_find(const char *name);

/* Completes it for an environment, as if it stood at `at`; false: the environment has no driver that counts,
 * and that is a finding. The node's texts live in the arena of `vars`. */
MUST_CHECK bool counted_build(struct vars *vars, const struct option_schemas *schemas,
                              const struct node *environment, const struct node *at,
                              const struct node *counted, struct node *ret_metric);

#endif
