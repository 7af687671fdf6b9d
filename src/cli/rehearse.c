/* rehearse.c - verdict rehearse: what an admission would say now, with nothing started.
 * SPDX-License-Identifier: MIT */
#include "cli/field.h"
#include "cli/rehearse_recovery.h"
#include "cli/verb.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *make_body(const struct cli *cli)
{
    cJSON *body = cJSON_CreateObject();

    if (cli->word_count > 1)
        cJSON_AddStringToObject(body, "strategy", cli->words[1]);
    if (verb_text(cli, "version")[0] != '\0')
        cJSON_AddStringToObject(body, "version", verb_text(cli, "version"));
    char *text = json_print(body);
    cJSON_Delete(body);
    return text;
}

static void print_check(const cJSON *check)
{
    bool is_good = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(check, "ok"));
    const char *host = field_text(check, "host");

    (void)printf("%s %s%s%s%s%s\n", is_good ? "ok     " : "refused", field_text(check, "check"),
                 host[0] == '\0' ? "" : " for host ", host, is_good ? "" : ": ", field_text(check, "why"));
}

static int show(const struct cli *cli, const struct client_answer *answer)
{
    cJSON *json = NULL;
    const cJSON *check = NULL;

    if (!json_parse(answer->body, strlen(answer->body), NULL, &json, NULL)) {
        verb_complain(cli, "the answer is no JSON");
        return VERB_UNKNOWN;
    }
    bool is_good = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "ok"));
    if (cli->is_json)
        verb_print_json(cli, answer->body);
    else
        cJSON_ArrayForEach(check, cJSON_GetObjectItemCaseSensitive(json, "checks")) print_check(check);
    verb_say(cli, "%s %s, strategy %s: %s", cli->words[0], field_text(json, "version"),
             field_text(json, "strategy"), is_good ? "would be admitted" : "would be rejected");
    json_free(json);
    return is_good ? VERB_DONE : VERB_HELD;
}

static int rehearse_admission(struct cli *cli)
{
    char service[NAME_MAX_LENGTH + 1];
    char environment[NAME_MAX_LENGTH + 1];
    char path[VERB_PATH_SIZE];
    struct client_answer answer;
    int code = VERB_UNKNOWN;

    if (!verb_target(cli, cli->words[0], service, environment))
        return VERB_REFUSED;
    (void)snprintf(path, sizeof(path), "/v1/services/%s/%s/rehearse", service, environment);
    char *body = make_body(cli);
    if (verb_ask(cli, "POST", path, body, &answer, &code)) {
        code = show(cli, &answer);
        client_answer_done(&answer);
    }
    free(body);
    return code;
}

int rehearse_run(struct cli *cli)
{
    if (cli->word_count > 1 && strcmp(cli->words[1], "recovery") == 0)
        return rehearse_recovery(cli);
    return rehearse_admission(cli);
}
