/* approve.c - verdict approve, verdict reject: a person's answer.
 * SPDX-License-Identifier: MIT */
#include "cli/act.h"
#include "cli/iac_runs.h"

#include <cjson/cJSON.h>
#include <string.h>

static int answer_deployment(struct cli *cli)
{
    cJSON *body = cJSON_CreateObject();

    cJSON_AddStringToObject(body, "decision", cli->entry->value);
    if (verb_text(cli, "comment")[0] != '\0')
        cJSON_AddStringToObject(body, "comment", verb_text(cli, "comment"));
    return act_post(cli, cli->words[0], "approvals", body);
}

int approve_run(struct cli *cli)
{
    const struct review review = {.run = cli->words[0],
                                  .is_yes = strcmp(cli->entry->value, "approve") == 0,
                                  .reason = verb_text(cli, "comment")};

    return strncmp(review.run, "run_", 4) == 0 ? iac_runs_answer(cli, &review) : answer_deployment(cli);
}
