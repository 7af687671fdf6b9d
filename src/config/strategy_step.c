/* strategy_step.c - one step of a recipe's `steps`, read.
 * SPDX-License-Identifier: MIT */
#include "config/strategy_step.h"

#include "base/text.h"
#include "config/targets.h"

#include <math.h>
#include <string.h>

enum {
    STEP_OPTION_COMMAND,
    STEP_OPTION_SMOKE,
    STEP_OPTION_ROUTE,
    STEP_OPTION_MIRROR,
    STEP_OPTION_APPROVE,
    STEP_OPTION_GATE, /* a step is one of these, of `replace`, or only an observation */
    STEP_OPTION_OBSERVE,
    STEP_OPTION_WATCH,
    STEP_OPTION_AT_MOST,
    STEP_OPTION_ON_INCONCLUSIVE,
    STEP_OPTION_NEED,
    STEP_OPTION_TIMEOUT,
    STEP_OPTION_ON_TIMEOUT,
    STEP_OPTION_BATCH,
    STEP_OPTION_EVERY,
    STEP_OPTION_COUNT
};
enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, NAMES_MAX = DEFINITION_COMMANDS_MAX };

#define WEEK_MS (INT64_C(7) * 24 * 60 * MINUTE_MS)

static const struct option step_options[STEP_OPTION_COUNT] = {
    [STEP_OPTION_COMMAND] = {.name = "command", .type = OPTION_TEXT, .help = "a command of the environment"},
    [STEP_OPTION_SMOKE] = {.name = "smoke", .type = OPTION_TEXT, .help = "a smoke test"},
    [STEP_OPTION_ROUTE] = {.name = "route",
                           .type = OPTION_TEXT,
                           .help = "share of the traffic, like \"5%\"; \"0%\": testers alone"},
    [STEP_OPTION_MIRROR] = {.name = "mirror",
                            .type = OPTION_TEXT,
                            .help = "share of the requests that are copied"},
    [STEP_OPTION_APPROVE] =
        {.name = "approve", .type = OPTION_LIST, .min = 1, .max = 32, .help = "who is asked"},
    [STEP_OPTION_GATE] = {.name = "gate",
                          .type = OPTION_TEXT,
                          .help = "which other system is asked, like \"web:change\""},
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
                             .help = "longest wait for people, or for a gate"},
    [STEP_OPTION_ON_TIMEOUT] = {.name = "on_timeout",
                                .type = OPTION_CHOICE,
                                .choices = target_outcomes,
                                .help = "what their silence means"},
    [STEP_OPTION_BATCH] = {.name = "batch",
                           .type = OPTION_INTEGER,
                           .min = 1,
                           .max = PLAN_HOSTS_MAX,
                           .help = "hosts that are replaced at a time; 1"},
    [STEP_OPTION_EVERY] = {.name = "every",
                           .type = OPTION_DURATION,
                           .min = SECOND_MS,
                           .max = 60 * MINUTE_MS,
                           .help = "pause between two asks at a gate; 30s"},
};

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
bool strategy_step_share(const char *text, uint16_t *ret_share)
{
    double share = strchr(text, '%') == NULL ? NAN : rules_share(text) * SHARE_WHOLE;

    if (!(share >= 1 && share <= SHARE_WHOLE && fabs(share - (double)lround(share)) < 1e-6))
        return false;
    *ret_share = (uint16_t)lround(share);
    return true;
}

static bool take_share(const struct build *build, const struct node *node, const char *name, const char *text,
                       struct recipe_step *step)
{
    if (step->has_route && strcmp(text, "0%") == 0) /* testers alone */
        return true;
    if (!strategy_step_share(text, &step->share))
        return report_node(build->report, node,
                           "%s: '%s' is not like \"5%%\", from 0.01%% to 100%% in steps of 0.01%%", name,
                           text);
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
        if (!strategy_step_share(node->text, &step->share))
            return report_node(build->report, node, "replace: '%s' is not a count of hosts, or like \"50%%\"",
                               node->text);
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

static bool take_gate(const struct build *build, const struct node *node, const struct option_value *values,
                      struct strategy *strategy, struct recipe_step *step)
{
    const struct node *at = tree_find(node, "gate");

    if (strategy->gate_count == GATES_MAX)
        return report_node(build->report, at, "more than %d gates", GATES_MAX);
    step->has_gate = true;
    step->gate = (uint16_t)strategy->gate_count;
    step->every_ms = values[STEP_OPTION_EVERY].duration_ms;
    step->limit_ms = values[STEP_OPTION_TIMEOUT].duration_ms;
    step->on_limit = (enum step_outcome)values[STEP_OPTION_ON_TIMEOUT].choice;
    return gates_take(build, at, values[STEP_OPTION_GATE].text, &strategy->gates[strategy->gate_count++]);
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
    {STEP_OPTION_TIMEOUT, STEP_OPTION_APPROVE, STEP_OPTION_GATE},
    {STEP_OPTION_ON_TIMEOUT, STEP_OPTION_APPROVE, STEP_OPTION_GATE},
    {STEP_OPTION_EVERY, STEP_OPTION_GATE, STEP_OPTION_GATE},
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

    for (size_t i = STEP_OPTION_COMMAND; i <= STEP_OPTION_GATE; i++)
        kinds_set += values[i].is_set;
    if (kinds_set > 1)
        return report_node(build->report, node,
                           "a step is one of command, smoke, route, mirror, replace, approve and gate");
    if (kinds_set == 0 && !observes)
        return report_node(
            build->report, node,
            "a step needs one of command, smoke, route, mirror, replace, approve, gate, observe, watch");
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

bool strategy_step_build(const struct build *build, const struct node *node,
                         const struct definition *definition, const struct patience *patience,
                         struct strategy *strategy)
{
    static const char *const parts[] = {"replace", NULL};
    static const struct shape shape = {.options = step_options, .count = STEP_OPTION_COUNT, .parts = parts};
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
    else if (values[STEP_OPTION_GATE].is_set)
        is_good = take_gate(build, node, values, strategy, &step);
    else if (tree_find(node, "replace") != NULL)
        is_good = take_replace(build, tree_find(node, "replace"), values, &step);
    strategy->steps[strategy->recipe.step_count] = node;
    strategy->recipe.steps[strategy->recipe.step_count++] = step;
    return is_good;
}
