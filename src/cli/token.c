/* token.c - verdict token: API tokens.
 * SPDX-License-Identifier: MIT */
#include "cli/act.h"
#include "cli/field.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEM_SIZE = 64 };

/* "a,b" as an array of texts; nothing where it is empty. */
static void add_list(cJSON *body, const char *name, const char *text)
{
    if (text[0] == '\0')
        return;
    cJSON *array = cJSON_AddArrayToObject(body, name);
    while (*text != '\0') {
        char item[ITEM_SIZE];
        size_t length = strcspn(text, ",");
        (void)snprintf(item, sizeof(item), "%.*s", (int)(length < ITEM_SIZE ? length : ITEM_SIZE - 1), text);
        cJSON_AddItemToArray(array, cJSON_CreateString(item));
        text += length + (text[length] == ',');
    }
}

static bool take_away(struct cli *cli, const char *id, int *ret_code)
{
    char path[VERB_PATH_SIZE];
    struct client_answer answer;

    (void)snprintf(path, sizeof(path), "/v1/tokens/%.64s", id);
    if (!verb_ask(cli, "DELETE", path, NULL, &answer, ret_code))
        return false;
    client_answer_done(&answer);
    return true;
}

/* Nobody has seen it, or only a part of it: then nobody shall have it. */
static int take_back(struct cli *cli, const char *id)
{
    int code = VERB_UNKNOWN;

    if (take_away(cli, id, &code))
        verb_complain(cli, "the token %s could not be printed, and is revoked: nobody has it", id);
    else
        verb_complain(cli, "the token %s could not be printed; revoke it: verdict token revoke %s", id, id);
    return VERB_UNKNOWN;
}

static int create(struct cli *cli)
{
    struct client_answer answer;
    int code = VERB_DONE;
    cJSON *body = cJSON_CreateObject();

    cJSON_AddStringToObject(body, "principal", cli->words[1]);
    cJSON_AddBoolToObject(body, "person", verb_flag(cli, "person"));
    add_list(body, "scopes", verb_text(cli, "scope"));
    add_list(body, "services", verb_text(cli, "service"));
    add_list(body, "environments", verb_text(cli, "environment"));
    if (verb_text(cli, "expires")[0] != '\0')
        cJSON_AddStringToObject(body, "expires", verb_text(cli, "expires"));
    char *text = json_print(body);
    cJSON_Delete(body);
    bool is_good = verb_ask(cli, "POST", "/v1/tokens", text, &answer, &code);
    free(text);
    if (!is_good)
        return code;
    struct cJSON *token = field_parse(answer.body, answer.length);
    if (cli->is_json)
        verb_print_json(cli, answer.body);
    else
        (void)printf("%s\n", field_text(token, "token"));
    if (verb_is_printed())
        verb_say(cli, "this is shown once; revoke it with: verdict token revoke %s", field_text(token, "id"));
    else
        code = take_back(cli, field_text(token, "id"));
    json_free(token);
    client_answer_done(&answer);
    return code;
}

static void print_token(const cJSON *token)
{
    const cJSON *scope = NULL;

    (void)printf("%-17s %-20s %-9s ", field_text(token, "id"), field_text(token, "principal"),
                 field_flag(token, "person") ? "person" : "pipeline");
    cJSON_ArrayForEach(scope, field_part(token, "scopes"))(void) printf("%s ", cJSON_GetStringValue(scope));
    (void)printf(" until %s\n",
                 field_text(token, "expires")[0] == '\0' ? "revoked" : field_text(token, "expires"));
}

static int list(struct cli *cli)
{
    return verb_list(cli, "/v1/tokens", "tokens", print_token);
}

static int revoke(struct cli *cli)
{
    int code = VERB_DONE;

    if (strspn(cli->words[1], "0123456789abcdef") != strlen(cli->words[1])) {
        verb_complain(cli, "%s is no id of a token; `verdict token ls` lists them", cli->words[1]);
        return VERB_REFUSED;
    }
    if (!take_away(cli, cli->words[1], &code))
        return code;
    verb_say(cli, "revoked");
    return VERB_DONE;
}

int token_run(struct cli *cli)
{
    const char *what = cli->words[0];

    if (verb_is_list(what) && cli->word_count == 1)
        return list(cli);
    if (strcmp(what, "create") == 0 && cli->word_count == 2)
        return create(cli);
    if (strcmp(what, "revoke") == 0 && cli->word_count == 2)
        return revoke(cli);
    verb_complain(cli, "say: token create NAME --scope read,deploy | ls | revoke ID");
    return VERB_REFUSED;
}
