/* report.c - verdict report, verdict explain: the evidence, as the daemon words it; verdict graph: its
 * pictures.
 * SPDX-License-Identifier: MIT */
#include "cli/field.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_MODE = 0666 };

static const char *query_of(const struct cli *cli, bool is_page)
{
    if (is_page)
        return "/report?format=html";
    return cli->is_json ? "/report" : "/report?format=text";
}

int report_run(struct cli *cli)
{
    /* `verdict explain ID` comes by here as well, and has no page. */
    bool is_page = cli->entry->run == report_run && verb_flag(cli, "html");
    char path[VERB_PATH_SIZE];
    struct client_answer answer;
    int code = VERB_DONE;

    if (!verb_deployment_path(cli, cli->words[0], query_of(cli, is_page), path))
        return VERB_REFUSED;
    if (is_page && cli->is_json) {
        verb_complain(cli, "--html and --json are two answers");
        return VERB_REFUSED;
    }
    if (!verb_ask(cli, "GET", path, NULL, &answer, &code))
        return code;
    if (is_page) {
        code = output_put(cli, &answer, PAGE_MODE); /* nothing in it but text that was escaped */
    } else if (cli->is_json) {
        verb_print_json(cli, answer.body);
    } else {
        field_clean(answer.body, true);
        (void)fputs(answer.body, stdout);
    }
    client_answer_done(&answer);
    return code;
}

/* By the end of the file's name. */
static const char *format_of(const char *name)
{
    size_t length = strlen(name);

    if (length > 4 && strcmp(name + length - 4, ".png") == 0)
        return "png";
    return length > 4 && strcmp(name + length - 4, ".svg") == 0 ? "svg" : NULL;
}

static bool is_metric(const char *text)
{
    char name[METRIC_MAX_LENGTH + 1];
    size_t length = strcspn(text, ".");
    struct text copy;

    text_init(&copy, name, sizeof(name));
    text_add_bytes(&copy, text, length);
    return text_is_metric(name) && !copy.is_cut && strlen(text + length) <= 4 &&
           strspn(text + length, ".p0123456789") == strlen(text + length);
}

int graph_run(struct cli *cli)
{
    const char *format = format_of(verb_text(cli, "output"));
    char tail[VERB_PATH_SIZE];
    char path[VERB_PATH_SIZE];
    struct client_answer answer;
    int code = VERB_DONE;

    if (format == NULL) {
        verb_complain(cli, "say where to: -o FILE.svg or -o FILE.png");
        return VERB_REFUSED;
    }
    if (!is_metric(cli->words[1])) {
        verb_complain(cli, "%s: no name of a metric", cli->words[1]);
        return VERB_REFUSED;
    }
    (void)snprintf(tail, sizeof(tail), "/graph?metric=%.70s&format=%s", cli->words[1], format);
    if (!verb_deployment_path(cli, cli->words[0], tail, path))
        return VERB_REFUSED;
    if (!verb_ask(cli, "GET", path, NULL, &answer, &code))
        return code;
    code = output_put(cli, &answer, PAGE_MODE);
    client_answer_done(&answer);
    return code;
}
