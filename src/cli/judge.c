/* judge.c - verdict judge: one verdict of a deployment, for pipelines that move the traffic themselves.
 * SPDX-License-Identifier: MIT */
#include "cli/field.h"
#include "cli/waiting.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { LOOK_MS = 1000 };

/* Of the rules that act: 3 where one failed, 0 where there are some and all pass, else 6. */
static int verdict_of(const cJSON *deployment)
{
    const cJSON *rule = NULL;
    size_t acting = 0;
    size_t passing = 0;

    cJSON_ArrayForEach(rule, field_part(deployment, "rules"))
    {
        const char *verdict = field_text(rule, "verdict");
        if (strcmp(field_text(rule, "mode"), "act") != 0 || field_flag(rule, "muted"))
            continue;
        if (strcmp(verdict, "fail") == 0)
            return VERB_TAKEN_BACK;
        acting++;
        passing += strcmp(verdict, "pass") == 0;
    }
    return acting > 0 && passing == acting ? VERB_DONE : VERB_INCONCLUSIVE;
}

static void tell(const struct cli *cli, int code, const cJSON *json, const char *body)
{
    if (cli->is_json)
        verb_print_json(cli, body);
    else
        (void)printf("%s: %s\n",
                     code == VERB_DONE           ? "pass"
                     : code == VERB_INCONCLUSIVE ? "inconclusive"
                                                 : "fail",
                     field_text(json, "summary"));
}

/* Exit code, or -1: look again. */
static int look(struct cli *cli, bool is_over)
{
    struct client_answer answer;
    struct cJSON *json = waiting_read(cli, cli->words[0], 0, "", &answer);
    bool is_done = field_flag(json, "done");
    int code = -1;

    if (json != NULL) {
        int now = is_done ? field_exit_code(json) : verdict_of(json);
        if (is_over || is_done || now == VERB_TAKEN_BACK) {
            code = now < 0 ? VERB_UNKNOWN : now;
            tell(cli, code, json, answer.body);
        }
    } else if (answer.is_interrupted || is_over || (answer.status >= 400 && answer.status < 500)) {
        code = verb_refused(cli, &answer);
    }
    json_free(json);
    client_answer_done(&answer);
    return code;
}

int judge_run(struct cli *cli)
{
    int64_t end_ms = waiting_now_ms() + verb_value(cli, "for")->duration_ms;
    int code = look(cli, false);

    while (code < 0)
        code = client_pause(cli->client, LOOK_MS) ? look(cli, waiting_now_ms() >= end_ms) : VERB_INTERRUPTED;
    return code;
}
