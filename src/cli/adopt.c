/* adopt.c - verdict adopt, freeze, unfreeze: what concerns a service in an environment.
 * SPDX-License-Identifier: MIT */
#include "cli/act.h"

#include <cjson/cJSON.h>
#include <stdio.h>

static bool make_path(const struct cli *cli, const char *verb, char path[VERB_PATH_SIZE])
{
    char service[NAME_MAX_LENGTH + 1];
    char environment[NAME_MAX_LENGTH + 1];

    if (!verb_target(cli, cli->words[0], service, environment))
        return false;
    (void)snprintf(path, VERB_PATH_SIZE, "/v1/services/%s/%s/%s", service, environment, verb);
    return true;
}

int adopt_run(struct cli *cli)
{
    char path[VERB_PATH_SIZE];
    char done[2 * VERB_PATH_SIZE];

    if (!make_path(cli, "adopt", path))
        return VERB_REFUSED;
    cJSON *body = act_body(cli);
    cJSON_AddStringToObject(body, "version", verb_text(cli, "version"));
    if (verb_text(cli, "slot")[0] != '\0')
        cJSON_AddStringToObject(body, "slot", verb_text(cli, "slot"));
    if (verb_text(cli, "digest")[0] != '\0')
        cJSON_AddStringToObject(body, "digest", verb_text(cli, "digest"));
    (void)snprintf(done, sizeof(done), "%.128s is what serves %s", verb_text(cli, "version"), cli->words[0]);
    return act_post_path(cli, path, body, done);
}

int freeze_run(struct cli *cli)
{
    char path[VERB_PATH_SIZE];
    char done[2 * VERB_PATH_SIZE];
    size_t until = option_find(cli->entry->options, cli->entry->option_count, "until");

    bool has_end = until < cli->entry->option_count && cli->values[until].is_set;

    if (cli->word_count == 0)
        (void)snprintf(path, sizeof(path), "/v1/%s", cli->entry->value);
    else if (!make_path(cli, cli->entry->value, path))
        return VERB_REFUSED;
    cJSON *body = act_body(cli);
    if (has_end)
        cJSON_AddStringToObject(body, "until", cli->values[until].text);
    const char *frozen = has_end ? "frozen; it ends by itself, or with `verdict unfreeze`"
                                 : "frozen, until `verdict unfreeze`";
    (void)snprintf(done, sizeof(done), "%s: %s", cli->word_count == 0 ? "the fleet" : cli->words[0],
                   cli->entry->value[0] == 'f' ? frozen : "not frozen any more");
    return act_post_path(cli, path, body, done);
}
