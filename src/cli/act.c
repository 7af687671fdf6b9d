/* act.c - hold, resume, abort, promote, rollback, mute.
 * SPDX-License-Identifier: MIT */
#include "cli/act.h"

#include "cli/field.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

cJSON *act_body(const struct cli *cli)
{
    cJSON *body = cJSON_CreateObject();
    const char *reason = verb_text(cli, "reason");

    if (reason[0] != '\0')
        cJSON_AddStringToObject(body, "reason", reason);
    return body;
}

static bool post(struct cli *cli, const char *path, cJSON *body, struct client_answer *answer, int *ret_code)
{
    char *text = json_print(body);
    bool is_good = verb_ask(cli, "POST", path, text, answer, ret_code);

    free(text);
    return is_good;
}

int act_post(struct cli *cli, const char *id, const char *tail, cJSON *body)
{
    char path[VERB_PATH_SIZE];
    char slashed[64];
    struct client_answer answer;
    int code = VERB_REFUSED;

    (void)snprintf(slashed, sizeof(slashed), "/%s", tail);
    bool is_good = verb_deployment_path(cli, id, slashed, path) && post(cli, path, body, &answer, &code);
    cJSON_Delete(body);
    if (!is_good)
        return code;
    if (cli->is_json) {
        verb_print_json(cli, answer.body);
    } else {
        struct cJSON *json = field_parse(answer.body, answer.length);
        (void)printf("%s  %s\n", field_text(json, "id"), field_text(json, "summary"));
        json_free(json);
    }
    client_answer_done(&answer);
    return VERB_DONE;
}

int act_post_path(struct cli *cli, const char *path, cJSON *body, const char *done)
{
    struct client_answer answer;
    int code = VERB_REFUSED;
    bool is_good = post(cli, path, body, &answer, &code);

    cJSON_Delete(body);
    if (!is_good)
        return code;
    if (cli->is_json)
        verb_print_json(cli, answer.body);
    else
        verb_say(cli, "%s", done);
    client_answer_done(&answer);
    return VERB_DONE;
}

int act_run(struct cli *cli)
{
    return act_post(cli, cli->words[0], cli->entry->value, act_body(cli));
}

int promote_run(struct cli *cli)
{
    cJSON *body = act_body(cli);

    if (verb_flag(cli, "full"))
        cJSON_AddBoolToObject(body, "full", true);
    return act_post(cli, cli->words[0], "promote", body);
}

int rollback_run(struct cli *cli)
{
    cJSON *body = act_body(cli);

    if (verb_flag(cli, "past-no-return"))
        cJSON_AddBoolToObject(body, "past_no_return", true);
    return act_post(cli, cli->words[0], "rollback", body);
}

int mute_run(struct cli *cli)
{
    cJSON *body = act_body(cli);

    cJSON_AddStringToObject(body, "rule", cli->words[1]);
    return act_post(cli, cli->words[0], "mute", body);
}
