/* get.c - verdict get: one deployment or run, once or until it ends.
 * SPDX-License-Identifier: MIT */
#include "cli/field.h"
#include "cli/plain.h"
#include "cli/run_tree.h"
#include "cli/tree.h"
#include "cli/waiting.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REDRAW_MS = 1000, LOST_MAX = 60 };

struct watching {
    struct tree_history history;
    struct page page;
    char text[TREE_TEXT_SIZE]; /* of the page */
    char shown[TREE_TEXT_SIZE];
    unsigned lines; /* drawn before */
    char etag[CLIENT_ETAG_SIZE];
    unsigned lost;
};

/* At most `rows` lines (0: all of them); returns how many. */
static unsigned print_tree(const struct terminal *terminal, struct watching *watching, const cJSON *json,
                           unsigned rows)
{
    struct text shown;

    page_init(&watching->page, watching->text, sizeof(watching->text));
    if (field_part(json, "stages") != NULL)
        run_tree_draw(json, terminal, &watching->page);
    else
        tree_draw(json, terminal, &watching->history, &watching->page);
    text_init(&shown, watching->shown, sizeof(watching->shown));
    unsigned lines = page_fit(&watching->page, rows, &shown);
    (void)fputs(watching->shown, stdout);
    return lines;
}

/* Lines that are too long are cut, not wrapped, and all of them with the cursor below are in the window: so
 * the next one is drawn in their place. In a window of another size their place is not known any more. */
static void redraw(struct cli *cli, struct watching *watching, const cJSON *json)
{
    struct terminal *terminal = &cli->terminal;

    tree_note(&watching->history, json);
    bool is_resized = terminal_measure(terminal);
    unsigned rows = terminal->height > 1 ? (unsigned)terminal->height - 1 : (unsigned)terminal->height;
    if (watching->lines > 0 && is_resized)
        (void)fputs("\033[H\033[J", stdout);
    else if (watching->lines > 0)
        (void)printf("\033[%uA\033[J", watching->lines);
    (void)fputs("\033[?7l", stdout);
    watching->lines = print_tree(terminal, watching, json, rows);
    (void)fputs("\033[?7h", stdout);
}

static void show(struct cli *cli, struct watching *watching, const struct client_answer *answer,
                 const cJSON *json)
{
    if (cli->is_json)
        (void)puts(answer->body);
    else if (cli->terminal.is_terminal)
        redraw(cli, watching, json);
    else
        (void)printf("%s\n", field_text(json, "summary"));
    (void)fflush(stdout);
}

/* On a terminal every second, for the numbers move; else whenever the state changes. */
static int64_t wait_of(const struct cli *cli, const struct watching *watching)
{
    return cli->terminal.is_terminal || watching->etag[0] == '\0' ? 0 : 50000;
}

/* Exit code, or -1: goes on. */
static int watch_once(struct cli *cli, struct watching *watching)
{
    struct client_answer answer;
    const char *etag = cli->terminal.is_terminal ? "" : watching->etag;
    struct cJSON *json = waiting_read(cli, cli->words[0], wait_of(cli, watching), etag, &answer);
    int code = -1;

    if (json != NULL) {
        show(cli, watching, &answer, json);
        (void)snprintf(watching->etag, sizeof(watching->etag), "%s", answer.etag);
        watching->lost = 0;
        if (field_flag(json, "done") || !verb_is_printed())
            code = VERB_DONE;
    } else if (answer.status >= 400 && answer.status < 500) {
        code = verb_refused(cli, &answer);
    } else if (answer.status != 304 && ++watching->lost == LOST_MAX) {
        code = verb_refused(cli, &answer);
    }
    client_answer_done(&answer);
    json_free(json);
    return code;
}

static int watch(struct cli *cli)
{
    struct watching *watching = memory_take(sizeof(*watching));
    int code = watch_once(cli, watching);

    while (code < 0) {
        bool goes_on = !client_is_interrupted(cli->client);
        if (goes_on && (cli->terminal.is_terminal || watching->lost > 0))
            goes_on = client_pause(cli->client, REDRAW_MS);
        code = goes_on ? watch_once(cli, watching) : VERB_INTERRUPTED;
    }
    free(watching);
    return code;
}

static int show_once(struct cli *cli)
{
    char path[VERB_PATH_SIZE];
    struct client_answer answer;
    int code = VERB_DONE;

    if (!verb_deployment_path(cli, cli->words[0], "", path))
        return VERB_REFUSED;
    if (!verb_ask(cli, "GET", path, NULL, &answer, &code))
        return code;
    if (cli->is_json) {
        verb_print_json(cli, answer.body);
    } else if (cli->is_plain) {
        struct cJSON *json = field_parse(answer.body, answer.length);
        plain_print(json);
        json_free(json);
    } else {
        struct cJSON *json = field_parse(answer.body, answer.length);
        struct watching *watching = memory_take(sizeof(*watching));
        struct terminal endless = cli->terminal; /* what is printed once may wrap, and scroll */
        endless.width = 0;
        (void)print_tree(&endless, watching, json, 0);
        free(watching);
        json_free(json);
    }
    client_answer_done(&answer);
    return code;
}

int get_run(struct cli *cli)
{
    return verb_flag(cli, "watch") ? watch(cli) : show_once(cli);
}
