/* vars.h - variables: which ones apply at a place, and texts filled with them.
 * SPDX-License-Identifier: MIT
 *
 * The innermost wins: slot, environment, service, the file of the service, the file of the text itself. What
 * differs by side ({{version}}, {{slot}} ..., and what is set in a slot) stays in the text. */
#ifndef CONFIG_VARS_H
#define CONFIG_VARS_H

#include "config/report.h"

enum { VARS_DEPTH_MAX = 8, VARS_TEXT_MAX = 16 * 1024 };

struct vars {
    struct arena *arena; /* of the filled texts and nodes */
    struct config_report *report;
    const char *service;     /* NULL: not known, and then what cannot be filled stays, and is no finding */
    const char *environment; /* NULL with a service: of its pipeline, which has none */
    const struct node *scopes[3]; /* innermost first; each may be NULL */
    const struct node *slots;     /* of the environment, may be NULL */
    bool is_unfilled;             /* set where a name was not known and service is NULL */
};

/* The text of a node filled in, or NULL. `has_sides`: what differs by side may stand in it. */
const char *vars_fill(struct vars *vars, const struct node *node, bool has_sides);

/* A deep copy with all its texts filled in; those that cannot be filled stay. False: findings were added. */
MUST_CHECK bool vars_copy(struct vars *vars, const struct node *from, bool has_sides, struct node *ret_to);

/* Is the name set in one of the slots? */
bool vars_in_slots(const struct vars *vars, const char *name);

/* The variable that applies outside of slots to a text of that source; NULL where there is none. */
const struct node *vars_find(const struct vars *vars, const struct source *source, const char *name);

#endif
