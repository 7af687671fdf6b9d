/* strategies.c - recipes read.
 * SPDX-License-Identifier: MIT */
#include "config/strategies.h"

#include "config/patience.h"
#include "config/strategy_step.h"
#include "config/targets.h"

#include <string.h>

enum {
    STRATEGY_OPTION_KIND,
    STRATEGY_OPTION_WATCH,
    STRATEGY_OPTION_HOLD_LIMIT,
    STRATEGY_OPTION_ON_HOLD_LIMIT,
    STRATEGY_OPTION_ROLLBACK_LIMIT,
    STRATEGY_OPTION_MAX_UNAVAILABLE,
    STRATEGY_OPTION_SWITCH,
    STRATEGY_OPTION_OBSERVE,
    STRATEGY_OPTION_THEN,
    STRATEGY_OPTION_COUNT
};
enum { AFTER_RETIRE, AFTER_DELAY, AFTER_OPTION_COUNT };
enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS };

#define DAY_MS  (INT64_C(24) * 60 * MINUTE_MS)
#define WEEK_MS (7 * DAY_MS)

const char *const strategy_kinds[] = {"canary",  "follow",       "recreate", "blue_green",
                                      "rolling", "feature_flag", "shadow",   NULL};
static const char *const shadow_thens[] = {"stop", "canary", "blue_green", NULL}; /* enum shadow_then */

static const struct option options[STRATEGY_OPTION_COUNT] = {
    [STRATEGY_OPTION_KIND] = {.name = "kind",
                              .type = OPTION_CHOICE,
                              .is_required = true,
                              .choices = strategy_kinds,
                              .help = "which recipe it varies"},
    [STRATEGY_OPTION_WATCH] = {.name = "watch",
                               .type = OPTION_DURATION,
                               .min = SECOND_MS,
                               .max = WEEK_MS,
                               .help = "the watch at the end, where no step says it; 30m"},
    [STRATEGY_OPTION_HOLD_LIMIT] = {.name = "hold_limit",
                                    .type = OPTION_DURATION,
                                    .min = SECOND_MS,
                                    .max = WEEK_MS,
                                    .fallback = "4h",
                                    .help = "longest hold"},
    [STRATEGY_OPTION_ON_HOLD_LIMIT] = {.name = "on_hold_limit",
                                       .type = OPTION_CHOICE,
                                       .choices = target_outcomes,
                                       .fallback = "rollback",
                                       .help = "what a longer hold leads to"},
    [STRATEGY_OPTION_ROLLBACK_LIMIT] = {.name = "rollback_limit",
                                        .type = OPTION_DURATION,
                                        .min = SECOND_MS,
                                        .max = DAY_MS,
                                        .fallback = "60s",
                                        .help = "a rollback that takes longer escalates"},
    [STRATEGY_OPTION_MAX_UNAVAILABLE] = {.name = "max_unavailable",
                                         .type = OPTION_INTEGER,
                                         .min = 1,
                                         .max = PLAN_HOSTS_MAX,
                                         .help = "hosts out of service at a time; the largest batch"},
    [STRATEGY_OPTION_SWITCH] = {.name = "switch",
                                .type = OPTION_LIST,
                                .min = 1,
                                .max = RECIPE_SWITCH_MAX,
                                .help = "blue_green: increments like \"10%\", or a list of shares; at once"},
    [STRATEGY_OPTION_OBSERVE] = {.name = "observe",
                                 .type = OPTION_DURATION,
                                 .min = 100,
                                 .max = WEEK_MS,
                                 .fallback = "1m",
                                 .help = "how long each share of `switch` is observed"},
    [STRATEGY_OPTION_THEN] = {.name = "then",
                              .type = OPTION_CHOICE,
                              .choices = shadow_thens,
                              .fallback = "stop",
                              .help = "shadow without steps: what follows copies that were fine"},
};

static const struct option after_options[AFTER_OPTION_COUNT] = {
    [AFTER_RETIRE] = {.name = "retire",
                      .type = OPTION_TEXT,
                      .is_required = true,
                      .help = "\"stable\": the old slot, by the command `retire`"},
    [AFTER_DELAY] = {.name = "delay",
                     .type = OPTION_DURATION,
                     .min = 0,
                     .max = WEEK_MS,
                     .fallback = "1h",
                     .help = "how long the way back stays instant"},
};

bool strategies_is_kind(const char *name)
{
    for (size_t i = 0; strategy_kinds[i] != NULL; i++)
        if (strcmp(strategy_kinds[i], name) == 0)
            return true;
    return false;
}

static bool build_steps(const struct build *build, const struct node *node,
                        const struct definition *definition, const struct patience *patience,
                        struct strategy *strategy)
{
    const struct node *steps = tree_find(node, "steps");
    bool is_good = true;

    if (steps == NULL)
        return true;
    if (steps->kind != NODE_LIST || steps->count == 0)
        return report_node(build->report, steps,
                           "steps: takes a list ( { route = \"5%%\"; observe = \"5m\"; }, ... )");
    if (steps->count > PLAN_STEPS_MAX)
        return report_node(build->report, steps, "more than %d steps", PLAN_STEPS_MAX);
    for (size_t i = 0; i < steps->count; i++)
        is_good = strategy_step_build(build, &steps->children[i], definition, patience, strategy) && is_good;
    return is_good;
}

