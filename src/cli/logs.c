/* logs.c - verdict logs: what the commands of a deployment or of a run printed, once or until it is over.
 * SPDX-License-Identifier: MIT */
#include "cli/field.h"
#include "cli/logs_text.h"
#include "cli/verb.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PAUSE_LEAST_MS = 250, PAUSE_MOST_MS = 2000, LOST_MAX = 60, TAIL_SIZE = 256, TASK_MAX = 127 };

struct following {
    struct logs_text text;
    char id[VERB_PATH_SIZE];     /* as it was asked for, then dep_N: another may be the last one soon */
    char after[LOGS_PLACE_SIZE]; /* all up to here is over */
    bool is_settled;             /* so far in this round */
    bool has_news;               /* in this round */
    bool is_done, has_more;
    char missing[VERB_PATH_SIZE]; /* why not all could be read; "" it was */
    unsigned lost;                /* rounds without an answer, one after the other */
};

static void take_entry(struct following *following, const cJSON *entry, bool is_shown)
{
    bool is_over = field_flag(entry, "over");

    following->is_settled = following->is_settled && is_over;
    if (following->is_settled)
        (void)snprintf(following->after, sizeof(following->after), "%s", field_text(entry, "place"));
    if (is_shown && logs_text_add(&following->text, entry))
        following->has_news = true;
}

static void take_page(const struct cli *cli, struct following *following, const cJSON *json,
                      char next[LOGS_PLACE_SIZE])
{
    const cJSON *entry = NULL;

    following->is_done = field_flag(json, "done");
    following->has_more = field_flag(json, "more");
    (void)snprintf(following->id, sizeof(following->id), "%s", field_text(json, "id"));
    (void)snprintf(following->missing, sizeof(following->missing), "%.200s", field_text(json, "missing"));
    /* What the journal has is shown instead of the runner's where no more is read. */
    bool is_shown = !cli->is_json &&
                    (following->missing[0] == '\0' || following->is_done || !following->text.is_following);
    cJSON_ArrayForEach(entry, field_part(json, "entries")) take_entry(following, entry, is_shown);
    (void)snprintf(next, LOGS_PLACE_SIZE, "%s", field_text(json, "next"));
}

static bool has_entries(const cJSON *json)
{
    return cJSON_GetArraySize(field_part(json, "entries")) > 0;
}

static void print_json(const struct cli *cli, const char *body, const cJSON *json)
{
    if (!verb_flag(cli, "follow"))
        verb_print_json(cli, body);
    else if (has_entries(json))
        (void)puts(body);
    (void)fflush(stdout);
}

/* The path of the next page. */
static bool make_path(const struct cli *cli, const struct following *following, const char *after,
                      char path[VERB_PATH_SIZE])
{
    const struct option_value *step = verb_value(cli, "step");
    char tail[TAIL_SIZE];
    struct text text;

    text_init(&text, tail, sizeof(tail));
    text_add(&text, "/logs?after=%s", after);
    if (step->is_set)
        text_add(&text, "&step=%lld", (long long)step->number - 1);
    if (verb_text(cli, "task")[0] != '\0')
        text_add(&text, "&task=%s", verb_text(cli, "task"));
    return verb_deployment_path(cli, following->id, tail, path);
}

/* False: no page, with the exit code, or -1 where it may be asked for again. */
static bool read_page(struct cli *cli, struct following *following, char after[LOGS_PLACE_SIZE],
                      int *ret_code)
{
    char path[VERB_PATH_SIZE];
    struct client_answer answer = {0};
    struct client_request request = {.method = "GET", .path = path};

    *ret_code = VERB_REFUSED;
    if (!make_path(cli, following, after, path))
        return false;
    client_ask(cli->client, &request, &answer);
    cJSON *json = answer.status == 200 ? field_parse(answer.body, answer.length) : NULL;
    bool is_lost = json == NULL && (answer.status < 400 || answer.status >= 500);
    if (json != NULL) {
        take_page(cli, following, json, after);
        if (cli->is_json)
            print_json(cli, answer.body, json);
        following->lost = 0;
    } else if (is_lost && verb_flag(cli, "follow") && ++following->lost < LOST_MAX) {
        *ret_code = -1;
    } else {
        *ret_code = verb_refused(cli, &answer);
    }
    bool is_good = json != NULL;
    client_answer_done(&answer);
    json_free(json);
    return is_good;
}

