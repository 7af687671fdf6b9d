/* quarantine.c - verdict quarantine: versions that must not come back.
 * SPDX-License-Identifier: MIT */
#include "cli/act.h"
#include "cli/field.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_row(const cJSON *row)
{
    (void)printf("%-28s %s/%s %s %s\n", field_text(row, "id"), field_text(row, "service"),
                 field_text(row, "environment"), field_text(row, "version"), field_text(row, "deployment"));
}

static int list(struct cli *cli)
{
    return verb_list(cli, "/v1/quarantine", "quarantine", print_row);
}

static int add(struct cli *cli, const char *service, const char *environment)
{
    cJSON *body = act_body(cli);

    cJSON_AddStringToObject(body, "service", service);
    cJSON_AddStringToObject(body, "environment", environment);
    cJSON_AddStringToObject(body, "version", verb_text(cli, "version"));
    if (verb_text(cli, "digest")[0] != '\0')
        cJSON_AddStringToObject(body, "digest", verb_text(cli, "digest"));
    return act_post_path(cli, "/v1/quarantine", body, "the version is in quarantine");
}

static bool find(const struct cJSON *page, const struct cli *cli, const char *service,
                 const char *environment, char path[VERB_PATH_SIZE])
{
    const cJSON *row = NULL;

    cJSON_ArrayForEach(row, field_part(page, "quarantine"))
    {
        if (strcmp(field_text(row, "service"), service) == 0 &&
            strcmp(field_text(row, "environment"), environment) == 0 &&
            strcmp(field_text(row, "version"), verb_text(cli, "version")) == 0) {
            (void)snprintf(path, VERB_PATH_SIZE, "/v1/quarantine/%.64s", field_text(row, "id"));
            return true;
        }
    }
    return false;
}

static int clear(struct cli *cli, const char *service, const char *environment)
{
    char path[VERB_PATH_SIZE] = "";
    struct client_answer answer;
    int code = VERB_UNKNOWN;

    if (!verb_ask(cli, "GET", "/v1/quarantine", NULL, &answer, &code))
        return code;
    struct cJSON *page = field_parse(answer.body, answer.length);
    bool is_read = page != NULL;
    bool is_found = find(page, cli, service, environment, path);
    json_free(page);
    client_answer_done(&answer);
    if (!is_read) {
        verb_complain(cli, "the answer is no JSON");
        return VERB_UNKNOWN;
    }
    if (!is_found) {
        verb_complain(cli, "%s is not in quarantine there", verb_text(cli, "version"));
        return VERB_REFUSED;
    }
    cJSON *body = act_body(cli);
    char *text = json_print(body);
    cJSON_Delete(body);
    bool is_good = verb_ask(cli, "DELETE", path, text, &answer, &code);
    free(text);
    if (!is_good)
        return code;
    client_answer_done(&answer);
    verb_say(cli, "the version is out of quarantine");
    return VERB_DONE;
}

int quarantine_run(struct cli *cli)
{
    char service[NAME_MAX_LENGTH + 1];
    char environment[NAME_MAX_LENGTH + 1];
    const char *what = cli->word_count == 0 ? "ls" : cli->words[0];

    if (verb_is_list(what))
        return list(cli);
    bool is_add = strcmp(what, "add") == 0;
    if ((!is_add && strcmp(what, "clear") != 0) || cli->word_count != 2 ||
        verb_text(cli, "version")[0] == '\0') {
        verb_complain(
            cli,
            "say: quarantine ls | add SERVICE/ENV --version V --reason R | clear SERVICE/ENV --version V");
        return VERB_REFUSED;
    }
    if (!verb_target(cli, cli->words[1], service, environment))
        return VERB_REFUSED;
    return is_add ? add(cli, service, environment) : clear(cli, service, environment);
}
