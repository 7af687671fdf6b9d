/* select.h - exactly what one deployment uses, filled in: the tree that is sealed, and built from.
 * SPDX-License-Identifier: MIT
 *
 *   seal: { format; service; environment; strategy; record; }
 *   rules: { baselines = [ ]; triggers = [ ]; smoke_tests = [ ]; }   notify: { }   target: { }
 *   strategies: { }  smoke_tests: { }  baselines: { }  triggers: { }  metrics: { }
 *
 * `target` is the environment without what stands elsewhere; its slots have all variables that apply to them.
 */
#ifndef CONFIG_SELECT_H
#define CONFIG_SELECT_H

#include "config/files.h"

enum { SELECT_BYTES_MAX = 4 * 1024 * 1024, SELECT_RULES_MAX = 64 };

struct selection {
    const struct config *config;
    const char *service;
    const char *environment;
    const char *strategy; /* NULL: the environment's */
    bool is_record;
    const struct node *lone; /* this service instead of the config's, or NULL */
};

/* NULL: findings were added. The tree lives in the arena, which need not outlive what is built from it. */
const struct node *select_tree(const struct selection *selection, struct arena *arena,
                               struct config_report *report);

#endif
