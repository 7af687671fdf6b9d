/* assemble.c - definitions put together.
 * SPDX-License-Identifier: MIT */
#include "config/assemble.h"

#include "config/block.h"
#include "config/gates.h"
#include "config/hosts.h"
#include "config/metrics.h"
#include "config/moves.h"
#include "config/notify.h"
#include "config/placed_files.h"
#include "config/recovery.h"
#include "config/rules.h"
#include "config/sharing.h"
#include "config/smoke.h"
#include "config/strategies.h"
#include "config/targets.h"
#include "config/windows.h"
#include "judge/baseline.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SEAL_FORMAT, SEAL_SERVICE, SEAL_ENVIRONMENT, SEAL_STRATEGY, SEAL_RECORD, SEAL_OPTION_COUNT };
enum { SEAL_FORMAT_NOW = 1 };

/* After the deadline of a command come TERM, 5 s of grace and KILL: the end that the runner tells of them
 * comes before the guess that it is lost. */
enum { COMMAND_END_MS = 7000 };

static const struct option seal_options[SEAL_OPTION_COUNT] = {
    [SEAL_FORMAT] = {.name = "format",
                     .type = OPTION_INTEGER,
                     .is_required = true,
                     .min = SEAL_FORMAT_NOW,
                     .max = SEAL_FORMAT_NOW,
                     .help = "of the sealed text"},
    [SEAL_SERVICE] = {.name = "service",
                      .type = OPTION_TEXT,
                      .is_required = true,
                      .help = "what is deployed"},
    [SEAL_ENVIRONMENT] = {.name = "environment", .type = OPTION_TEXT, .is_required = true, .help = "where"},
    [SEAL_STRATEGY] = {.name = "strategy",
                       .type = OPTION_TEXT,
                       .is_required = true,
                       .help = "by which recipe"},
    [SEAL_RECORD] = {.name = "record", .type = OPTION_BOOL, .is_required = true, .help = "judge only"},
};

/* What is shared while one definition is put together. */
struct assembly {
    struct build build;
    const struct node *root;
    struct definition *definition;
    struct condition_metric *outlines;
    struct rule_list rules;
    struct approval approval;
    struct recipe_step gate; /* the environment's own, where it has one */
    struct gate_definition gate_asked;
    struct strategy strategy;
    struct recipe_command commands[DEFINITION_COMMANDS_MAX];
    bool is_record;
};

static size_t count_of(const struct node *group)
{
    return group == NULL || group->kind != NODE_GROUP ? 0 : group->count;
}

static bool build_seal(struct assembly *assembly)
{
    static const struct shape shape = {.options = seal_options, .count = SEAL_OPTION_COUNT};
    const struct node *seal = tree_find(assembly->root, "seal");
    struct option_value values[SEAL_OPTION_COUNT] = {{0}};

    if (seal == NULL)
        return report_node(assembly->build.report, assembly->root, "this is no sealed text");
    if (!options_read(&assembly->build, seal, &shape, values, NULL))
        return false;
    assembly->definition->service = values[SEAL_SERVICE].text;
    assembly->definition->environment = values[SEAL_ENVIRONMENT].text;
    assembly->definition->strategy = values[SEAL_STRATEGY].text;
    assembly->is_record = values[SEAL_RECORD].flag;
    return true;
}

static bool too_many(const struct assembly *assembly, const struct node *group, size_t max)
{
    if (count_of(group) <= max)
        return false;
    (void)report_node(assembly->build.report, group, "more than %zu %s in one deployment", max, group->name);
    return true;
}

