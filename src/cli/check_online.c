/* check_online.c - each service sealed, sent, and what came of it as findings.
 * SPDX-License-Identifier: MIT */
#include "cli/check_online.h"

#include "cli/field.h"
#include "config/place.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct trial {
    struct cli *cli;
    const struct config *config;
    struct config_report *report;
    bool has_failed;
    int code;
};

static bool is_known(const struct config_report *report, const struct config_finding *finding)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->findings[i].line == finding->line &&
            strcmp(report->findings[i].file, finding->file) == 0 &&
            strcmp(report->findings[i].text, finding->text) == 0)
            return true;
    return false;
}

/* A metric that several services read is found wanting once for all that ask the same. */
static void add_finding(struct trial *trial, const char *service, const char *environment, const cJSON *check)
{
    struct config_report *report = trial->report;
    const char *what = field_text(check, "check");
    const char *host = field_text(check, "host");
    struct config_finding finding = {.line = 0};
    struct config_place place;

    if (config_place_of(trial->config, service, environment, what, &place)) {
        (void)snprintf(finding.file, sizeof(finding.file), "%s", place.file);
        finding.line = place.line;
    }
    (void)snprintf(finding.text, sizeof(finding.text), "%.63s/%.63s: %.60s%s%.60s: %.200s", service,
                   environment, what, host[0] == '\0' ? "" : " for ", host, field_text(check, "why"));
    if (report->count < CONFIG_FINDINGS_MAX && !is_known(report, &finding))
        report->findings[report->count++] = finding;
}

static char *make_body(const char *sealed)
{
    cJSON *body = cJSON_CreateObject();

    cJSON_AddStringToObject(body, "sealed", sealed);
    cJSON_AddBoolToObject(body, "sources", true);
    char *text = json_print(body);
    cJSON_Delete(body);
    return text;
}

static void take_answer(struct trial *trial, const char *service, const char *environment,
                        const struct client_answer *answer)
{
    struct cJSON *json = field_parse(answer->body, answer->length);
    const cJSON *check = NULL;

    cJSON_ArrayForEach(check, field_part(json, "checks")) if (!field_flag(check, "ok"))
        add_finding(trial, service, environment, check);
    if (json == NULL) {
        verb_complain(trial->cli, "the answer is no JSON");
        trial->has_failed = true;
        trial->code = VERB_UNKNOWN;
    }
    json_free(json);
}

static void try_service(void *data, const char *service, const char *environment)
{
    struct trial *trial = data;
    char path[VERB_PATH_SIZE];
    struct client_answer answer;
    struct err err = {0};

    if (trial->has_failed)
        return;
    char *sealed = config_seal(trial->config, service, environment, NULL, false, &err);
    if (sealed == NULL) /* told already */
        return;
    char *body = make_body(sealed);
    (void)snprintf(path, sizeof(path), "/v1/services/%s/%s/rehearse", service, environment);
    verb_say(trial->cli, "trying %s/%s", service, environment);
    trial->has_failed = !verb_ask(trial->cli, "POST", path, body, &answer, &trial->code);
    if (!trial->has_failed) {
        take_answer(trial, service, environment, &answer);
        client_answer_done(&answer);
    }
    free(body);
    free(sealed);
}

bool check_online(struct cli *cli, const struct config *config, struct config_report *report, int *ret_exit)
{
    struct trial trial = {.cli = cli, .config = config, .report = report, .code = VERB_UNKNOWN};

    config_each_service(config, try_service, &trial);
    *ret_exit = trial.code;
    return !trial.has_failed;
}
