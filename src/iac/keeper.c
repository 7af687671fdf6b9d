/* keeper.c - two questions to the daemon, by the token that terraform gets.
 * SPDX-License-Identifier: MIT */
#include "iac/keeper.h"

#include "io/http_client.h"
#include "io/json.h"

#include <stdio.h>
#include <string.h>

enum { ANSWER_MS = 10 * 1000, ANSWER_MAX = 256 * 1024, STATUS_OK = 200, TEXT_MAX = 1024 };

bool keeper_url(const struct job *job, const char *rest, char to[WORK_PATH_MAX], struct err *err)
{
    int length =
        snprintf(to, WORK_PATH_MAX, "%s/v1/iac/%s/%s%s", job->url, job->stack, job->environment, rest);

    return length < WORK_PATH_MAX || err_set(err, ERR_LIMIT, "IAC_URL is too long");
}

static bool ask(const struct job *job, const char *method, const char *rest, const char *body,
                struct http_answer *ret_answer, struct err *err)
{
    CLEANUP(secret_drop) struct secret token = {0};
    char url[WORK_PATH_MAX];

    if (!secret_load(NULL, job->token, &token, err) || !keeper_url(job, rest, url, err))
        return false;
    const struct http_request request = {.method = method,
                                         .url = url,
                                         .body = body,
                                         .body_length = body == NULL ? 0 : strlen(body),
                                         .bearer = &token,
                                         .timeout_ms = ANSWER_MS,
                                         .answer_max = ANSWER_MAX};
    if (!http_perform(&request, ret_answer, err))
        return false;
    if (ret_answer->status == STATUS_OK)
        return true;
    (void)err_set(err, ERR_UNAVAILABLE, "%s is answered with status %d", method, ret_answer->status);
    http_answer_done(ret_answer);
    return false;
}

static void take(const struct json_node *lock, const char *name, char to[COMPLAINT_FIELD_SIZE])
{
    const char *text = "";

    (void)!json_text(lock, name, JSON_OPTIONAL, TEXT_MAX, &text, NULL);
    (void)snprintf(to, COMPLAINT_FIELD_SIZE, "%.*s", COMPLAINT_FIELD_SIZE - 1, text);
}

bool keeper_holder(const struct job *job, struct complaint_holder *ret_holder)
{
    CLEANUP(json_free_at) struct cJSON *tree = NULL;
    struct http_answer answer = {0};
    struct err err = {0};

    if (job->state != JOB_STATE_DAEMON || !ask(job, "GET", "", NULL, &answer, &err))
        return false;
    bool is_good = json_parse(answer.body, answer.length, NULL, &tree, &err);
    http_answer_done(&answer);
    if (!is_good)
        return false;
    struct json_node root = json_root(tree);
    struct json_node lock = json_member(&root, "lock");
    if (!json_is_object(&lock))
        return false;
    take(&lock, "id", ret_holder->id);
    take(&lock, "who", ret_holder->who);
    take(&lock, "operation", ret_holder->operation);
    take(&lock, "since", ret_holder->since);
    return true;
}

bool keeper_unlock(const struct job *job, const char *lock, struct err *err)
{
    char body[COMPLAINT_FIELD_SIZE + 16];
    struct http_answer answer = {0};

    (void)snprintf(body, sizeof(body), "{\"ID\":\"%s\"}", lock); /* digits and hyphens */
    if (!ask(job, "UNLOCK", "/state", body, &answer, err))
        return err_wrap(err, "unlocking the state");
    http_answer_done(&answer);
    return true;
}
