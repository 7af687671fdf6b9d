/* approve.c - verdict approve, verdict reject: a person's answer.
 * SPDX-License-Identifier: MIT */
#include "cli/act.h"

#include <cjson/cJSON.h>

int approve_run(struct cli *cli)
{
    cJSON *body = cJSON_CreateObject();

    cJSON_AddStringToObject(body, "decision", cli->entry->value);
    if (verb_text(cli, "comment")[0] != '\0')
        cJSON_AddStringToObject(body, "comment", verb_text(cli, "comment"));
    return act_post(cli, cli->words[0], "approvals", body);
}
