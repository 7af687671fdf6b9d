/* start.c - verdict start: a deployment, once, however often the request had to be sent.
 * SPDX-License-Identifier: MIT */
#include "cli/field.h"
#include "cli/run.h"
#include "cli/waiting.h"
#include "io/digest.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_BYTES = 16,
    KEY_SIZE = 2 * KEY_BYTES + 1,
    TRIES = 6,
    RETRY_MS = 500,
    ADMISSION_MS = 15000,
    ID_SIZE = 32
};

static char *make_body(const struct cli *cli, const char *service, const char *environment)
{
    static const char *const optional[][2] = {{"digest", "digest"},   {"strategy", "strategy"},
                                              {"run_url", "run-url"}, {"commit", "commit"},
                                              {"actor", "actor"},     {"reason", "reason"}};
    cJSON *body = cJSON_CreateObject();

    cJSON_AddStringToObject(body, "service", service);
    cJSON_AddStringToObject(body, "environment", environment);
    cJSON_AddStringToObject(body, "version", verb_text(cli, "version"));
    for (size_t i = 0; i < ARRAY_LENGTH(optional); i++)
        if (verb_text(cli, optional[i][1])[0] != '\0')
            cJSON_AddStringToObject(body, optional[i][0], verb_text(cli, optional[i][1]));
    if (verb_flag(cli, "emergency"))
        cJSON_AddTrueToObject(body, "emergency");
    if (verb_flag(cli, "stable-is-bad"))
        cJSON_AddTrueToObject(body, "stable_is_bad");
    char *text = json_print(body);
    cJSON_Delete(body);
    return text;
}

/* Not there, busy, or still at work on the same request, whose first answer was lost. */
static bool is_passing(const struct client_answer *answer)
{
    if (answer->status != 409)
        return answer->status == 0 || answer->status == 503;
    struct cJSON *problem = field_parse(answer->body, answer->length);
    bool is_running = strcmp(field_text(problem, "code"), "still-running") == 0;
    json_free(problem);
    return is_running;
}

/* The key makes it safe to send again when nobody knows whether it arrived. */
static void send(struct cli *cli, const char *body, struct client_answer *answer)
{
    char own_key[KEY_SIZE];
    unsigned char bytes[KEY_BYTES];
    const char *key = verb_text(cli, "key");

    digest_random(bytes, sizeof(bytes));
    digest_hex(bytes, sizeof(bytes), own_key);
    const struct client_request request = {
        .method = "POST", .path = "/v1/deployments", .body = body, .key = key[0] == '\0' ? own_key : key};
    for (int try = 1;; try++) {
        client_ask(cli->client, &request, answer);
        if (!is_passing(answer) || try == TRIES || answer->is_interrupted ||
            !client_pause(cli->client, RETRY_MS))
            return;
        client_answer_done(answer);
    }
}

/* States that are before the first step. */
static bool is_before(const cJSON *deployment)
{
    return strcmp(field_text(deployment, "state"), "admitting") == 0;
}

/* Returns the deployment once it is admitted, refused or queued. */
static struct cJSON *wait_for_admission(struct cli *cli, const char *id, struct client_answer *answer)
{
    int64_t end_ms = waiting_now_ms() + ADMISSION_MS;
    char etag[CLIENT_ETAG_SIZE] = "";
    struct cJSON *json = waiting_read(cli, id, 0, "", answer);

    while (json != NULL && is_before(json) && waiting_now_ms() < end_ms) {
        (void)snprintf(etag, sizeof(etag), "%s", answer->etag);
        struct client_answer next;
        struct cJSON *newer = waiting_read(cli, id, end_ms - waiting_now_ms() + 1, etag, &next);
        if (newer == NULL) {
            client_answer_done(&next);
            break;
        }
        json_free(json);
        client_answer_done(answer);
        json = newer;
        *answer = next;
    }
    return json;
}

static int tell_admission(struct cli *cli, const char *id)
{
    struct client_answer answer;
    struct cJSON *json = wait_for_admission(cli, id, &answer);
    int code = VERB_DONE;

    if (json == NULL) {
        code = client_is_interrupted(cli->client) ? VERB_INTERRUPTED : VERB_UNKNOWN;
        (void)printf("%s\n", id);
        verb_complain(cli, "it is started, but it could not be found out whether it is admitted");
    } else {
        bool is_over = field_flag(json, "done") && field_exit_code(json) > 0;
        code = is_over ? field_exit_code(json) : VERB_DONE;
        if (cli->is_json)
            verb_print_json(cli, answer.body);
        else
            (void)printf("%s\n", id);
        verb_say(cli, "%s", field_text(json, "summary"));
        if (!is_over)
            verb_say(cli, "follow it with: verdict get -w %s", id);
    }
    json_free(json);
    client_answer_done(&answer);
    return code;
}

static int go_on(struct cli *cli, const struct client_answer *answer)
{
    struct cJSON *json = field_parse(answer->body, answer->length);
    char id[ID_SIZE] = "";

    if (!text_copy(id, sizeof(id), field_text(json, "id")))
        id[0] = '\0';
    json_free(json);
    if (id[0] == '\0') {
        verb_complain(cli, "the daemon's answer is none of a verdictd");
        return VERB_UNKNOWN;
    }
    if (!verb_flag(cli, "wait"))
        return tell_admission(cli, id);
    verb_say(cli, "%s %s", id, answer->status == 200 ? "is under way already" : "is started");
    return waiting_run(cli, id);
}

static bool is_single(const struct cli *cli)
{
    if (verb_value(cli, "version")->list_length <= 1 && verb_value(cli, "digest")->list_length <= 1)
        return true;
    verb_complain(cli, "%s takes one version; several are for --group", cli->words[0]);
    return false;
}

int start_run(struct cli *cli)
{
    char service[NAME_MAX_LENGTH + 1];
    char environment[NAME_MAX_LENGTH + 1];
    struct client_answer answer;

    if (verb_text(cli, "group")[0] != '\0')
        return run_group(cli);
    if (!is_single(cli) || !verb_target(cli, cli->words[0], service, environment))
        return VERB_REFUSED;
    char *body = make_body(cli, service, environment);
    send(cli, body, &answer);
    free(body);
    int code =
        answer.status == 200 || answer.status == 201 ? go_on(cli, &answer) : verb_refused(cli, &answer);
    client_answer_done(&answer);
    return code;
}
