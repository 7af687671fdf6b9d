/* rehearse_recovery.c - the recovery plan run on its stand-in, with the time of each step.
 * SPDX-License-Identifier: MIT */
#include "cli/rehearse_recovery.h"

#include "cli/act.h"
#include "cli/field.h"
#include "cli/waiting.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_SIZE = 32 };

static void print_seconds(const cJSON *object)
{
    double seconds = field_number(object, "seconds");

    if (isfinite(seconds))
        (void)printf("%9.1f s", seconds);
    else
        (void)printf("%9s  ", "-");
}

static void print_task(const cJSON *stage, const cJSON *task)
{
    const char *why = field_text(task, "why");

    print_seconds(task);
    (void)printf("  %-24s %-10s%s%s\n", field_text(stage, "name"), field_text(task, "state"),
                 why[0] == '\0' ? "" : " ", why);
}

static void print_steps(const cJSON *run)
{
    const cJSON *stage = NULL;
    const cJSON *task = NULL;

    cJSON_ArrayForEach(stage, field_part(run, "stages"))
    {
        cJSON_ArrayForEach(task, field_part(stage, "tasks")) print_task(stage, task);
    }
    print_seconds(run);
    (void)printf("  %-24s %s\n", "in all", field_text(run, "state"));
}

/* Table and sentence of what is over; JSON was printed by the wait. */
static void tell(struct cli *cli, const char *id)
{
    struct client_answer answer;
    struct cJSON *run = cli->is_json ? NULL : waiting_read(cli, id, 0, "", &answer);

    if (cli->is_json)
        return;
    if (run != NULL)
        print_steps(run);
    json_free(run);
    client_answer_done(&answer);
}

int rehearse_recovery(struct cli *cli)
{
    char service[NAME_MAX_LENGTH + 1];
    char environment[NAME_MAX_LENGTH + 1];
    char path[VERB_PATH_SIZE];
    char id[ID_SIZE] = "";
    struct client_answer answer;
    int code = VERB_UNKNOWN;

    if (!verb_target(cli, cli->words[0], service, environment))
        return VERB_REFUSED;
    (void)snprintf(path, sizeof(path), "/v1/services/%s/%s/rehearse/recovery", service, environment);
    cJSON *body = act_body(cli);
    char *text = json_print(body);
    cJSON_Delete(body);
    bool is_good = verb_ask(cli, "POST", path, text, &answer, &code);
    free(text);
    if (!is_good)
        return code;
    struct cJSON *run = field_parse(answer.body, answer.length);
    (void)snprintf(id, sizeof(id), "%s", field_text(run, "id"));
    verb_say(cli, "%s %s", id, answer.status == 200 ? "is under way already" : "is started");
    json_free(run);
    client_answer_done(&answer);
    code = waiting_run(cli, id);
    tell(cli, id);
    return code;
}
