/* notify.c - verdict notify test: does a notice arrive?
 * SPDX-License-Identifier: MIT */
#include "cli/field.h"
#include "cli/verb.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* A receiver's own deadline is at most two minutes. */
enum { LONGEST_TRY_MS = 130000 };

static const char name_alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789-_:";

static int show(const struct cli *cli, const struct client_answer *answer)
{
    cJSON *json = field_parse(answer->body, answer->length);
    bool is_good = field_flag(json, "ok");

    if (cli->is_json)
        verb_print_json(cli, answer->body);
    verb_say(cli, "%s: %s (%s)", cli->words[1], is_good ? "delivered" : "not delivered",
             field_text(json, "why"));
    json_free(json);
    return is_good ? VERB_DONE : VERB_HELD;
}

int notify_run(struct cli *cli)
{
    const char *name = cli->words[1];
    char path[VERB_PATH_SIZE];
    struct client_answer answer;

    if (strcmp(cli->words[0], "test") != 0) {
        verb_complain(cli, "say: notify test NAME, as in `notify` of a service: slack:deploys");
        return VERB_REFUSED;
    }
    if (strchr(name, ':') == NULL || name[strspn(name, name_alphabet)] != '\0') {
        verb_complain(cli, "%s: must be KIND:NAME, such as slack:deploys", name);
        return VERB_REFUSED;
    }
    (void)snprintf(path, sizeof(path), "/v1/notifiers/%.128s/test", name);
    const struct client_request request = {
        .method = "POST", .path = path, .body = "{}", .timeout_ms = LONGEST_TRY_MS};
    client_ask(cli->client, &request, &answer);
    int code = answer.status == 200 ? show(cli, &answer) : verb_refused(cli, &answer);
    client_answer_done(&answer);
    return code;
}
