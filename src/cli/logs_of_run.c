/* logs_of_run.c - verdict logs run_N: what the tasks of a run printed. The daemon keeps it with the run.
 * SPDX-License-Identifier: MIT */
#include "cli/field.h"
#include "cli/logs_text.h"
#include "cli/waiting.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { WAIT_MS = 50000, PAUSE_MS = 1000, LOST_MAX = 60, OUTCOME_SIZE = 96 };

struct reading {
    struct logs_text text;
    char etag[CLIENT_ETAG_SIZE];
    unsigned lost; /* reads without an answer, one after the other */
};

static void set_text(cJSON *entry, const char *name, const char *text)
{
    cJSON_DeleteItemFromObject(entry, name);
    cJSON_AddStringToObject(entry, name, text);
}

static void show_task(struct reading *reading, const cJSON *stage, const cJSON *task)
{
    char place[LOGS_PLACE_SIZE];
    char outcome[OUTCOME_SIZE];
    const char *deployment = field_text(task, "deployment");

    if (field_text(task, "began_at")[0] == '\0')
        return;
    cJSON *entry = cJSON_Duplicate(task, true);
    (void)snprintf(place, sizeof(place), "%.16s/%.16s.%.0f", field_text(stage, "name"),
                   field_text(task, "name"), field_number(task, "tries"));
    (void)snprintf(outcome, sizeof(outcome), "%.32s%s%.32s", field_text(task, "state"),
                   deployment[0] == '\0' ? "" : ", ", deployment);
    set_text(entry, "kind", "command"); /* whose name says enough */
    set_text(entry, "place", place);
    set_text(entry, "time", field_text(task, "began_at"));
    set_text(entry, "stage", field_text(stage, "name"));
    set_text(entry, "outcome", outcome);
    cJSON_AddNumberToObject(entry, "try", field_number(task, "tries"));
    (void)logs_text_add(&reading->text, entry);
    cJSON_Delete(entry);
}

static void show(const struct cli *cli, struct reading *reading, const struct client_answer *answer,
                 const cJSON *run)
{
    const cJSON *stage = NULL;
    const cJSON *task = NULL;

    (void)snprintf(reading->etag, sizeof(reading->etag), "%s", answer->etag);
    reading->lost = 0;
    if (cli->is_json) {
        (void)puts(answer->body);
        (void)fflush(stdout);
        return;
    }
    cJSON_ArrayForEach(stage, field_part(run, "stages"))
    {
        cJSON_ArrayForEach(task, field_part(stage, "tasks")) show_task(reading, stage, task);
    }
}

/* Exit code, or -1: goes on. */
static int read_once(struct cli *cli, struct reading *reading, bool is_following)
{
    struct client_answer answer;
    int64_t wait_ms = reading->etag[0] == '\0' ? 0 : WAIT_MS;
    struct cJSON *run = waiting_read(cli, cli->words[0], wait_ms, reading->etag, &answer);
    bool is_refused = answer.status >= 400 && answer.status < 500;
    int code = -1;

    if (run != NULL) {
        show(cli, reading, &answer, run);
        code = !is_following || field_flag(run, "done") ? VERB_DONE : -1;
    } else if (answer.status != 304 && (!is_following || is_refused || ++reading->lost == LOST_MAX)) {
        code = verb_refused(cli, &answer);
    }
    client_answer_done(&answer);
    json_free(run);
    return code;
}

int logs_of_run(struct cli *cli, const char *wanted)
{
    bool is_following = verb_flag(cli, "follow");
    struct reading reading = {
        .text = {.to = stdout, .terminal = &cli->terminal, .is_following = is_following, .wanted = wanted}};
    int code = -1;

    if (verb_value(cli, "step")->is_set) {
        verb_complain(cli, "%s: a run has stages; --step is of a deployment", cli->words[0]);
        return VERB_REFUSED;
    }
    while (code < 0) {
        code = read_once(cli, &reading, is_following);
        if (code < 0 && (client_is_interrupted(cli->client) ||
                         (reading.lost > 0 && !client_pause(cli->client, PAUSE_MS))))
            code = VERB_INTERRUPTED;
    }
    logs_text_done(&reading.text);
    return code;
}
