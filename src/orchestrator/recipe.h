/* recipe.h - what a strategy says before it is expanded to a plan, and the steps that each strategy uses when
 * its recipe names none. SPDX-License-Identifier: MIT */
#ifndef ORCHESTRATOR_RECIPE_H
#define ORCHESTRATOR_RECIPE_H

#include "orchestrator/plan.h"

enum {
    RECIPE_LIST_MAX = PLAN_STEPS_MAX, /* steps of a strategy's own list */
    RECIPE_WATCH_MS = 30 * 60 * 1000, /* where the recipe does not say */
    RECIPE_MINUTE_MS = 60 * 1000,
    RECIPE_SWITCH_MAX = 20, /* shares of a gradual switch, with the whole */
    RECIPE_OWN_MAX = 2
};

/* What a recipe says before it is expanded: one element of `steps = ( ... )`, or of a strategy's own default.
 */
struct recipe_step {
    uint16_t command; /* index in the definition, or PLAN_NONE; one of command, smoke, has_route, approvals,
                         has_replace, has_mirror, has_gate is set */
    uint16_t smoke;
    bool has_route;
    bool has_replace;
    bool has_mirror;
    bool has_gate;
    uint16_t gate;  /* has_gate: index in the definition */
    uint16_t share; /* of the traffic; has_mirror: of the requests that are copied; has_replace: of the hosts,
                       rounded up, where `hosts` is 0 */
    uint16_t hosts; /* has_replace: so many in all */
    uint16_t batch; /* has_replace: at a time; 0: 1 */
    uint16_t approvals;
    int64_t observe_ms; /* after a route, replacement or mirror; 0: none */
    int64_t watch_ms;   /* after the last one */
    int64_t limit_ms;   /* at_most or timeout; 0: the default */
    int64_t every_ms;   /* has_gate: between two asks; 0: the default */
    enum step_outcome on_limit;
};

struct recipe_command {
    bool exists;
    bool is_undone_first;
    enum command_repeat repeat;
    enum command_on_rollback on_rollback;
    uint16_t undo;  /* index of the command that undoes it, or PLAN_NONE */
    uint16_t probe; /* class PROBE: index of its probe */
    int64_t limit_ms;
    uint16_t tries_max;
};

/* What a shadow whose copies were fine leads to, where it has no steps of its own. */
enum shadow_then { SHADOW_STOP, SHADOW_CANARY, SHADOW_BLUE_GREEN };

struct recipe {
    enum strategy_kind strategy;
    bool is_record;
    bool has_traffic;
    bool is_in_place;    /* `deploy` takes the place of what serves */
    bool needs_approval; /* the environment's own approval comes first */
    uint16_t approvals;
    int64_t approval_limit_ms;
    enum step_outcome approval_on_limit;
    struct recipe_step gate; /* has_gate: the environment's own comes before the strategy's steps */
    uint8_t own_count;       /* its own commands, behind that; one that a step names runs there */
    uint16_t own[RECIPE_OWN_MAX];
    uint8_t step_count; /* 0: the strategy's default */
    struct recipe_step steps[PLAN_STEPS_MAX];
    uint16_t command_count;
    const struct recipe_command *commands;
    uint16_t deploy; /* commands with a fixed part, or PLAN_NONE */
    uint16_t retire;
    uint16_t rollback;
    bool has_disaster;
    uint16_t disaster; /* where has_disaster */
    uint16_t prepare;
    uint16_t warm_up;
    uint8_t switch_count; /* blue_green: the shares of a gradual switch, rising to the whole; 0: at once */
    uint16_t switches[RECIPE_SWITCH_MAX];
    int64_t switch_observe_ms; /* between them */
    enum shadow_then then;
    bool has_configure; /* on each host, before `deploy` */
    uint16_t configure; /* where has_configure */
    uint16_t drain;
    uint16_t restore;
    uint16_t host_count;      /* of the environment; 0: it has slots */
    uint16_t max_unavailable; /* hosts; 0: as large as the largest batch */
    uint16_t smoke;           /* the service's first smoke test, or PLAN_NONE */
    uint8_t rule_count;
    uint8_t rules[PLAN_RULES_MAX];
    uint32_t beside_stable;
    int64_t smoke_limit_ms; /* longest that one run of a smoke test takes */
    int64_t watch_ms;       /* follow: how long to watch; others: default watch */
    int64_t extend_ms; /* observations without a limit of their own may take so much longer; 0: default */
    enum step_outcome on_inconclusive; /* and lead to this; where extend_ms is set */
    int64_t source_extend_ms;          /* as in struct plan */
    enum step_outcome on_source_error; /* the same */
    int64_t retire_delay_ms;
    int64_t rollback_limit_ms;
    int64_t held_limit_ms;
    enum step_outcome on_held_limit;
};

/* A share on the way to the whole, and how long it is observed. */
struct recipe_rise {
    uint16_t share;
    int32_t observe_ms;
};

struct recipe_list {
    uint8_t count;
    struct recipe_step steps[RECIPE_LIST_MAX];
};

/* Append one step; a command or smoke test that does not exist (PLAN_NONE) is left out. */
void recipe_add_command(struct recipe_list *list, uint16_t command);
void recipe_add_smoke(struct recipe_list *list, uint16_t smoke);
void recipe_add_route(struct recipe_list *list, uint16_t share, int64_t observe_ms);

void recipe_add_mirror(struct recipe_list *list, uint16_t share, int64_t observe_ms);

/* `hosts` in all, or where that is 0 `share` of them. */
void recipe_add_replace(struct recipe_list *list, uint16_t hosts, uint16_t share, int64_t observe_ms);

/* The end of every list: all traffic (where `has_route`) and the watch, which holds when it stays
 * inconclusive. */
void recipe_add_watch(struct recipe_list *list, const struct recipe *recipe, bool has_route);

/* Deployed, tested, and then share after share up to the whole and its watch. */
void recipe_add_rises(struct recipe_list *list, const struct recipe *recipe, const struct recipe_rise *rises,
                      uint8_t count);

/* Append the strategy's own steps to an empty list. */
void canary_steps(const struct recipe *recipe, struct recipe_list *list);
void follow_steps(const struct recipe *recipe, struct recipe_list *list);
void recreate_steps(const struct recipe *recipe, struct recipe_list *list);
void blue_green_steps(const struct recipe *recipe, struct recipe_list *list);
void rolling_steps(const struct recipe *recipe, struct recipe_list *list);
void feature_flag_steps(const struct recipe *recipe, struct recipe_list *list);
void shadow_steps(const struct recipe *recipe, struct recipe_list *list);

#endif
