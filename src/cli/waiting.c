/* waiting.c - follows one deployment until it ends; lost connections are tried again.
 * SPDX-License-Identifier: MIT */
#include "cli/waiting.h"

#include "cli/field.h"
#include "io/json.h"
#include "io/loop.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum {
    POLL_MS = 50000,
    POLL_SLACK_MS = 15000,
    RETRY_FIRST_MS = 250,
    RETRY_MAX_MS = 5000,
    SUMMARY_SIZE = 1024
};

struct waiting {
    const char *id;
    int64_t end_ms;
    int64_t retry_ms;
    struct waiting_view view;
    char etag[CLIENT_ETAG_SIZE];
    char summary[SUMMARY_SIZE]; /* told last */
    int refused;                /* exit code of a refusal, or 0 */
};

int64_t waiting_now_ms(void)
{
    return loop_now_ms();
}

int waiting_verdict(const struct waiting_view *view)
{
    if (view->is_done)
        return view->exit_code < 0 ? VERB_UNKNOWN : view->exit_code;
    if (view->exits_when_held && view->exit_code == VERB_HELD)
        return VERB_HELD;
    if (!view->is_time_up)
        return -1;
    if (view->is_lost)
        return VERB_UNKNOWN;
    return view->exit_code < 0 ? VERB_TIMEOUT : view->exit_code;
}

struct cJSON *waiting_read(struct cli *cli, const char *id, int64_t wait_ms, const char *etag,
                           struct client_answer *ret_answer)
{
    char tail[64] = "";
    char path[VERB_PATH_SIZE];

    *ret_answer = (struct client_answer){0};
    if (wait_ms > 0)
        (void)snprintf(tail, sizeof(tail), "?wait=%lldms", (long long)wait_ms);
    if (!verb_deployment_path(cli, id, tail, path)) {
        ret_answer->status = 400;
        return NULL;
    }
    const struct client_request request = {.method = "GET",
                                           .path = path,
                                           .etag = etag[0] == '\0' ? NULL : etag,
                                           .timeout_ms = wait_ms + POLL_SLACK_MS};
    client_ask(cli->client, &request, ret_answer);
    return ret_answer->status == 200 ? field_parse(ret_answer->body, ret_answer->length) : NULL;
}

static void take(struct cli *cli, struct waiting *waiting, const struct cJSON *json, const char *etag)
{
    const char *summary = field_text(json, "summary");

    waiting->view.is_done = field_flag(json, "done");
    waiting->view.exit_code = field_exit_code(json);
    (void)snprintf(waiting->etag, sizeof(waiting->etag), "%s", etag);
    if (strcmp(summary, waiting->summary) == 0)
        return;
    (void)snprintf(waiting->summary, sizeof(waiting->summary), "%s", summary);
    if (!waiting->view.is_done)
        verb_say(cli, "%s", summary);
}

/* 4xx but those that pass by themselves: waiting would not help. */
static bool is_final(int status)
{
    return status >= 400 && status < 500 && status != 408 && status != 429;
}

static void lose(struct cli *cli, struct waiting *waiting, const struct client_answer *answer)
{
    int64_t left_ms = waiting->end_ms - loop_now_ms();

    if (!waiting->view.is_lost)
        verb_say(cli, "no answer (%s); trying again until the time is up",
                 answer->status == 0 ? answer->err.text : "the daemon is not well");
    waiting->view.is_lost = true;
    if (left_ms > 0)
        (void)client_pause(cli->client, waiting->retry_ms < left_ms ? waiting->retry_ms : left_ms);
    waiting->retry_ms = waiting->retry_ms * 2 < RETRY_MAX_MS ? waiting->retry_ms * 2 : RETRY_MAX_MS;
}

static void look(struct cli *cli, struct waiting *waiting)
{
    int64_t left_ms = waiting->end_ms - loop_now_ms();
    int64_t wait_ms = left_ms < POLL_MS ? left_ms : POLL_MS;
    struct client_answer answer;

    /* The first look does not wait: from then on every change is told. */
    wait_ms = waiting->etag[0] == '\0' ? 0 : wait_ms < 1 ? 1 : wait_ms;
    struct cJSON *json = waiting_read(cli, waiting->id, wait_ms, waiting->etag, &answer);

    if (json != NULL)
        take(cli, waiting, json, answer.etag);
    if (json != NULL || answer.status == 304) {
        waiting->view.is_lost = false;
        waiting->retry_ms = RETRY_FIRST_MS;
    } else if (is_final(answer.status)) {
        waiting->refused = verb_refused(cli, &answer);
    } else if (!answer.is_interrupted) {
        lose(cli, waiting, &answer);
    }
    waiting->view.is_time_up = loop_now_ms() >= waiting->end_ms;
    client_answer_done(&answer);
    json_free(json);
}

static int cancel(struct cli *cli, const char *id)
{
    struct client_answer answer;
    char path[VERB_PATH_SIZE];
    int code = VERB_INTERRUPTED;

    if (strcmp(verb_text(cli, "on-cancel"), "abort") != 0) {
        verb_say(cli, "interrupted; the deployment goes on: verdict wait %s", id);
        return VERB_INTERRUPTED;
    }
    client_go_on(cli->client);
    if (!verb_deployment_path(cli, id, "/abort", path) ||
        !verb_ask(cli, "POST", path, "{\"reason\":\"its wait was interrupted\"}", &answer, &code))
        return VERB_INTERRUPTED;
    verb_say(cli, "interrupted; the deployment is aborted");
    client_answer_done(&answer);
    return VERB_INTERRUPTED;
}

/* The last state, once more and whole. */
static void tell_end(struct cli *cli, const struct waiting *waiting)
{
    struct client_answer answer;

    if (!cli->is_json) {
        (void)printf("%s\n", waiting->summary);
        return;
    }
    struct cJSON *json = waiting_read(cli, waiting->id, 0, "", &answer);
    if (json != NULL)
        verb_print_json(cli, answer.body);
    json_free(json);
    client_answer_done(&answer);
}

int waiting_run(struct cli *cli, const char *id)
{
    struct waiting waiting = {.id = id,
                              .end_ms = loop_now_ms() + verb_value(cli, "timeout")->duration_ms,
                              .retry_ms = RETRY_FIRST_MS,
                              .view = {.exit_code = -1, .exits_when_held = verb_flag(cli, "exit-when-held")}};
    int code = -1;

    while (code < 0) {
        look(cli, &waiting);
        if (client_is_interrupted(cli->client))
            return cancel(cli, id);
        if (waiting.refused != 0)
            return waiting.refused;
        code = waiting_verdict(&waiting.view);
    }
    if (waiting.summary[0] != '\0')
        tell_end(cli, &waiting);
    if (code == VERB_TIMEOUT || (code == VERB_HELD && !waiting.view.is_done))
        verb_say(cli, "it is not over; go on with: verdict wait %s", id);
    return code;
}
