/* slots.h - `slots: { NAME: { ... } }` of an environment, filled in: every slot has all variables that apply
 * to it. SPDX-License-Identifier: MIT */
#ifndef CONFIG_SLOTS_H
#define CONFIG_SLOTS_H

#include "config/vars.h"

/* False: findings were added. */
MUST_CHECK bool slots_select(struct vars *vars, const struct node *slots, struct node *ret_slots);

#endif