/* All that there is behind what is over. Exit code, or -1. */
static int read_all(struct cli *cli, struct following *following)
{
    char after[LOGS_PLACE_SIZE];
    int code = -1;

    (void)snprintf(after, sizeof(after), "%s", following->after);
    following->is_settled = true;
    following->has_news = false;
    following->is_done = false;
    do {
        if (!read_page(cli, following, after, &code))
            return code;
    } while (following->has_more && following->missing[0] == '\0' && !client_is_interrupted(cli->client));
    return -1;
}

static void tell_missing(const struct cli *cli, const struct following *following)
{
    if (following->missing[0] != '\0')
        verb_complain(cli, "not all of what commands printed could be read: %s", following->missing);
}

static int end_of(const struct cli *cli, const struct following *following)
{
    tell_missing(cli, following);
    return following->missing[0] == '\0' ? VERB_DONE : VERB_UNKNOWN;
}

static int follow(struct cli *cli, struct following *following)
{
    int64_t pause_ms = PAUSE_LEAST_MS;
    bool was_missing = false;

    for (;;) {
        int code = read_all(cli, following);
        if (code >= 0)
            return code;
        if (following->is_done || !verb_is_printed())
            return end_of(cli, following);
        if (!was_missing)
            tell_missing(cli, following);
        was_missing = following->missing[0] != '\0';
        pause_ms = following->has_news ? PAUSE_LEAST_MS : pause_ms * 2;
        pause_ms = pause_ms < PAUSE_MOST_MS ? pause_ms : PAUSE_MOST_MS;
        if (!client_pause(cli->client, pause_ms))
            return VERB_INTERRUPTED;
    }
}

static bool check_words(const struct cli *cli)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
    bool is_run = strncmp(cli->words[0], "run_", 4) == 0;
    const char *task = verb_text(cli, "task");

    if (is_run && verb_value(cli, "step")->is_set)
        verb_complain(cli, "%s: a run has stages and tasks (--task); --step is of a deployment",
                      cli->words[0]);
    else if (!is_run && task[0] != '\0')
        verb_complain(cli, "%s: a deployment has steps; --task is of a run", cli->words[0]);
    else if (strlen(task) > TASK_MAX || task[strspn(task, letters)] != '\0')
        verb_complain(cli, "--task: must be a task's name, or STAGE/NAME");
    else
        return true;
    return false;
}

int logs_run(struct cli *cli)
{
    struct following following = {
        .text = {.to = stdout, .terminal = &cli->terminal, .is_following = verb_flag(cli, "follow")}};
    int code = VERB_REFUSED;

    if (verb_text(cli, "grep")[0] != '\0')
        following.text.wanted = verb_text(cli, "grep");
    if (cli->is_json && following.text.wanted != NULL) {
        verb_complain(cli, "--grep picks lines for people; --json has all of them");
        return VERB_REFUSED;
    }
    if (!check_words(cli))
        return VERB_REFUSED;
    if (!text_copy(following.id, sizeof(following.id), cli->words[0]))
        verb_complain(cli, "%.40s...: no ID is so long", cli->words[0]);
    else if (following.text.is_following)
        code = follow(cli, &following);
    else if ((code = read_all(cli, &following)) < 0)
        code = client_is_interrupted(cli->client) ? VERB_INTERRUPTED : end_of(cli, &following);
    logs_text_done(&following.text);
    return code;
}
