/* iac_runs.c - verdict iac plan, apply, verify, drift, destroy; and the approval of a plan.
 * SPDX-License-Identifier: MIT */
#include "cli/iac_runs.h"

#include "cli/act.h"
#include "cli/field.h"
#include "cli/run.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

int iac_runs_start(struct cli *cli)
{
    cJSON *body = cJSON_CreateObject();

    cJSON_AddStringToObject(body, "stack", cli->words[1]);
    cJSON_AddStringToObject(body, "environment", cli->words[2]);
    cJSON_AddStringToObject(body, "verb", cli->words[0]);
    if (verb_text(cli, "confirm")[0] != '\0')
        cJSON_AddStringToObject(body, "confirm", verb_text(cli, "confirm"));
    return run_ask(cli, body);
}

/* The task that awaits the answer of a person, and its stage; false: there is none. */
static bool find_review(const cJSON *run, const cJSON **ret_stage, const cJSON **ret_task)
{
    const cJSON *stage = NULL;
    const cJSON *task = NULL;

    cJSON_ArrayForEach(stage, field_part(run, "stages"))
    {
        cJSON_ArrayForEach(task, field_part(stage, "tasks"))
        {
            if (field_part(task, "approves") == NULL || strcmp(field_text(task, "state"), "awaiting") != 0)
                continue;
            *ret_stage = stage;
            *ret_task = task;
            return true;
        }
    }
    return false;
}

/* NULL: complained; a yes names the plan that it is for, as somebody has read it. */
static cJSON *make_answer(const struct cli *cli, const struct review *review, const cJSON *task)
{
    const char *there = field_text(field_part(task, "approves"), "plan");
    const char *plan = verb_text(cli, "plan");
    bool names_plan = review->is_yes && there[0] != '\0';

    if (names_plan && plan[0] == '\0') {
        const char *planner = field_text(task, "planned_by");
        verb_complain(cli, "which plan? read all of it with `verdict logs %s%s%s`, then say --plan %s",
                      review->run, planner[0] == '\0' ? "" : " --task ", planner, there);
        return NULL;
    }
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "result", review->is_yes ? "pass" : "fail");
    if (review->reason[0] != '\0')
        cJSON_AddStringToObject(body, "reason", review->reason);
    if (names_plan)
        cJSON_AddStringToObject(cJSON_AddObjectToObject(body, "outputs"), "plan", plan);
    return body;
}

static int answer(struct cli *cli, const struct review *review, const cJSON *run)
{
    const cJSON *stage = NULL;
    const cJSON *task = NULL;
    char tail[VERB_PATH_SIZE];

    if (!find_review(run, &stage, &task)) {
        verb_complain(cli, "%s awaits nobody's approval: %s", review->run, field_text(run, "summary"));
        return VERB_REFUSED;
    }
    cJSON *body = make_answer(cli, review, task);
    if (body == NULL)
        return VERB_REFUSED;
    (void)snprintf(tail, sizeof(tail), "tasks/%s/%s", field_text(stage, "name"), field_text(task, "name"));
    return act_post(cli, review->run, tail, body);
}

int iac_runs_answer(struct cli *cli, const struct review *review)
{
    struct client_answer got;
    char path[VERB_PATH_SIZE];
    int code = VERB_REFUSED;

    if (strncmp(review->run, "run_", 4) != 0) {
        verb_complain(cli, "%s: must be run_N", review->run);
        return VERB_REFUSED;
    }
    if (!verb_deployment_path(cli, review->run, "", path) || !verb_ask(cli, "GET", path, NULL, &got, &code))
        return code;
    cJSON *run = field_parse(got.body, got.length);
    code = answer(cli, review, run);
    json_free(run);
    client_answer_done(&got);
    return code;
}

int iac_runs_review(struct cli *cli)
{
    const struct review review = {.run = cli->words[1],
                                  .is_yes = strcmp(cli->words[0], "approve") == 0,
                                  .reason = verb_text(cli, "reason")};

    return iac_runs_answer(cli, &review);
}
