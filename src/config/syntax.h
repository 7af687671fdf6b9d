/* syntax.h - looks at a text before libconfig does, and says in words what libconfig only calls "syntax
 * error", or does not notice. SPDX-License-Identifier: MIT */
#ifndef CONFIG_SYNTAX_H
#define CONFIG_SYNTAX_H

#include "config/report.h"

enum { SYNTAX_DEPTH_MAX = 24 };

/* False: something was found. What passes, libconfig reads as it is meant. */
bool syntax_check(const struct source *source, struct config_report *report);

#endif
