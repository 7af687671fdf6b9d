/* explain.c - verdict explain RULE: a rule or a smoke test of a file in plain words. An ID goes to the daemon
 * (report.c).
 * SPDX-License-Identifier: MIT */
#include "cli/rule_words.h"
#include "cli/schemas.h"
#include "cli/smoke_words.h"
#include "cli/verb.h"
#include "config/lone.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { USERS_SHOWN_MAX = 8, RULE_NOT_GOOD = 1 };

/* Which services use the rule, and the first of them as it uses it. */
struct search {
    const struct config *config;
    const struct rule_place *place;
    struct definition *definition;
    size_t user_count;
    char users[USERS_SHOWN_MAX][2 * NAME_MAX_LENGTH + 2];
};

/* "http" names the rule "http" and, of a baseline, all of "http/...". */
static bool covers(const char *place, const char *rule)
{
    size_t length = strlen(place);

    return strncmp(place, rule, length) == 0 && (rule[length] == '\0' || rule[length] == '/');
}

static bool is_smoke(const struct rule_place *place)
{
    return strcmp(place->group, "smoke_tests") == 0;
}

static bool uses(const struct definition *definition, const struct rule_place *place)
{
    for (size_t i = 0; is_smoke(place) && i < definition->smoke_count; i++)
        if (strcmp(definition->smokes[i].name, place->name) == 0)
            return true;
    for (size_t i = 0; !is_smoke(place) && i < definition->rule_count; i++)
        if (covers(place->name, definition->rules[i].name))
            return true;
    return false;
}

static void note_user(void *data, const char *service, const char *environment)
{
    struct search *search = data;
    struct err err = {0};
    struct definition *definition = config_resolve(search->config, service, environment, NULL, false, &err);
    bool is_used = false;

    if (definition != NULL)
        is_used = uses(definition, search->place);
    if (is_used && search->user_count < USERS_SHOWN_MAX)
        (void)snprintf(search->users[search->user_count], sizeof(search->users[0]), "%s/%s", service,
                       environment);
    search->user_count += is_used;
    if (is_used && search->definition == NULL)
        search->definition = definition;
    else
        definition_free(definition);
}

static void add_users(const struct search *search, struct text *text)
{
    if (search->user_count == 0) {
        text_add(text, "  used by      no service of these files; the variables are those of its own file\n");
        return;
    }
    text_add(text, "  used by     ");
    for (size_t i = 0; i < search->user_count && i < USERS_SHOWN_MAX; i++)
        text_add(text, " %s%s", search->users[i], i + 1 < search->user_count ? "," : "");
    if (search->user_count > USERS_SHOWN_MAX)
        text_add(text, " and %zu more", search->user_count - USERS_SHOWN_MAX);
    text_add(text, "%s", search->user_count > 1 ? "; the numbers are the first one's\n" : "\n");
}

static void print(const struct cli *cli, const struct search *search, const char *words)
{
    if (!cli->is_json) {
        (void)fputs(words, stdout);
        return;
    }
    cJSON *answer = cJSON_CreateObject();
    cJSON_AddStringToObject(answer, "rule", cli->words[0]);
    cJSON_AddStringToObject(answer, "file", search->place->file);
    cJSON_AddNumberToObject(answer, "line", search->place->line);
    cJSON_AddStringToObject(answer, "text", words);
    char *text = json_print(answer);
    verb_print_json(cli, text);
    free(text);
    cJSON_Delete(answer);
}

static const char *rules_of(const struct cli *cli)
{
    const struct option_value *rules = verb_value(cli, "rules");

    return rules->is_set ? rules->text : "/etc/verdictd/rules.d";
}

static const char *kind_name(const struct rule_place *place)
{
    if (is_smoke(place))
        return "smoke test";
    return strcmp(place->group, "triggers") == 0 ? "trigger" : "baseline";
}

static void add_words(const struct search *search, const char *name, struct text *text)
{
    const struct definition *definition = search->definition;

    for (size_t i = 0; is_smoke(search->place) && i < definition->smoke_count; i++)
        if (strcmp(definition->smokes[i].name, name) == 0)
            smoke_words_add(&definition->smokes[i], text);
    for (size_t i = 0; !is_smoke(search->place) && i < definition->rule_count; i++)
        if (covers(name, definition->rules[i].name))
            rule_words_add(definition, i, text);
}

static int explain(const struct cli *cli, const struct config *config)
{
    struct rule_place place;
    struct search search = {.config = config, .place = &place};
    struct err err = {0};
    struct text text;

    if (!lone_find(config, cli->words[0], &place) && !lone_find_smoke(config, cli->words[0], &place)) {
        const char *nearest = lone_nearest(config, cli->words[0]);
        verb_complain(cli, "no rule '%s' in %s%s%s%s", cli->words[0], rules_of(cli),
                      nearest != NULL ? "; did you mean '" : "", nearest != NULL ? nearest : "",
                      nearest != NULL ? "'?" : "");
        return VERB_REFUSED;
    }
    config_each_service(config, note_user, &search);
    if (search.definition == NULL)
        search.definition = lone_resolve(config, &place, &err);
    if (search.definition == NULL) {
        verb_complain(cli, "%s:%u: %s", place.file, place.line, err.text);
        return RULE_NOT_GOOD;
    }
    char *memory = memory_take(RULE_WORDS_SIZE);
    text_init(&text, memory, RULE_WORDS_SIZE);
    text_add(&text, "%s, a %s of %s:%u\n", cli->words[0], kind_name(&place), place.file, place.line);
    add_users(&search, &text);
    add_words(&search, cli->words[0], &text);
    print(cli, &search, memory);
    definition_free(search.definition);
    free(memory);
    return VERB_DONE;
}

static bool is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int explain_rule(const struct cli *cli)
{
    const char *rules = rules_of(cli);
    struct option_schemas *schemas = schemas_new();
    struct config_report *report = memory_take(sizeof(*report));
    struct config *config = is_folder(rules) ? config_read_folder(rules, NULL, schemas, report)
                                             : config_read_files(&rules, 1, schemas, report);

    if (report->count > 0)
        verb_say(cli, "%zu finding%s in %s: see verdict check", report->count, report->count == 1 ? "" : "s",
                 rules);
    int code = explain(cli, config);
    config_free(config);
    free(report);
    free(schemas);
    return code;
}

int explain_run(struct cli *cli)
{
    const char *word = cli->words[0];
    bool is_id = strncmp(word, "dep_", 4) == 0 || strchr(word, '/') != NULL;

    if (verb_value(cli, "rules")->is_set || !is_id)
        return explain_rule(cli);
    return report_run(cli);
}
