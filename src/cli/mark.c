/* mark.c - verdict mark: what the pipeline of a follow deployment routes.
 * SPDX-License-Identifier: MIT */
#include "cli/act.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { WEIGHT_SIZE = 16 };

int mark_run(struct cli *cli)
{
    char weight[WEIGHT_SIZE];
    double number = 0.0;
    const char *text = verb_text(cli, "weight");
    size_t length = strlen(text);

    if (length > 0 && text[length - 1] == '%')
        length--;
    if (length >= sizeof(weight)) {
        verb_complain(cli, "--weight: \"%.32s\" is no percentage", text);
        return VERB_REFUSED;
    }
    memcpy(weight, text, length);
    weight[length] = '\0';
    if (!text_to_number(weight, &number) || number < 0.0 || number > 100.0) {
        verb_complain(cli, "--weight: \"%s\" is no percentage from 0%% to 100%%", text);
        return VERB_REFUSED;
    }
    cJSON *body = cJSON_CreateObject();
    cJSON_AddNumberToObject(body, "weight", number);
    return act_post(cli, cli->words[0], "marks", body);
}
