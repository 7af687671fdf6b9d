/* report.c - verdict report, verdict explain: the evidence, as the daemon words it; verdict graph: where the
 * series lie.
 * SPDX-License-Identifier: MIT */
#include "cli/field.h"
#include "cli/verb.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* As it came: the page has nothing in it but text that was escaped. */
static int put_page(const struct cli *cli, const struct client_answer *answer)
{
    const char *name = verb_text(cli, "output");
    bool is_standard = name[0] == '\0' || strcmp(name, "-") == 0;
    FILE *file = is_standard ? stdout : fopen(name, "wbe");

    if (file == NULL) {
        verb_complain(cli, "%s: %s", name, strerror(errno));
        return VERB_UNKNOWN;
    }
    bool is_written = fwrite(answer->body, 1, answer->length, file) == answer->length;
    is_written = (is_standard ? fflush(file) : fclose(file)) == 0 && is_written;
    if (!is_written)
        verb_complain(cli, "%s could not be written", is_standard ? "the output" : name);
    return is_written ? VERB_DONE : VERB_UNKNOWN;
}

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
        code = put_page(cli, &answer);
    } else if (cli->is_json) {
        verb_print_json(cli, answer.body);
    } else {
        field_clean(answer.body, true);
        (void)fputs(answer.body, stdout);
    }
    client_answer_done(&answer);
    return code;
}

int graph_run(struct cli *cli)
{
    verb_complain(cli, "graphs are not in this version; the series lie as RRD files in "
                       "DATA/series/SERVICE/ENVIRONMENT/, and any RRD tool draws them");
    return VERB_REFUSED;
}
