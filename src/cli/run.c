/* run.c - verdict run and verdict runs: pipelines, and groups of services.
 * SPDX-License-Identifier: MIT */
#include "cli/run.h"

#include "cli/field.h"
#include "cli/waiting.h"
#include "config/recovery.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_SIZE = 32 };

static void add_text(const struct cli *cli, cJSON *body, const char *name, const char *option)
{
    if (verb_text(cli, option)[0] != '\0')
        cJSON_AddStringToObject(body, name, verb_text(cli, option));
}

/* Takes over `body`. Asked once: a run that is under way is attached to, so that asking again is safe. */
int run_ask(struct cli *cli, cJSON *body)
{
    struct client_answer answer;
    char id[ID_SIZE] = "";
    int code = VERB_DONE;

    add_text(cli, body, "run_url", "run-url");
    add_text(cli, body, "commit", "commit");
    add_text(cli, body, "actor", "actor");
    add_text(cli, body, "reason", "reason");
    char *text = json_print(body);
    cJSON_Delete(body);
    bool is_good = verb_ask(cli, "POST", "/v1/runs", text, &answer, &code);
    free(text);
    if (!is_good)
        return code;
    struct cJSON *json = field_parse(answer.body, answer.length);
    (void)snprintf(id, sizeof(id), "%s", field_text(json, "id"));
    if (verb_flag(cli, "wait")) {
        verb_say(cli, "%s %s", id, answer.status == 200 ? "is under way already" : "is started");
        code = waiting_run(cli, id);
    } else if (cli->is_json) {
        verb_print_json(cli, answer.body);
    } else {
        (void)printf("%s\n", id);
        verb_say(cli, "%s", field_text(json, "summary"));
        verb_say(cli, "follow it with: verdict get -w %s", id);
    }
    json_free(json);
    client_answer_done(&answer);
    return code;
}

int run_run(struct cli *cli)
{
    cJSON *body = cJSON_CreateObject();

    cJSON_AddStringToObject(body, "pipeline", cli->words[0]);
    cJSON_AddStringToObject(body, "version", verb_text(cli, "version"));
    add_text(cli, body, "digest", "digest");
    return run_ask(cli, body);
}

/* SERVICE=TEXT of an option into an object of that name; false: said. */
static bool add_each(struct cli *cli, cJSON *body, const char *name, const char *option)
{
    const struct option_value *value = verb_value(cli, option);
    cJSON *object = value->is_set ? cJSON_AddObjectToObject(body, name) : NULL;

    for (size_t i = 0; i < value->list_length; i++) {
        const char *equals = strchr(value->list[i], '=');
        char service[NAME_MAX_LENGTH + 1];
        struct text text;
        text_init(&text, service, sizeof(service));
        text_add_bytes(&text, value->list[i], equals == NULL ? 0 : (size_t)(equals - value->list[i]));
        if (text.is_cut || !text_is_name(service)) {
            verb_complain(cli, "--%s %s: must be SERVICE=%s beside --group, once for each service", option,
                          value->list[i], option);
            return false;
        }
        if (cJSON_HasObjectItem(object, service)) {
            verb_complain(cli, "--%s: %s stands there twice", option, service);
            return false;
        }
        cJSON_AddStringToObject(object, service, equals + 1);
    }
    return true;
}

int run_group(struct cli *cli)
{
    static const char *const alone[] = {"strategy", "emergency", "stable-is-bad", "key"};
    cJSON *body = cJSON_CreateObject();
    bool is_good = cli->word_count == 0;

    if (!is_good)
        verb_complain(cli, "%s: names one service; --group names all of them", cli->words[0]);
    for (size_t i = 0; i < ARRAY_LENGTH(alone) && is_good; i++) {
        is_good = !verb_value(cli, alone[i])->is_set;
        if (!is_good)
            verb_complain(cli, "--%s: is for one service, not for a group", alone[i]);
    }
    cJSON_AddStringToObject(body, "group", verb_text(cli, "group"));
    if (is_good && add_each(cli, body, "versions", "version") && add_each(cli, body, "digests", "digest"))
        return run_ask(cli, body);
    cJSON_Delete(body);
    return VERB_REFUSED;
}

/* A stack as STACK/ENVIRONMENT, in `to`. */
static const char *name_of(const cJSON *run, char to[VERB_PATH_SIZE])
{
    const char *group = field_text(run, "group");
    const char *purpose = field_text(run, "purpose");

    if (purpose[0] != '\0') {
        (void)snprintf(to, VERB_PATH_SIZE, "%s:%s/%s", purpose, field_text(run, "service"),
                       field_text(run, "environment"));
        return to;
    }
    (void)snprintf(to, VERB_PATH_SIZE, "%s/%s", field_text(run, "stack"), field_text(run, "environment"));
    if (field_text(run, "stack")[0] != '\0')
        return to;
    return group[0] == '\0' ? field_text(run, "pipeline") : group;
}

static void print_row(const cJSON *row)
{
    char name[VERB_PATH_SIZE];

    (void)printf("%-9s %-20s %-14s %-9s %-20s %s\n", field_text(row, "id"), name_of(row, name),
                 field_text(row, "version"), field_text(row, "state"), field_text(row, "created_at"),
                 field_text(row, "actor"));
}

/* Letters of names, and at most one slash. */
static bool is_name_of_runs(const char *text)
{
    static const char *const purposes[] = {RECOVERY_RUN, REHEARSAL_RUN};
    char whole[2 * (NAME_MAX_LENGTH + 1)];
    char *slash = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(purposes); i++)
        if (strncmp(text, purposes[i], strlen(purposes[i])) == 0)
            text += strlen(purposes[i]);
    if (!text_copy(whole, sizeof(whole), text))
        return false;
    slash = strchr(whole, '/');
    if (slash != NULL)
        *slash = '\0';
    return text_is_name(whole) && (slash == NULL || text_is_name(slash + 1));
}

int runs_run(struct cli *cli)
{
    char path[VERB_PATH_SIZE];

    (void)snprintf(path, sizeof(path), "/v1/runs?limit=%.0f%s%s", verb_value(cli, "limit")->number,
                   cli->word_count == 0 ? "" : "&pipeline=", cli->word_count == 0 ? "" : cli->words[0]);
    if (cli->word_count > 0 && !is_name_of_runs(cli->words[0])) {
        verb_complain(cli, "%s: is no name of a pipeline or group, nor STACK/ENV", cli->words[0]);
        return VERB_REFUSED;
    }
    return verb_list(cli, path, "runs", print_row);
}
