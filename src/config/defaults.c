/* defaults.c - triggers that nobody wrote.
 * SPDX-License-Identifier: MIT */
#include "config/defaults.h"

#include "base/text.h"
#include "config/counted.h"
#include "config/strategies.h"

#include <string.h>

enum { KEYS_MAX = 3 };

#define KEY(key, value)                                                                                      \
    {                                                                                                        \
        .kind = NODE_TEXT, .name = (key), .text = (value)                                                    \
    }

static const struct {
    const char *name;
    const char *metric;
    size_t count;
    struct node keys[KEYS_MAX];
} defaults[DEFAULTS_MAX] = {
    {"default-errors",
     "lb_errors",
     3,
     {KEY("when", "avg(lb_errors, 30s) > 5% for 10s"), KEY("need", "20 requests"), KEY("then", "rollback")}},
    {"default-latency", "lb_time", 2, {KEY("when", "lb_time > 1000ms for 10s"), KEY("then", "rollback")}},
    {"default-availability", "lb_up", 2, {KEY("when", "lb_up < 99% for 10s"), KEY("then", "rollback")}},
};

static bool add(struct vars *vars, const struct node *at, size_t index, struct node *ret_trigger)
{
    struct node *keys = arena_take_array(vars->arena, KEYS_MAX, sizeof(*keys));

    if (keys == NULL)
        return report_node(vars->report, at,
                           "the definitions are larger than their memory; make them smaller");
    for (size_t i = 0; i < defaults[index].count; i++) {
        keys[i] = defaults[index].keys[i];
        keys[i].source = at->source;
        keys[i].line = at->line;
    }
    *ret_trigger = (struct node){.kind = NODE_GROUP,
                                 .name = defaults[index].name,
                                 .source = at->source,
                                 .line = at->line,
                                 .count = defaults[index].count,
                                 .children = keys};
    return true;
}

bool defaults_select(const struct config *config, struct vars *vars, const struct node *environment,
                     const char *kind, struct node *ret_triggers, size_t *ret_count)
{
    bool is_good = true;

    if (strcmp(kind, strategy_kinds[STRATEGY_BLUE_GREEN]) != 0 ||
        !counted_is_there(vars, config->schemas, environment))
        return true;
    for (size_t i = 0; i < DEFAULTS_MAX && is_good; i++)
        if (config_find(config, "metrics", defaults[i].metric) == NULL)
            is_good = add(vars, environment, i, &ret_triggers[(*ret_count)++]);
    return is_good;
}
