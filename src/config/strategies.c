/* strategies.c - recipes read.
 * SPDX-License-Identifier: MIT */
#include "config/strategies.h"

#include "base/text.h"
#include "config/patience.h"
#include "config/targets.h"

#include <math.h>
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
enum {
    STEP_OPTION_COMMAND,
    STEP_OPTION_SMOKE,
    STEP_OPTION_ROUTE,
    STEP_OPTION_MIRROR,
    STEP_OPTION_APPROVE, /* a step is one of these, of `replace`, or only an observation */
    STEP_OPTION_OBSERVE,
    STEP_OPTION_WATCH,
    STEP_OPTION_AT_MOST,
    STEP_OPTION_ON_INCONCLUSIVE,
    STEP_OPTION_NEED,
    STEP_OPTION_TIMEOUT,
    STEP_OPTION_ON_TIMEOUT,
    STEP_OPTION_BATCH,
    STEP_OPTION_COUNT
};
enum { AFTER_RETIRE, AFTER_DELAY, AFTER_OPTION_COUNT };
enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, NAMES_MAX = DEFINITION_COMMANDS_MAX };

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

static const struct option step_options[STEP_OPTION_COUNT] = {
    [STEP_OPTION_COMMAND] = {.name = "command", .type = OPTION_TEXT, .help = "a command of the environment"},
    [STEP_OPTION_SMOKE] = {.name = "smoke", .type = OPTION_TEXT, .help = "a smoke test"},
    [STEP_OPTION_ROUTE] = {.name = "route", .type = OPTION_TEXT, .help = "share of the traffic, like \"5%\""},
    [STEP_OPTION_MIRROR] = {.name = "mirror",
                            .type = OPTION_TEXT,
                            .help = "share of the requests that are copied"},
    [STEP_OPTION_APPROVE] =
        {.name = "approve", .type = OPTION_LIST, .min = 1, .max = 32, .help = "who is asked"},
    [STEP_OPTION_OBSERVE] = {.name = "observe",
                             .type = OPTION_DURATION,
                             .min = 100,
                             .max = WEEK_MS,
                             .help = "how long this share is observed"},
    [STEP_OPTION_WATCH] = {.name = "watch",
                           .type = OPTION_DURATION,
                           .min = 100,
                           .max = WEEK_MS,
                           .help = "how long the end is watched"},
    [STEP_OPTION_AT_MOST] = {.name = "at_most",
                             .type = OPTION_DURATION,
                             .min = 100,
                             .max = WEEK_MS,
                             .help = "longest wait for a verdict"},
    [STEP_OPTION_ON_INCONCLUSIVE] = {.name = "on_inconclusive",
                                     .type = OPTION_CHOICE,
                                     .choices = target_outcomes,
                                     .help = "what no verdict leads to"},
    [STEP_OPTION_NEED] =
        {.name = "need", .type = OPTION_INTEGER, .min = 1, .max = 32, .help = "how many approve"},
    [STEP_OPTION_TIMEOUT] = {.name = "timeout",
                             .type = OPTION_DURATION,
                             .min = SECOND_MS,
                             .max = WEEK_MS,
                             .help = "longest wait for people"},
    [STEP_OPTION_ON_TIMEOUT] = {.name = "on_timeout",
                                .type = OPTION_CHOICE,
                                .choices = target_outcomes,
                                .help = "what their silence means"},
    [STEP_OPTION_BATCH] = {.name = "batch",
                           .type = OPTION_INTEGER,
                           .min = 1,
                           .max = PLAN_HOSTS_MAX,
                           .help = "hosts that are replaced at a time; 1"},
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

static bool report_unknown_command(const struct build *build, const struct node *node,
                                   const struct definition *definition, const char *name)
{
    const char *names[NAMES_MAX];

    for (size_t i = 0; i < definition->command_count; i++)
        names[i] = definition->commands[i].name;
    return report_unknown(build->report, node, "command", name, names, definition->command_count);
}

static bool take_command(const struct build *build, const struct node *node,
                         const struct definition *definition, const char *name, struct recipe_step *step)
{
    if (definition == NULL)
        step->command = 0;
    else
        step->command = commands_find(definition, name);
    return step->command != PLAN_NONE || report_unknown_command(build, node, definition, name);
}

static bool take_smoke(const struct build *build, const struct node *node,
                       const struct definition *definition, const char *name, struct recipe_step *step)
{
    step->smoke = 0;
    if (definition == NULL)
        return true;
    for (size_t i = 0; i < definition->smoke_count; i++) {
        step->smoke = (uint16_t)i;
        if (strcmp(definition->smokes[i].name, name) == 0)
            return true;
    }
    return report_node(build->report, node, "unknown smoke test '%s'", name);
}

/* Of hundredths of a percent whole ones. */
static bool is_share(double share)
{
    return share >= 1 && share <= SHARE_WHOLE && fabs(share - (double)lround(share)) < 1e-6;
}

static bool take_share(const struct build *build, const struct node *node, const char *name, const char *text,
                       struct recipe_step *step)
{
    double share = strchr(text, '%') == NULL ? NAN : rules_share(text) * SHARE_WHOLE;

    if (!is_share(share))
        return report_node(build->report, node,
                           "%s: '%s' is not like \"5%%\", from 0.01%% to 100%% in steps of 0.01%%", name,
                           text);
    step->share = (uint16_t)lround(share);
    return true;
}

/* `replace = 2` or `replace = "50%"` */
static bool take_replace(const struct build *build, const struct node *node,
                         const struct option_value *values, struct recipe_step *step)
{
    static const struct option count = {
        .name = "replace", .type = OPTION_INTEGER, .min = 1, .max = PLAN_HOSTS_MAX};
    struct option_value value = {0};

    step->has_replace = true;
    step->batch = (uint16_t)values[STEP_OPTION_BATCH].number;
    if (node->kind == NODE_TEXT) {
        double share = strchr(node->text, '%') == NULL ? NAN : rules_share(node->text) * SHARE_WHOLE;
        if (!is_share(share))
            return report_node(build->report, node, "replace: '%s' is not a count of hosts, or like \"50%%\"",
                               node->text);
        step->share = (uint16_t)lround(share);
        return true;
    }
    if (!options_value(build, node, &count, &value))
        return false;
    step->hosts = (uint16_t)value.number;
    return true;
}

static bool take_approve(const struct build *build, const struct node *node,
                         const struct option_value *values, struct strategy *strategy,
                         struct recipe_step *step)
{
    const struct option_value *people = &values[STEP_OPTION_APPROVE];
    bool is_same = strategy->approvers == NULL || strategy->approver_count == people->list_length;

    for (size_t i = 0; is_same && strategy->approvers != NULL && i < people->list_length; i++)
        is_same = strcmp(strategy->approvers[i], people->list[i]) == 0;
    if (!is_same)
        return report_node(build->report, tree_find(node, "approve"),
                           "this version knows one list of approvers per deployment");
    strategy->approvers = people->list;
    strategy->approver_count = people->list_length;
    step->approvals = values[STEP_OPTION_NEED].is_set ? (uint16_t)values[STEP_OPTION_NEED].number : 1;
    step->limit_ms = values[STEP_OPTION_TIMEOUT].duration_ms;
    step->on_limit = (enum step_outcome)values[STEP_OPTION_ON_TIMEOUT].choice;
    return true;
}

static void take_observation(const struct option_value *values, const struct patience *patience,
                             struct recipe_step *step)
{
    int64_t longest_ms = 0;

    step->observe_ms = values[STEP_OPTION_OBSERVE].duration_ms;
    step->watch_ms = values[STEP_OPTION_WATCH].duration_ms;
    step->limit_ms = values[STEP_OPTION_AT_MOST].duration_ms;
    step->on_limit = step->watch_ms > 0 ? OUTCOME_HOLD : OUTCOME_ROLLBACK;
    longest_ms = step->watch_ms > step->observe_ms ? step->watch_ms : step->observe_ms;
    if (patience->other.is_set) {
        step->on_limit = patience->other.outcome;
        if (step->limit_ms == 0)
            step->limit_ms = longest_ms + patience->other.extend_ms;
    }
    if (values[STEP_OPTION_ON_INCONCLUSIVE].is_set)
        step->on_limit = (enum step_outcome)values[STEP_OPTION_ON_INCONCLUSIVE].choice;
}

/* Each of these options needs one of its companions in the same step. */
static const struct {
    size_t option;
    size_t needs;
    size_t or_needs;
} companions[] = {
    {STEP_OPTION_AT_MOST, STEP_OPTION_OBSERVE, STEP_OPTION_WATCH},
    {STEP_OPTION_ON_INCONCLUSIVE, STEP_OPTION_OBSERVE, STEP_OPTION_WATCH},
    {STEP_OPTION_NEED, STEP_OPTION_APPROVE, STEP_OPTION_APPROVE},
    {STEP_OPTION_TIMEOUT, STEP_OPTION_APPROVE, STEP_OPTION_APPROVE},
    {STEP_OPTION_ON_TIMEOUT, STEP_OPTION_APPROVE, STEP_OPTION_APPROVE},
};

/* Shares, copies and hosts are what may be observed in the same step. */
static bool is_observable(const struct node *node)
{
    return tree_find(node, "route") != NULL || tree_find(node, "mirror") != NULL ||
           tree_find(node, "replace") != NULL;
}

static bool check_step(const struct build *build, const struct node *node, const struct option_value *values)
{
    size_t kinds_set = tree_find(node, "replace") != NULL;
    bool observes = values[STEP_OPTION_OBSERVE].is_set || values[STEP_OPTION_WATCH].is_set;

    for (size_t i = STEP_OPTION_COMMAND; i <= STEP_OPTION_APPROVE; i++)
        kinds_set += values[i].is_set;
    if (kinds_set > 1)
        return report_node(build->report, node,
                           "a step is one of command, smoke, route, mirror, replace and approve");
    if (kinds_set == 0 && !observes)
        return report_node(
            build->report, node,
            "a step needs one of command, smoke, route, mirror, replace, approve, observe, watch");
    if (kinds_set == 1 && observes && !is_observable(node))
        return report_node(
            build->report, node,
            "observe and watch stand with a route, mirror or replace, or in a step of their own");
    if (values[STEP_OPTION_BATCH].is_set && tree_find(node, "replace") == NULL)
        return report_node(build->report, tree_find(node, "batch"), "batch goes with replace");
    for (size_t i = 0; i < ARRAY_LENGTH(companions); i++)
        if (values[companions[i].option].is_set && !values[companions[i].needs].is_set &&
            !values[companions[i].or_needs].is_set)
            return report_node(build->report, tree_find(node, step_options[companions[i].option].name),
                               "%s goes with %s", step_options[companions[i].option].name,
                               step_options[companions[i].needs].name);
    return true;
}

static bool build_step(const struct build *build, const struct node *node,
                       const struct definition *definition, const struct patience *patience,
                       struct strategy *strategy)
{
    static const char *const parts[] = {"replace", NULL};
    static const char *const later[] = {"gate", NULL};
    static const struct shape shape = {
        .options = step_options, .count = STEP_OPTION_COUNT, .parts = parts, .later = later};
    struct option_value values[STEP_OPTION_COUNT] = {{0}};
    struct recipe_step step = {.command = PLAN_NONE, .smoke = PLAN_NONE};
    bool is_good = true;

    if (!options_read(build, node, &shape, values, NULL) || !check_step(build, node, values))
        return false;
    take_observation(values, patience, &step);
    step.has_route = values[STEP_OPTION_ROUTE].is_set;
    step.has_mirror = values[STEP_OPTION_MIRROR].is_set;
    if (values[STEP_OPTION_COMMAND].is_set)
        is_good = take_command(build, node, definition, values[STEP_OPTION_COMMAND].text, &step);
    else if (values[STEP_OPTION_SMOKE].is_set)
        is_good = take_smoke(build, node, definition, values[STEP_OPTION_SMOKE].text, &step);
    else if (step.has_route)
        is_good = take_share(build, node, "route", values[STEP_OPTION_ROUTE].text, &step);
    else if (step.has_mirror)
        is_good = take_share(build, node, "mirror", values[STEP_OPTION_MIRROR].text, &step);
    else if (values[STEP_OPTION_APPROVE].is_set)
        is_good = take_approve(build, node, values, strategy, &step);
    else if (tree_find(node, "replace") != NULL)
        is_good = take_replace(build, tree_find(node, "replace"), values, &step);
    strategy->steps[strategy->recipe.step_count] = node;
    strategy->recipe.steps[strategy->recipe.step_count++] = step;
    return is_good;
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
        is_good = build_step(build, &steps->children[i], definition, patience, strategy) && is_good;
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
        double share = strchr(value->list[i], '%') == NULL ? NAN : rules_share(value->list[i]) * SHARE_WHOLE;
        if (!is_share(share) || lround(share) <= before)
            return report_switch(build, node);
        before = recipe->switches[recipe->switch_count++] = (uint16_t)lround(share);
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
    static const char *const later[] = {"increments", NULL};
    static const struct shape shape = {
        .options = options, .count = STRATEGY_OPTION_COUNT, .parts = parts, .later = later};
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