static bool build_after(const struct build *build, const struct node *node,
                        const struct definition *definition, struct recipe *recipe)
{
    static const struct shape shape = {.options = after_options, .count = AFTER_OPTION_COUNT};
    const struct node *after = tree_find(node, "after");
    struct option_value values[AFTER_OPTION_COUNT] = {{0}};

    if (after == NULL)
        return true;
    if (!options_read(build, after, &shape, values, NULL))
        return false;
    if (strcmp(values[AFTER_RETIRE].text, "stable") != 0)
        return report_node(build->report, tree_find(after, "retire"),
                           "retire: '%s' is not known; known: stable", values[AFTER_RETIRE].text);
    recipe->retire_delay_ms = values[AFTER_DELAY].duration_ms;
    if (definition == NULL)
        return true;
    recipe->retire = commands_find(definition, "retire");
    if (recipe->retire == PLAN_NONE)
        return report_node(build->report, after, "the environment has no command `retire`");
    return true;
}

static bool report_switch(const struct build *build, const struct node *node)
{
    return report_node(
        build->report, tree_find(node, "switch"),
        "switch takes an increment like \"10%%\", at least 5%%, or shares that rise to \"100%%\"");
}

/* One share is an increment, several are the shares themselves. */
static bool take_switch(const struct build *build, const struct node *node, const struct option_value *value,
                        struct recipe *recipe)
{
    uint16_t before = 0;

    if (recipe->strategy != STRATEGY_BLUE_GREEN)
        return report_node(build->report, tree_find(node, "switch"),
                           "switch belongs to kind = \"blue_green\"");
    for (size_t i = 0; i < value->list_length; i++) {
        uint16_t share = 0;
        if (!strategy_step_share(value->list[i], &share) || share <= before)
            return report_switch(build, node);
        before = recipe->switches[recipe->switch_count++] = share;
    }
    if (value->list_length > 1)
        return before == SHARE_WHOLE || report_switch(build, node);
    if (before < SHARE_WHOLE / RECIPE_SWITCH_MAX)
        return report_switch(build, node);
    for (uint32_t share = before; share < SHARE_WHOLE; share += before)
        recipe->switches[recipe->switch_count++] =
            share + before > SHARE_WHOLE ? SHARE_WHOLE : (uint16_t)(share + before);
    return true;
}

static bool take_then(const struct build *build, const struct node *node, const struct option_value *value,
                      struct recipe *recipe)
{
    const struct node *then = tree_find(node, "then");

    recipe->then = (enum shadow_then)value->choice;
    if (then != NULL && recipe->strategy != STRATEGY_SHADOW)
        return report_node(build->report, then, "then belongs to kind = \"shadow\"");
    if (then != NULL && tree_find(node, "steps") != NULL)
        return report_node(build->report, then,
                           "then goes without steps: those that route go on by themselves");
    return true;
}

/* A kind under its own name is the recipe that says nothing but its kind. */
static bool build_plain(const struct build *build, const char *name, const struct patience *patience,
                        struct strategy *strategy)
{
    static const struct source source = {.path = "", .text = ""};
    struct node kind = {.kind = NODE_TEXT, .name = "kind", .text = name, .source = &source};
    struct node node = {.kind = NODE_GROUP, .name = name, .source = &source, .count = 1, .children = &kind};

    return strategies_build(build, &node, name, NULL, patience, strategy);
}

bool strategies_build(const struct build *build, const struct node *node, const char *name,
                      const struct definition *definition, const struct patience *patience,
                      struct strategy *ret_strategy)
{
    static const char *const parts[] = {"steps", "after", NULL};
    static const struct shape shape = {.options = options, .count = STRATEGY_OPTION_COUNT, .parts = parts};
    struct option_value values[STRATEGY_OPTION_COUNT] = {{0}};
    struct recipe *recipe = &ret_strategy->recipe;

    if (node == NULL)
        return build_plain(build, name, patience, ret_strategy);
    memset(ret_strategy, 0, sizeof(*ret_strategy));
    recipe->retire = PLAN_NONE;
    if (!options_read(build, node, &shape, values, NULL))
        return false;
    recipe->strategy = (enum strategy_kind)values[STRATEGY_OPTION_KIND].choice;
    recipe->watch_ms = values[STRATEGY_OPTION_WATCH].duration_ms;
    recipe->held_limit_ms = values[STRATEGY_OPTION_HOLD_LIMIT].duration_ms;
    recipe->on_held_limit = (enum step_outcome)values[STRATEGY_OPTION_ON_HOLD_LIMIT].choice;
    recipe->max_unavailable = (uint16_t)values[STRATEGY_OPTION_MAX_UNAVAILABLE].number;
    recipe->rollback_limit_ms = values[STRATEGY_OPTION_ROLLBACK_LIMIT].duration_ms;
    patience_fill(patience, recipe);
    recipe->switch_observe_ms = values[STRATEGY_OPTION_OBSERVE].duration_ms;
    bool is_good = build_after(build, node, definition, recipe);
    is_good = take_then(build, node, &values[STRATEGY_OPTION_THEN], recipe) && is_good;
    if (values[STRATEGY_OPTION_SWITCH].is_set)
        is_good = take_switch(build, node, &values[STRATEGY_OPTION_SWITCH], recipe) && is_good;
    return build_steps(build, node, definition, patience, ret_strategy) && is_good;
}
