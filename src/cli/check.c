/* check.c - verdict check: rule files and settings, read as the daemon would.
 * SPDX-License-Identifier: MIT */
#include "cli/check_online.h"
#include "cli/schemas.h"
#include "cli/verb.h"
#include "config/config.h"
#include "config/settings.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FINDING_SIZE = 1536, CHECK_FINDINGS = 1 };

struct checking {
    struct cli *cli;
    int exit_code; /* of the daemon that could not be asked; 0: it could, or need not be */
    struct option_schemas *schemas;
    struct config_report *report;
    const struct config *config;
    size_t services;
};

static bool is_settings(const char *file)
{
    size_t length = strlen(file);

    return length > 5 && strcmp(file + length - 5, ".conf") == 0;
}

static bool is_known(const struct config_report *report, const char *text)
{
    for (size_t i = 0; i < report->count; i++)
        if (strstr(text, report->findings[i].text) != NULL)
            return true;
    return false;
}

/* A service whose plan cannot be made is found only by making it. */
static void note_service(void *data, const char *service, const char *environment)
{
    struct checking *checking = data;
    struct config_report *report = checking->report;
    struct err err = {0};
    struct definition *definition = config_resolve(checking->config, service, environment, NULL, false, &err);

    checking->services++;
    if (definition == NULL && report->count < CONFIG_FINDINGS_MAX && !is_known(report, err.text)) {
        struct config_finding *finding = &report->findings[report->count++];
        (void)snprintf(finding->file, sizeof(finding->file), "%s/%s", service, environment);
        (void)snprintf(finding->text, sizeof(finding->text), "%s", err.text);
    }
    definition_free(definition);
}

static void check_config(struct checking *checking, struct config *config)
{
    int code = VERB_UNKNOWN;

    checking->config = config;
    config_each_service(config, note_service, checking);
    /* What is wrong as it stands need not be tried. */
    if (verb_flag(checking->cli, "online") && checking->report->count == 0 && checking->exit_code == 0 &&
        !check_online(checking->cli, config, checking->report, &code))
        checking->exit_code = code;
    config_free(config);
}

static void check_all(const struct cli *cli, struct checking *checking)
{
    const char *files[VERB_WORDS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < cli->word_count; i++) {
        struct stat status;
        const char *file = cli->words[i];
        if (is_settings(file))
            settings_free(settings_read(file, checking->schemas, checking->report));
        else if (stat(file, &status) == 0 && S_ISDIR(status.st_mode))
            check_config(checking, config_read_folder(file, NULL, checking->schemas, checking->report));
        else
            files[count++] = file;
    }
    if (count > 0)
        check_config(checking, config_read_files(files, count, checking->schemas, checking->report));
}

static void add_all(cJSON *answer, const char *name, const struct config_finding *findings, size_t count)
{
    cJSON *array = cJSON_AddArrayToObject(answer, name);

    for (size_t i = 0; i < count; i++) {
        const struct config_finding *finding = &findings[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "file", finding->file);
        cJSON_AddNumberToObject(object, "line", finding->line);
        cJSON_AddStringToObject(object, "text", finding->text);
        cJSON_AddStringToObject(object, "source", finding->source);
        cJSON_AddItemToArray(array, object);
    }
}

static size_t kept_count(const struct config_report *report)
{
    return report->count < CONFIG_FINDINGS_MAX ? report->count : CONFIG_FINDINGS_MAX;
}

static void print_json(const struct cli *cli, const struct config_report *report)
{
    cJSON *answer = cJSON_CreateObject();

    add_all(answer, "findings", report->findings, kept_count(report));
    add_all(answer, "warnings", report->warnings, report->warning_count);
    char *text = json_print(answer);
    verb_print_json(cli, text);
    free(text);
    cJSON_Delete(answer);
}

static void print_text(const struct cli *cli, const struct checking *checking)
{
    const struct config_report *report = checking->report;
    char line[FINDING_SIZE];

    for (size_t i = 0; i < kept_count(report); i++)
        (void)printf("%s\n", config_finding_format(&report->findings[i], line, sizeof(line)));
    for (size_t i = 0; i < report->warning_count; i++)
        verb_say(cli, "warning: %s", config_finding_format(&report->warnings[i], line, sizeof(line)));
    if (report->count == 0 && checking->exit_code == 0)
        verb_say(cli, "good: %zu service%s in an environment", checking->services,
                 checking->services == 1 ? "" : "s");
    else if (report->count > 0)
        verb_say(cli, "%zu finding%s", report->count, report->count == 1 ? "" : "s");
}

int check_run(struct cli *cli)
{
    struct checking checking = {
        .cli = cli, .schemas = schemas_new(), .report = memory_take(sizeof(struct config_report))};
    check_all(cli, &checking);
    if (cli->is_json)
        print_json(cli, checking.report);
    else
        print_text(cli, &checking);
    int code = checking.report->count == 0 ? checking.exit_code : CHECK_FINDINGS;
    free(checking.report);
    free(checking.schemas);
    return code;
}
