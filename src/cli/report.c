/* report.c - verdict report, verdict explain: the evidence, as the daemon words it; verdict graph: where the
 * series lie.
 * SPDX-License-Identifier: MIT */
#include "cli/field.h"
#include "cli/verb.h"

#include <stdio.h>

int report_run(struct cli *cli)
{
    char path[VERB_PATH_SIZE];
    struct client_answer answer;
    int code = VERB_DONE;

    if (!verb_deployment_path(cli, cli->words[0], cli->is_json ? "/report" : "/report?format=text", path))
        return VERB_REFUSED;
    if (!verb_ask(cli, "GET", path, NULL, &answer, &code))
        return code;
    if (cli->is_json) {
        verb_print_json(cli, answer.body);
    } else {
        field_clean(answer.body, true);
        (void)fputs(answer.body, stdout);
    }
    client_answer_done(&answer);
    return VERB_DONE;
}

int graph_run(struct cli *cli)
{
    verb_complain(cli, "graphs are not in this version; the series lie as RRD files in "
                       "DATA/series/SERVICE/ENVIRONMENT/, and any RRD tool draws them");
    return VERB_REFUSED;
}
