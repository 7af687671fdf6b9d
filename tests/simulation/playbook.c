/* playbook.c - rule files → plays.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/playbook.h"

#include "config/config.h"
#include "config/recovery.h"
#include "engine/snapshot.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The simulation is the only source and the only lever. */
static const struct option_schema model_collector = {.name = "model", .is_implicit = true};
static const struct option model_use[] = {
    {.name = "testers", .type = OPTION_BOOL, .fallback = "true", .help = "who comes before all users"},
};
static const struct option_schema model_driver = {
    .name = "model", .use = model_use, .use_count = ARRAY_LENGTH(model_use), .can_mirror = true};
static const struct option_schema model_gate = {.name = "model"};
static const struct option_schemas schemas = {
    .collectors = &model_collector,
    .collector_count = 1,
    .drivers = &model_driver,
    .driver_count = 1,
    .gates = &model_gate,
    .gate_count = 1,
};

struct entry {
    enum site_kind site;
    const char *name, *service, *environment, *strategy;
    bool is_brief, is_record;
};

static const struct entry entries[PLAY_COUNT] = {
    {SITE_SHOP, "shop/prod careful", "shop", "prod", "careful", false, false},
    {SITE_SHOP, "shop/prod rollout", "shop", "prod", "rollout", false, false},
    {SITE_BANK, "bank/prod thorough", "bank", "prod", "thorough", false, false},
    {SITE_BANK, "bank/prod noreturn", "bank", "prod", "noreturn", false, false},
    {SITE_MAIL, "mail/prod switch", "mail", "prod", "switch", false, false},
    {SITE_MAIL, "mail/prod trial", "mail", "prod", "trial", false, false},
    {SITE_MAIL, "mail/prod copied", "mail", "prod", "copied", false, false},
    {SITE_WIKI, "wiki/prod replace", "wiki", "prod", "replace", false, false},
    {SITE_DEV, "wiki/dev beside", "wiki", "dev", "beside", false, false},
    {SITE_DEV, "wiki/dev beside, recorded", "wiki", "dev", "beside", false, true},
    {SITE_FARM, "farm/prod gentle", "farm", "prod", "gentle", false, false},
    {SITE_SHOP, "shop/prod brief", "shop", "prod", "brief", true, false},
    {SITE_SHOP, "shop/prod dial", "shop", "prod", "dial", true, false},
    {SITE_BANK, "bank/prod many", "bank", "prod", "many", true, false},
    {SITE_BANK, "bank/prod hard", "bank", "prod", "hard", true, false},
    {SITE_MAIL, "mail/prod flip", "mail", "prod", "flip", true, false},
    {SITE_MAIL, "mail/prod peek", "mail", "prod", "peek", true, false},
    {SITE_MAIL, "mail/prod dark", "mail", "prod", "dark", true, false},
    {SITE_WIKI, "wiki/prod swap", "wiki", "prod", "swap", true, false},
    {SITE_DEV, "wiki/dev along", "wiki", "dev", "along", true, false},
    {SITE_DEV, "wiki/dev along, recorded", "wiki", "dev", "along", true, true},
    {SITE_FARM, "farm/prod hasty", "farm", "prod", "hasty", true, false},
};

static enum craft craft_of(const char *command)
{
    if (strcmp(command, "deploy") == 0)
        return CRAFT_DEPLOY;
    if (strcmp(command, "deploy/undo") == 0 || strcmp(command, "rollback") == 0)
        return CRAFT_UNDEPLOY;
    if (strcmp(command, "drain") == 0)
        return CRAFT_DRAIN;
    if (strcmp(command, "restore") == 0)
        return CRAFT_RESTORE;
    if (strcmp(command, "disaster") == 0 || strcmp(command, RECOVERY_COMMAND) == 0)
        return CRAFT_HEAL;
    return strcmp(command, "retire") == 0 ? CRAFT_RETIRE : CRAFT_NOTHING;
}

/* Sealed and unsealed, as a deployment is that lives through a restart (S12). */
static struct definition *resolve(const struct config *config, const struct entry *entry, struct err *err)
{
    struct definition *direct =
        config_resolve(config, entry->service, entry->environment, entry->strategy, entry->is_record, err);
    if (direct == NULL)
        return NULL;
    char *sealed =
        config_seal(config, entry->service, entry->environment, entry->strategy, entry->is_record, err);
    struct definition *definition = sealed == NULL ? NULL : config_unseal(sealed, &schemas, err);

    if (definition != NULL && snapshot_hash(definition->plan, sizeof(struct plan)) !=
                                  snapshot_hash(direct->plan, sizeof(struct plan))) {
        err_set(err, ERR_INTERNAL, "S12: %s: its seal makes another plan", entry->name);
        definition_free(definition);
        definition = NULL;
    }
    free(sealed);
    definition_free(direct);
    return definition;
}

static uint8_t measure_of(const char *metric)
{
    static const char *const names[MEASURE_COUNT] = {"errors", "memory", "crashes"};

    for (size_t i = 0; i < MEASURE_COUNT; i++)
        if (strcmp(names[i], metric) == 0)
            return (uint8_t)i;
    assert(false);
    return 0;
}

static void take_rule(struct play *play, size_t index)
{
    const struct definition *definition = play->definition;
    const struct rule_definition *rule = &definition->rules[index];

    play->rules[index] = &rule->rule;
    for (size_t i = 0; i < rule->rule.metric_count; i++)
        play->measured[index][i] = measure_of(definition->metrics[rule->metrics[i]].name);
}

static bool make_play(const struct config *config, const struct entry *entry, struct play *play,
                      struct err *err)
{
    play->name = entry->name;
    play->site = entry->site;
    play->is_brief = entry->is_brief;
    play->is_record = entry->is_record;
    play->definition = resolve(config, entry, err);
    if (play->definition == NULL)
        return err_wrap(err, "%s", entry->name);
    const struct definition *definition = play->definition;
    assert(definition->rule_count <= PLAYBOOK_RULES_MAX);
    assert(definition->command_count <= PLAYBOOK_COMMANDS_MAX);
    for (size_t i = 0; i < definition->rule_count; i++)
        take_rule(play, i);
    for (size_t i = 0; i < definition->command_count; i++)
        play->crafts[i] = craft_of(definition->commands[i].name);
    plan_expand_rollback(definition->plan, definition->plan->verify, &play->back);
    return true;
}

bool playbook_read(const char *folder, struct playbook *ret_playbook, struct err *err)
{
    struct config_report *report = calloc(1, sizeof(*report));
    bool is_good = true;

    assert(report != NULL);
    memset(ret_playbook, 0, sizeof(*ret_playbook));
    struct config *config = config_read_folder(folder, NULL, &schemas, report);
    if (report->count > 0) {
        char text[2 * ERR_TEXT_MAX];
        is_good =
            err_set(err, ERR_INVALID, "%s", config_finding_format(&report->findings[0], text, sizeof(text)));
    }
    for (size_t i = 0; is_good && i < PLAY_COUNT; i++)
        is_good = make_play(config, &entries[i], &ret_playbook->plays[i], err);
    config_free(config);
    free(report);
    return is_good;
}

void playbook_free(struct playbook *playbook)
{
    for (size_t i = 0; i < PLAY_COUNT; i++)
        definition_free(playbook->plays[i].definition);
}
