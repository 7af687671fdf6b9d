/* brakes.c - how much may fail within how long.
 * SPDX-License-Identifier: MIT */
#include "config/brakes.h"

#include "base/duration.h"
#include "base/text.h"
#include "engine/batch.h"

#include <stdio.h>
#include <string.h>

enum { BRAKE_SERVICE, BRAKE_FLEET, BRAKE_OPTION_COUNT };
enum { WORD_MAX = 16, SPAN_MIN_MS = 1000, SPAN_MAX_MS = 7 * 24 * 3600 * 1000 };

static const struct option options[BRAKE_OPTION_COUNT] = {
    [BRAKE_SERVICE] = {.name = "service",
                       .type = OPTION_TEXT,
                       .help = "when a service is stopped, like \"2 rollbacks per 6h\""},
    [BRAKE_FLEET] = {.name = "fleet",
                     .type = OPTION_TEXT,
                     .help = "when everything is stopped, like \"4 services per 5m\""},
};

/* "rollbacks", or "rollback" */
static bool is_word(const char *word, const char *words)
{
    size_t length = strlen(words);

    return strcmp(word, words) == 0 || (strncmp(word, words, length - 1) == 0 && word[length - 1] == '\0');
}

/* One service alone is no fleet. */
static bool take(const struct build *build, const struct node *node, int64_t least, const char *words,
                 const char *example, struct settings_brake *ret_brake)
{
    char number[WORD_MAX] = "";
    char word[WORD_MAX] = "";
    char span[DURATION_TEXT_MAX] = "";
    int64_t count = 0;
    int64_t span_ms = 0;
    int end = 0;

    int parts = sscanf(node->text, "%15s %15s per %31s%n", number, word, span, &end);
    if (parts != 3 || node->text[end] != '\0' || !is_word(word, words) ||
        !text_to_integer(number, 0, INT64_MAX, &count) || !duration_parse(span, &span_ms))
        return report_node(build->report, node, "%s: '%s' is not like \"%s\"", node->name, node->text,
                           example);
    if (count < least || count > TARGET_FALLS_MAX)
        return report_node(build->report, node, "%s: %s are %d to %d", node->name, words, (int)least,
                           TARGET_FALLS_MAX);
    if (span_ms < SPAN_MIN_MS || span_ms > SPAN_MAX_MS)
        return report_node(build->report, node, "%s: %s is not from 1s to 7d", node->name, span);
    *ret_brake = (struct settings_brake){.count = (uint8_t)count, .span_ms = span_ms};
    return true;
}

bool brakes_read(const struct build *build, const struct node *root, struct settings *settings)
{
    static const struct shape shape = {.options = options, .count = BRAKE_OPTION_COUNT};
    const struct node *group = tree_find(root, "brakes");
    struct option_value values[BRAKE_OPTION_COUNT] = {{0}};
    bool is_good = true;

    if (group == NULL)
        return true;
    if (!options_read(build, group, &shape, values, NULL))
        return false;
    if (values[BRAKE_SERVICE].is_set)
        is_good = take(build, tree_find(group, "service"), 1, "rollbacks", "2 rollbacks per 6h",
                       &settings->service_brake);
    if (values[BRAKE_FLEET].is_set)
        is_good = take(build, tree_find(group, "fleet"), 2, "services", "4 services per 5m",
                       &settings->fleet_brake) &&
                  is_good;
    return is_good;
}

struct settings_table brakes_table(void)
{
    return (struct settings_table){"brakes", "brakes: { ... };", options, BRAKE_OPTION_COUNT};
}
