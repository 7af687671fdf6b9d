/* groups.h - `groups: { NAME: { services; environment; } }`: services that are deployed together, and are
 * taken back together.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_GROUPS_H
#define CONFIG_GROUPS_H

#include "config/files.h"
#include "config/options.h"
#include "config/run_definition.h"

/* Finds what is wrong with a group as it stands in a rule file: unknown services, environments that they do
 * not have, members that cannot wait for the others or cannot go back with them. */
void groups_check(const struct config *config, const struct build *build, const struct node *group);

/* The group with the versions of its services, as it is sealed; in the arena. */
MUST_CHECK bool groups_fill(const struct node *group, const struct run_member *members, size_t count,
                            struct arena *arena, struct node *ret_filled, struct err *err);

/* Builds what a filled group says: one stage, a deployment of each service, all together. False: findings
 * were added. */
MUST_CHECK bool groups_build(const struct build *build, const struct node *group,
                             struct run_definition *definition);

#endif
