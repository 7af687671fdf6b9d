/* iac.c - verdict iac: stacks of infrastructure, by sub-verbs.
 * SPDX-License-Identifier: MIT */
#include "cli/iac_runs.h"
#include "cli/iac_states.h"
#include "cli/verb.h"

#include <string.h>

struct sub_verb {
    const char *name;
    size_t words; /* with its own name */
    int (*run)(struct cli *cli);
};

static const struct sub_verb sub_verbs[] = {
    {"plan", 3, iac_runs_start},      {"apply", 3, iac_runs_start},       {"verify", 3, iac_runs_start},
    {"drift", 3, iac_runs_start},     {"destroy", 3, iac_runs_start},     {"approve", 2, iac_runs_review},
    {"reject", 2, iac_runs_review},   {"ls", 1, iac_states_list},         {"ls", 3, iac_states_list},
    {"list", 1, iac_states_list},     {"list", 3, iac_states_list},       {"state", 3, iac_states_get},
    {"unlock", 3, iac_states_unlock}, {"restore", 3, iac_states_restore},
};

int iac_run(struct cli *cli)
{
    for (size_t i = 0; i < ARRAY_LENGTH(sub_verbs); i++)
        if (strcmp(sub_verbs[i].name, cli->words[0]) == 0 && sub_verbs[i].words == cli->word_count)
            return sub_verbs[i].run(cli);
    verb_complain(cli, "say: iac %s", cli->entry->arguments);
    return VERB_REFUSED;
}
