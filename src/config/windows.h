/* windows.h - deployment windows read.
 * SPDX-License-Identifier: MIT
 *
 *   windows: { office: { allow = [ "mon-thu 09:00-16:00 Europe/Berlin" ];  freeze = [ "2026-12-18/2027-01-04"
 * ]; }; };
 *
 * An environment names one, `window = "office"`, or has one of its own, `window: { ... }`. */
#ifndef CONFIG_WINDOWS_H
#define CONFIG_WINDOWS_H

#include "config/definition.h"
#include "config/options.h"
#include "config/vars.h"

/* In the children of an environment what `window` names takes the place of the name. */
bool windows_select(const struct config *config, struct vars *vars, struct node *children, size_t count);

/* Are its time zones known here? */
bool windows_check_zones(const struct option_schemas *schemas, struct config_report *report,
                         const struct node *node);

/* NULL: findings were added. */
const struct window *windows_build(const struct build *build, const struct node *node);

/* Finds what never fits: the plan's least time is longer than the window is ever open. */
bool windows_check(const struct build *build, const struct node *target, const struct definition *definition);

#endif
