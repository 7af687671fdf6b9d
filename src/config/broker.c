/* broker.c - finds the source that is a broker.
 * SPDX-License-Identifier: MIT */
#include "config/broker.h"

#include "base/text.h"

#include <string.h>

bool broker_find(const struct build *build, const struct node *node, const char *key, const char *text,
                 const struct settings *settings, const char **ret_name)
{
    char kind[NAME_MAX_LENGTH + 1] = "";
    const char *instance = options_split(text, kind, sizeof(kind));

    if (instance == NULL || strcmp(kind, "mqtt") != 0)
        return report_node(build->report, node, "%s: '%s' is not like \"mqtt:plant\"", key, text);
    for (size_t i = 0; i < settings->source_count; i++) {
        const struct settings_instance *source = &settings->sources[i];
        if (strcmp(build->schemas->collectors[source->kind].name, kind) == 0 &&
            strcmp(source->name, instance) == 0) {
            *ret_name = source->name;
            return true;
        }
    }
    return report_node(build->report, node, "%s: no source '%s' stands in `sources`", key, text);
}
