/* rates.c - how many requests a source may make, and over how many connections.
 * SPDX-License-Identifier: MIT */
#include "config/rates.h"

#include "base/duration.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { RATE_TOKEN, RATE_ADDRESS, RATE_CONNECTIONS, RATE_OPTION_COUNT };
enum {
    WORD_MAX = 16,
    COUNT_MIN = 10,
    COUNT_MAX = 1000 * 1000,
    SPAN_MIN_MS = 1000,
    SPAN_MAX_MS = 3600 * 1000
};

static const struct option options[RATE_OPTION_COUNT] = {
    [RATE_TOKEN] = {.name = "token",
                    .type = OPTION_TEXT,
                    .fallback = "2000 requests per 10s",
                    .help = "what each token may ask; \"none\": as much as it likes"},
    [RATE_ADDRESS] = {.name = "address",
                      .type = OPTION_TEXT,
                      .fallback = "600 requests per 10s",
                      .help = "what each address may ask without a valid token; or \"none\""},
    [RATE_CONNECTIONS] = {.name = "connections",
                          .type = OPTION_INTEGER,
                          .min = 2,
                          .max = 1024,
                          .fallback = "128",
                          .help = "TCP connections that each address may have open at once; half of them may "
                                  "listen to events"},
};

static bool take(const struct build *build, const struct node *node, const struct option *option,
                 const struct option_value *value, struct settings_rate *ret_rate)
{
    char number[WORD_MAX] = "";
    char span[DURATION_TEXT_MAX] = "";
    int64_t count = 0;
    int64_t span_ms = 0;
    int end = 0;

    *ret_rate = (struct settings_rate){0};
    if (strcmp(value->text, "none") == 0)
        return true;
    if (sscanf(value->text, "%15s requests per %31s%n", number, span, &end) != 2 ||
        value->text[end] != '\0' || !text_to_integer(number, 0, INT64_MAX, &count) ||
        !duration_parse(span, &span_ms))
        return report_node(build->report, node, "%s: '%s' is not like \"%s\"", option->name, value->text,
                           option->fallback);
    if (count < COUNT_MIN || count > COUNT_MAX)
        return report_node(build->report, node, "%s: requests are %d to %d, or \"none\"", option->name,
                           COUNT_MIN, COUNT_MAX);
    if (span_ms < SPAN_MIN_MS || span_ms > SPAN_MAX_MS)
        return report_node(build->report, node, "%s: %s is not from 1s to 1h", option->name, span);
    *ret_rate = (struct settings_rate){.count = (uint32_t)count, .span_ms = span_ms};
    return true;
}

bool rates_read(const struct build *build, const struct node *root, struct settings *settings)
{
    static const struct shape shape = {.options = options, .count = RATE_OPTION_COUNT};
    const struct node empty = {.kind = NODE_GROUP, .source = root->source};
    const struct node *group = tree_find(root, "rates");
    struct option_value values[RATE_OPTION_COUNT] = {{0}};

    group = group == NULL ? &empty : group;
    if (!options_read(build, group, &shape, values, NULL))
        return false;
    settings->address_connections = (unsigned)values[RATE_CONNECTIONS].number;
    bool is_good = take(build, tree_find(group, "token"), &options[RATE_TOKEN], &values[RATE_TOKEN],
                        &settings->token_rate);
    return take(build, tree_find(group, "address"), &options[RATE_ADDRESS], &values[RATE_ADDRESS],
                &settings->address_rate) &&
           is_good;
}

struct settings_table rates_table(void)
{
    return (struct settings_table){"rates", "rates: { ... };", options, RATE_OPTION_COUNT};
}
