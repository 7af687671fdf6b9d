/* controller.c - who hears of the fleet, and may tell it something.
 * SPDX-License-Identifier: MIT */
#include "config/controller.h"

#include "base/text.h"

#include <string.h>

enum {
    CONTROLLER_URL,
    CONTROLLER_SECRET,
    CONTROLLER_TOKEN,
    CONTROLLER_MQTT,
    CONTROLLER_EVERY,
    CONTROLLER_TIMEOUT,
    CONTROLLER_CA,
    CONTROLLER_OPTION_COUNT
};

static const struct option options[CONTROLLER_OPTION_COUNT] = {
    [CONTROLLER_URL] = {.name = "url",
                        .type = OPTION_TEXT,
                        .help = "where /instances/INSTANCE/status is put"},
    [CONTROLLER_SECRET] = {.name = "secret",
                           .type = OPTION_SECRET,
                           .help = "signs each report, as those of webhooks: base64 of 24 to 64 bytes"},
    [CONTROLLER_TOKEN] = {.name = "token",
                          .type = OPTION_SECRET,
                          .help = "token whose scopes its commands have; without one it has none to give"},
    [CONTROLLER_MQTT] = {.name = "mqtt",
                         .type = OPTION_BOOL,
                         .fallback = "false",
                         .help = "whether the broker of `status` keeps the report too"},
    [CONTROLLER_EVERY] = {.name = "every",
                          .type = OPTION_DURATION,
                          .min = 1000,
                          .max = 3600000,
                          .fallback = "30s",
                          .help = "longest time without a report; changes are told at once"},
    [CONTROLLER_TIMEOUT] = {.name = "timeout",
                            .type = OPTION_DURATION,
                            .min = 100,
                            .max = 60000,
                            .fallback = "15s",
                            .help = "for one try"},
    [CONTROLLER_CA] = {.name = "ca", .type = OPTION_TEXT, .help = "file with the authorities to trust"},
};

/* Its commands come in by a door of ours that needs no certificate. */
static bool has_plain_door(const struct settings *settings)
{
    for (size_t i = 0; i < settings->listener_count; i++)
        if (settings->listeners[i].tls == NULL)
            return true;
    return settings->listener_count == 0;
}

static bool check(const struct build *build, const struct node *group, const struct option_value *values,
                  const struct settings *settings)
{
    bool has_url = values[CONTROLLER_URL].is_set;

    if (!has_url && !values[CONTROLLER_MQTT].flag)
        return report_node(build->report, group, "controller: takes a url, or mqtt = true, or both");
    if (has_url && !text_is_web_url(values[CONTROLLER_URL].text))
        return report_node(build->report, group, "controller: url starts with http:// or https://");
    if (has_url && !values[CONTROLLER_SECRET].is_set)
        return report_node(build->report, group,
                           "controller: a url needs a secret that signs what is put there");
    if (!has_url && values[CONTROLLER_TOKEN].is_set)
        return report_node(build->report, group,
                           "controller: a token is for commands, which come from a url");
    if (values[CONTROLLER_MQTT].flag && settings->status_broker == NULL)
        return report_node(build->report, group,
                           "controller: mqtt needs a broker: status = \"mqtt:NAME\" names one of `sources`");
    if (values[CONTROLLER_TOKEN].is_set && !text_is_private_url(values[CONTROLLER_URL].text))
        return report_node(build->report, tree_find(group, "url"),
                           "controller: who may send commands is reached by https://, or on this machine");
    if (values[CONTROLLER_TOKEN].is_set && !has_plain_door(settings))
        return report_node(build->report, group,
                           "controller: its commands need a Unix socket or a tcp address in `listen`");
    return true;
}

bool controller_read(const struct build *build, const struct node *root, struct settings *settings)
{
    static const struct shape shape = {.options = options, .count = CONTROLLER_OPTION_COUNT};
    const struct node *group = tree_find(root, "controller");
    struct option_value values[CONTROLLER_OPTION_COUNT] = {{0}};

    if (group == NULL)
        return true;
    if (!options_read(build, group, &shape, values, NULL) || !check(build, group, values, settings))
        return false;
    settings->controller = (struct settings_controller){
        .url = values[CONTROLLER_URL].text,
        .secret = values[CONTROLLER_SECRET].text,
        .token = values[CONTROLLER_TOKEN].text,
        .ca = values[CONTROLLER_CA].text,
        .has_mqtt = values[CONTROLLER_MQTT].flag,
        .every_ms = values[CONTROLLER_EVERY].duration_ms,
        .timeout_ms = values[CONTROLLER_TIMEOUT].duration_ms,
    };
    return true;
}

struct settings_table controller_table(void)
{
    return (struct settings_table){"controller", "controller: { ... };", options, CONTROLLER_OPTION_COUNT};
}