static bool build_metrics(struct assembly *assembly)
{
    const struct node *group = tree_find(assembly->root, "metrics");
    struct definition *definition = assembly->definition;
    size_t count = count_of(group);
    bool is_good = true;

    if (too_many(assembly, group, DEFINITION_METRICS_MAX))
        return false;
    struct metric_definition *metrics =
        options_array(&assembly->build, assembly->root, count + 1, sizeof(*metrics));
    assembly->outlines =
        options_array(&assembly->build, assembly->root, count + 1, sizeof(*assembly->outlines));
    if (metrics == NULL || assembly->outlines == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (metrics_build(&assembly->build, &group->children[i], &metrics[i]))
            assembly->outlines[i] = metrics_outline(&assembly->build, &metrics[i]);
        else
            is_good = false;
    }
    definition->metrics = metrics;
    definition->metric_count = count;
    return is_good;
}

static bool build_smokes(struct assembly *assembly)
{
    const struct node *group = tree_find(assembly->root, "smoke_tests");
    size_t count = count_of(group);
    bool is_good = true;

    if (too_many(assembly, group, DEFINITION_SMOKE_MAX))
        return false;
    struct smoke_definition *smokes =
        options_array(&assembly->build, assembly->root, count + 1, sizeof(*smokes));
    if (smokes == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        is_good = smoke_build(&assembly->build, &group->children[i], &smokes[i]) && is_good;
    assembly->definition->smokes = smokes;
    assembly->definition->smoke_count = count;
    return is_good;
}

/* At most one rule of each trigger and of each metric that a baseline compares. Room for more would be memory
 * of every deployment. */
static size_t rules_room(const struct node *baselines, const struct node *triggers)
{
    size_t count = count_of(triggers) + 1; /* the measured share */

    for (size_t i = 0; i < count_of(baselines); i++)
        count += count_of(tree_find(&baselines->children[i], "compare")) + 1; /* and its score */
    return count < PLAN_RULES_MAX ? count : PLAN_RULES_MAX;
}

/* The environment asks for it by an option of its traffic driver. */
static bool is_measured(const struct assembly *assembly)
{
    const struct definition *definition = assembly->definition;

    if (definition->driver == SIZE_MAX || definition->driver_options == NULL)
        return false;
    const struct option_schema *driver = &assembly->build.schemas->drivers[definition->driver];
    size_t at = option_find(driver->use, driver->use_count, "measured");
    return at < driver->use_count && definition->driver_options[at].flag;
}

/* Holds a step up, never more. */
static bool build_share(struct assembly *assembly)
{
    const struct node *at = tree_find(tree_find(assembly->root, "target"), "measured");
    struct rule_list *list = &assembly->rules;
    size_t metric = 0;

    if (!is_measured(assembly))
        return true;
    while (metric < list->metric_count && strcmp(list->metrics[metric].name, "lb_errors") != 0)
        metric++;
    if (metric == list->metric_count || list->metrics[metric].kind != SERIES_COUNT)
        return report_node(assembly->build.report, at,
                           "measured: lb_errors is the operator's own and no counter");
    struct rule_definition *rule = rules_add(list, at);
    if (rule == NULL)
        return false;
    rule->name = "share";
    rule->text = "the candidate gets the share that it was given";
    rule->rule = (struct rule){.kind = RULE_SHARE, .outcome = RULE_HOLD, .metric_count = 1};
    rules_use_metric(list, rule, 0, metric);
    return true;
}

static bool build_rules(struct assembly *assembly)
{
    const struct node *triggers = tree_find(assembly->root, "triggers");
    const struct node *baselines = tree_find(assembly->root, "baselines");
    struct rule_list *list = &assembly->rules;
    bool is_good = true;

    *list = (struct rule_list){
        .build = &assembly->build,
        .outlines = assembly->outlines,
        .metrics = assembly->definition->metrics,
        .metric_count = assembly->definition->metric_count,
        .rules = options_array(&assembly->build, assembly->root, rules_room(baselines, triggers) + 1,
                               sizeof(struct rule_definition)),
    };
    if (list->rules == NULL)
        return false;
    for (size_t i = 0; i < count_of(baselines); i++)
        is_good = baselines_build(list, &baselines->children[i]) && is_good;
    for (size_t i = 0; i < count_of(triggers); i++)
        is_good = triggers_build(list, &triggers->children[i]) && is_good;
    is_good = build_share(assembly) && is_good;
    assembly->definition->rules = list->rules;
    assembly->definition->rule_count = list->rule_count;
    return is_good;
}

static bool build_target(struct assembly *assembly)
{
    const struct node *target = tree_find(assembly->root, "target");
    struct definition *definition = assembly->definition;

    if (target == NULL)
        return report_node(assembly->build.report, assembly->root, "this is no sealed text");
    bool is_good = targets_build(&assembly->build, target, definition);
    is_good =
        approval_build(&assembly->build, tree_find(target, "approval"), definition, &assembly->approval) &&
        is_good;
    is_good =
        gates_build(&assembly->build, tree_find(target, "gate"), &assembly->gate, &assembly->gate_asked) &&
        is_good;
    return notify_build(&assembly->build, tree_find(assembly->root, "notify"), &definition->notify) &&
           is_good;
}

static bool is_same_list(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
    for (size_t i = 0; a_count == b_count && i < a_count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return a_count == b_count;
}

/* Steps that ask people ask the same ones as the environment's approval. */
static bool merge_approvers(struct assembly *assembly, const struct node *at)
{
    struct definition *definition = assembly->definition;
    const struct strategy *strategy = &assembly->strategy;

    if (strategy->approvers == NULL)
        return true;
    if (definition->needs_approval && !is_same_list(definition->approvers, definition->approver_count,
                                                    strategy->approvers, strategy->approver_count))
        return report_node(
            assembly->build.report, at,
            "the steps of '%s' ask others than the environment's approval; this version knows one list",
            definition->strategy);
    definition->approvers = strategy->approvers;
    definition->approver_count = strategy->approver_count;
    return true;
}

/* Those of the steps, and behind them the environment's. */
static bool merge_gates(struct assembly *assembly)
{
    struct definition *definition = assembly->definition;
    const struct strategy *strategy = &assembly->strategy;
    struct gate_definition *gates =
        options_array(&assembly->build, assembly->root, strategy->gate_count + 1, sizeof(*gates));

    if (gates == NULL)
        return false;
    memcpy(gates, strategy->gates, strategy->gate_count * sizeof(*gates));
    definition->gates = gates;
    definition->gate_count = strategy->gate_count;
    if (!assembly->gate.has_gate)
        return true;
    assembly->gate.gate = (uint16_t)definition->gate_count;
    gates[definition->gate_count++] = assembly->gate_asked;
    return true;
}

static bool build_strategy(struct assembly *assembly)
{
    const struct definition *definition = assembly->definition;
    const struct node *node = tree_find(tree_find(assembly->root, "strategies"), definition->strategy);
    const struct node *target = tree_find(assembly->root, "target");

    if (node == NULL && !strategies_is_kind(definition->strategy))
        return report_node(assembly->build.report, assembly->root, "strategy '%s' is not in the text",
                           definition->strategy);
    return strategies_build(&assembly->build, node, definition->strategy, definition,
                            &assembly->rules.patience, &assembly->strategy) &&
           merge_approvers(assembly, target) && merge_gates(assembly);
}

static size_t most_addresses(const struct definition *definition)
{
    size_t most = 0;

    for (size_t i = 0; i < definition->slot_count; i++)
        if (definition->slots[i].address_count > most)
            most = definition->slots[i].address_count;
    return most;
}

/* Addresses that are asked in one go: of a slot, or of the hosts that are away at a time. */
static size_t most_asked(const struct definition *definition, const struct recipe *recipe)
{
    size_t most = most_addresses(definition);

    for (uint8_t i = 0; i < recipe->step_count; i++)
        if (recipe->steps[i].batch > most)
            most = recipe->steps[i].batch;
    return recipe->max_unavailable > most ? recipe->max_unavailable : most;
}

static int64_t longest_smoke(const struct definition *definition, const struct recipe *recipe)
{
    size_t most = most_asked(definition, recipe);
    int64_t longest_ms = 0;

    for (size_t i = 0; i < definition->smoke_count; i++) {
        int64_t limit_ms = smoke_limit_ms(&definition->smokes[i], most);
        longest_ms = limit_ms > longest_ms ? limit_ms : longest_ms;
    }
    return longest_ms;
}

/* Needs traffic of stable: a comparison that may fall back on the past does not. */
static bool is_beside_stable(const struct rule *rule)
{
    bool has_past = baseline_names(rule, BASELINE_BEFORE) || baseline_names(rule, BASELINE_DAYS);

    return rule->kind != RULE_TRIGGER && !has_past;
}

/* Where one version takes the place of the other without a traffic driver, nothing ever serves beside the
 * candidate: a comparison with stable stays inconclusive, and is only written down; as the measured share is.
 */
static void fill_rule(struct recipe *recipe, const struct rule *rule, size_t index)
{
    bool is_alone = recipe->strategy == STRATEGY_RECREATE && !recipe->has_traffic;

    recipe->rules[index] = (uint8_t)rules_part(rule);
    if (!is_beside_stable(rule))
        return;
    recipe->beside_stable |= UINT32_C(1) << index;
    if (is_alone && !rule->is_scored)
        recipe->rules[index] = PLAN_RULE_RECORD;
}

/* What the environment has done before any step of a strategy. */
static void fill_own(const struct definition *definition, struct recipe *recipe)
{
    bool has_hosts = definition->host_count > 0 || definition->hosts_from != NULL;

    recipe->prepare = definition->has_prepare ? PLAN_NONE : commands_find(definition, "prepare");
    if (definition->prepare != PLAN_NONE)
        recipe->own[recipe->own_count++] = definition->prepare;
    recipe->has_configure = definition->configure != PLAN_NONE && has_hosts;
    recipe->configure = definition->configure;
    if (definition->configure != PLAN_NONE && !has_hosts)
        recipe->own[recipe->own_count++] = definition->configure;
}

static void fill_recipe(struct assembly *assembly)
{
    const struct definition *definition = assembly->definition;
    struct recipe *recipe = &assembly->strategy.recipe;

    recipe->is_record = assembly->is_record;
    recipe->has_traffic = definition->driver != SIZE_MAX;
    recipe->is_in_place =
        recipe->strategy == STRATEGY_RECREATE && (!recipe->has_traffic || definition->slot_count < 2);
    recipe->needs_approval = assembly->approval.is_set;
    recipe->approvals = assembly->approval.need;
    recipe->approval_limit_ms = assembly->approval.timeout_ms;
    recipe->approval_on_limit = assembly->approval.on_timeout;
    recipe->gate = assembly->gate;
    for (size_t i = 0; i < definition->command_count; i++) {
        const struct command_definition *command = &definition->commands[i];
        assembly->commands[i] = (struct recipe_command){
            .exists = true,
            .is_undone_first = command->is_undone_first,
            .repeat = command->repeat,
            .on_rollback = command->on_rollback,
            .undo = command->undo,
            .probe = command->probe,
            .limit_ms = command->timeout_ms + COMMAND_END_MS,
            .tries_max = command->tries_max,
        };
    }
    recipe->command_count = (uint16_t)definition->command_count;
    recipe->commands = assembly->commands;
    recipe->deploy = commands_find(definition, "deploy");
    recipe->rollback = commands_find(definition, "rollback");
    recipe->disaster = definition->recovery == NULL ? commands_find(definition, "disaster")
                                                    : definition->recovery->reference;
    recipe->has_disaster = recipe->disaster != PLAN_NONE;
    fill_own(definition, recipe);
    recipe->warm_up = commands_find(definition, "warm-up");
    recipe->drain = commands_find(definition, "drain");
    recipe->restore = commands_find(definition, "restore");
    recipe->smoke = definition->smoke_count > 0 ? 0 : PLAN_NONE;
    recipe->smoke_limit_ms = longest_smoke(definition, recipe);
    recipe->host_count = definition->hosts_from != NULL ? PLAN_HOSTS_MAX : (uint16_t)definition->host_count;
    recipe->rule_count = (uint8_t)definition->rule_count;
    for (size_t i = 0; i < definition->rule_count; i++)
        fill_rule(recipe, &definition->rules[i].rule, i);
}

static bool build_plan(struct assembly *assembly)
{
    const struct node *target = tree_find(assembly->root, "target");
    uint8_t step = 0;

    assembly->definition->plan = options_array(&assembly->build, assembly->root, 1, sizeof(struct plan));
    if (assembly->definition->plan == NULL)
        return false;
    fill_recipe(assembly);
    enum plan_fault fault = plan_expand(&assembly->strategy.recipe, assembly->definition->plan, &step);
    if (fault == PLAN_FINE)
        return true;
    const struct node *at = assembly->strategy.recipe.step_count > 0 ? assembly->strategy.steps[step] : NULL;
    return report_node(assembly->build.report, at == NULL ? target : at,
                       "strategy '%s' for %s/%s, step %u: %s", assembly->definition->strategy,
                       assembly->definition->service, assembly->definition->environment, step + 1u,
                       plan_fault_text(fault));
}

/* Two versions side by side need two places. */
static bool check_places(struct assembly *assembly)
{
    const struct definition *definition = assembly->definition;
    const struct node *target = tree_find(assembly->root, "target");
    const struct plan *plan = definition->plan;

    if (plan->has_traffic && plan->strategy != STRATEGY_RECREATE && definition->slot_count < 2)
        return report_node(assembly->build.report, target,
                           "strategy '%s' needs two slots, one for each version", definition->strategy);
    return moves_check(&assembly->build, target, definition) &&
           hosts_check(&assembly->build, target, definition) &&
           placed_files_check(&assembly->build, target, definition) &&
           windows_check(&assembly->build, target, definition);
}

static bool build_all(struct assembly *assembly)
{
    if (!build_seal(assembly))
        return false;
    bool is_good = build_target(assembly);
    is_good = build_smokes(assembly) && is_good;
    is_good = build_metrics(assembly) && build_rules(assembly) && is_good;
    /* Steps name commands and smoke tests: only where these are right is more to be said. */
    return is_good && build_strategy(assembly) && build_plan(assembly) && check_places(assembly);
}

/* NULL: findings were added, or `bytes_max` is too little. */
static struct definition *build_within(const struct build *build, const struct node *root, size_t bytes_max)
{
    struct arena arena;
    struct assembly assembly = {.build = *build, .root = root};

    block_arena(&arena, bytes_max);
    assembly.build.arena = &arena;
    assembly.definition = arena_take(&arena, sizeof(*assembly.definition));
    if (build_all(&assembly)) {
        assembly.definition->bytes = arena.used;
        return assembly.definition;
    }
    free(arena.memory);
    return NULL;
}

/* Built twice: once to see how much it takes, and once into just that, which stays as long as a deployment.
 */
struct definition *assemble(const struct node *root, const struct option_schemas *schemas,
                            const char *const *known, size_t known_count, struct config_report *report)
{
    struct build build = {
        .schemas = schemas, .report = report, .known_metrics = known, .known_metric_count = known_count};
    struct definition *first = build_within(&build, root, ASSEMBLE_BYTES_MAX);

    if (first == NULL)
        return NULL;
    size_t bytes = first->bytes;
    definition_free(first);
    struct definition *definition = build_within(&build, root, bytes);
    assert(definition != NULL);
    return definition;
}

void definition_free(struct definition *definition)
{
    if (definition != NULL && definition->common != NULL)
        definition_release(definition->common);
    free(definition);
}
