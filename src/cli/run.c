/* run.c - verdict run and verdict runs: pipelines.
 * SPDX-License-Identifier: MIT */
#include "cli/field.h"
#include "cli/waiting.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

enum { ID_SIZE = 32 };

static char *make_body(const struct cli *cli)
{
    static const char *const optional[][2] = {{"digest", "digest"},
                                              {"run_url", "run-url"},
                                              {"commit", "commit"},
                                              {"actor", "actor"},
                                              {"reason", "reason"}};
    cJSON *body = cJSON_CreateObject();

    cJSON_AddStringToObject(body, "pipeline", cli->words[0]);
    cJSON_AddStringToObject(body, "version", verb_text(cli, "version"));
    for (size_t i = 0; i < ARRAY_LENGTH(optional); i++)
        if (verb_text(cli, optional[i][1])[0] != '\0')
            cJSON_AddStringToObject(body, optional[i][0], verb_text(cli, optional[i][1]));
    char *text = json_print(body);
    cJSON_Delete(body);
    return text;
}

/* Asked once: a run that is under way is attached to, so that asking again is safe. */
int run_run(struct cli *cli)
{
    struct client_answer answer;
    char id[ID_SIZE] = "";
    int code = VERB_DONE;
    char *body = make_body(cli);
    bool is_good = verb_ask(cli, "POST", "/v1/runs", body, &answer, &code);

    free(body);
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

static void print_row(const cJSON *row)
{
    (void)printf("%-9s %-20s %-14s %-9s %-20s %s\n", field_text(row, "id"), field_text(row, "pipeline"),
                 field_text(row, "version"), field_text(row, "state"), field_text(row, "created_at"),
                 field_text(row, "actor"));
}

int runs_run(struct cli *cli)
{
    struct client_answer answer;
    char path[VERB_PATH_SIZE];
    int code = VERB_DONE;

    (void)snprintf(path, sizeof(path), "/v1/runs?limit=%.0f%s%s", verb_value(cli, "limit")->number,
                   cli->word_count == 0 ? "" : "&pipeline=", cli->word_count == 0 ? "" : cli->words[0]);
    if (cli->word_count > 0 && !text_is_name(cli->words[0])) {
        verb_complain(cli, "%s: is no name of a pipeline", cli->words[0]);
        return VERB_REFUSED;
    }
    if (!verb_ask(cli, "GET", path, NULL, &answer, &code))
        return code;
    if (cli->is_json) {
        verb_print_json(cli, answer.body);
    } else {
        struct cJSON *page = field_parse(answer.body, answer.length);
        const cJSON *row = NULL;
        cJSON_ArrayForEach(row, field_part(page, "runs")) print_row(row);
        json_free(page);
    }
    client_answer_done(&answer);
    return code;
}
