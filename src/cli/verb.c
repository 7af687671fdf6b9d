/* verb.c - what all verbs do the same way.
 * SPDX-License-Identifier: MIT */
#include "cli/verb.h"

#include "cli/field.h"
#include "io/json.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct option_value *verb_value(const struct cli *cli, const char *name)
{
    size_t index = option_find(cli->entry->options, cli->entry->option_count, name);

    assert(index < cli->entry->option_count);
    return &cli->values[index];
}

bool verb_flag(const struct cli *cli, const char *name)
{
    const struct option_value *value = verb_value(cli, name);

    return value->is_set && value->flag;
}

const char *verb_text(const struct cli *cli, const char *name)
{
    const struct option_value *value = verb_value(cli, name);

    return value->is_set ? value->text : "";
}

bool verb_is_list(const char *word)
{
    return strcmp(word, "ls") == 0 || strcmp(word, "list") == 0;
}

void verb_say(const struct cli *cli, const char *format, ...)
{
    va_list list;

    if (cli->is_quiet)
        return;
    (void)fflush(stdout); /* where both go to one place they keep their order */
    va_start(list, format);
    (void)vfprintf(stderr, format, list);
    va_end(list);
    (void)fputc('\n', stderr);
}

void verb_complain(const struct cli *cli, const char *format, ...)
{
    va_list list;

    (void)fprintf(stderr, "verdict%s%s: ", cli->entry == NULL ? "" : " ",
                  cli->entry == NULL ? "" : cli->entry->name);
    va_start(list, format);
    (void)vfprintf(stderr, format, list);
    va_end(list);
    (void)fputc('\n', stderr);
}

/* Where a flush failed before, this one has nothing left to do: the stream remembers it. */
bool verb_is_printed(void)
{
    bool is_flushed = fflush(stdout) == 0;

    return is_flushed && ferror(stdout) == 0;
}

static bool is_id(const char *text, const char *prefix)
{
    int64_t number = 0;

    return strncmp(text, prefix, 4) == 0 && text_to_integer(text + 4, 1, INT64_MAX, &number);
}

static bool split(const char *text, char service[NAME_MAX_LENGTH + 1], char environment[NAME_MAX_LENGTH + 1])
{
    const char *slash = strchr(text, '/');

    if (slash == NULL || (size_t)(slash - text) > NAME_MAX_LENGTH)
        return false;
    memcpy(service, text, (size_t)(slash - text));
    service[slash - text] = '\0';
    return text_is_name(service) && text_is_name(slash + 1) &&
           text_copy(environment, NAME_MAX_LENGTH + 1, slash + 1);
}

bool verb_target(const struct cli *cli, const char *text, char service[NAME_MAX_LENGTH + 1],
                 char environment[NAME_MAX_LENGTH + 1])
{
    if (split(text, service, environment))
        return true;
    verb_complain(cli, "%s: must be SERVICE/ENV, such as shop/prod", text);
    return false;
}

bool verb_deployment_path(const struct cli *cli, const char *id, const char *tail, char to[VERB_PATH_SIZE])
{
    char service[NAME_MAX_LENGTH + 1];
    char environment[NAME_MAX_LENGTH + 1];

    if (is_id(id, "run_")) {
        (void)snprintf(to, VERB_PATH_SIZE, "/v1/runs/%s%s", id, tail);
        return true;
    }
    if (!is_id(id, "dep_") && !split(id, service, environment)) {
        verb_complain(cli, "%s: must be dep_N, run_N, or SERVICE/ENV for its active or last deployment", id);
        return false;
    }
    (void)snprintf(to, VERB_PATH_SIZE, "/v1/deployments/%s%s", id, tail);
    return true;
}

static void complain_about_problem(const struct cli *cli, const struct client_answer *answer)
{
    struct cJSON *problem = field_parse(answer->body, answer->length);

    if (field_text(problem, "detail")[0] != '\0')
        verb_complain(cli, "%s", field_text(problem, "detail"));
    else
        verb_complain(cli, "the daemon answered with status %d", answer->status);
    json_free(problem);
}

int verb_refused(const struct cli *cli, const struct client_answer *answer)
{
    if (answer->is_interrupted)
        return VERB_INTERRUPTED;
    if (answer->status == 0) {
        verb_complain(cli, "%s", answer->err.text);
        return VERB_UNKNOWN;
    }
    complain_about_problem(cli, answer);
    return answer->status >= 400 && answer->status < 500 ? VERB_REFUSED : VERB_UNKNOWN;
}

bool verb_ask(struct cli *cli, const char *method, const char *path, const char *body,
              struct client_answer *ret_answer, int *ret_exit)
{
    const struct client_request request = {.method = method, .path = path, .body = body};

    client_ask(cli->client, &request, ret_answer);
    if (ret_answer->status >= 200 && ret_answer->status < 300)
        return true;
    *ret_exit = verb_refused(cli, ret_answer);
    client_answer_done(ret_answer);
    return false;
}

void verb_print_json(const struct cli *cli, const char *json)
{
    struct cJSON *root = cli->terminal.is_terminal ? field_parse(json, strlen(json)) : NULL;

    if (root == NULL) {
        (void)puts(json);
        return;
    }
    char *text = json_print_pretty(root);
    (void)fputs(text, stdout);
    free(text);
    json_free(root);
}

int verb_list(struct cli *cli, const char *path, const char *member, void (*print_row)(const cJSON *row))
{
    struct client_answer answer;
    int code = VERB_DONE;

    if (!verb_ask(cli, "GET", path, NULL, &answer, &code))
        return code;
    if (cli->is_json) {
        verb_print_json(cli, answer.body);
    } else {
        struct cJSON *page = field_parse(answer.body, answer.length);
        const cJSON *row = NULL;
        cJSON_ArrayForEach(row, field_part(page, member)) print_row(row);
        if (page == NULL) {
            verb_complain(cli, "the answer is no JSON");
            code = VERB_UNKNOWN;
        }
        json_free(page);
    }
    client_answer_done(&answer);
    return code;
}
