/* events.c - where signed messages come in beside HTTP, and who may sign them.
 * SPDX-License-Identifier: MIT */
#include "config/events.h"

#include "config/broker.h"

#include <string.h>

enum { EVENTS_BROKER, EVENTS_HOOKS, EVENTS_VERSION, EVENTS_CLIENT_ID, EVENTS_OPTION_COUNT };
enum { VERSION_5 };

static const char *const versions[] = {[VERSION_5] = "5", "3.1.1", NULL};

static const struct option options[EVENTS_OPTION_COUNT] = {
    [EVENTS_BROKER] = {.name = "broker",
                       .type = OPTION_TEXT,
                       .is_required = true,
                       .help = "which of `sources` it is, like \"mqtt:plant\""},
    [EVENTS_HOOKS] = {.name = "hooks",
                      .type = OPTION_LIST,
                      .is_required = true,
                      .min = 1,
                      .max = SETTINGS_HOOKS_MAX,
                      .help = "whose messages are taken: names of `hooks`, all with proof = \"standard\""},
    [EVENTS_VERSION] = {.name = "version",
                        .type = OPTION_CHOICE,
                        .choices = versions,
                        .fallback = "5",
                        .help = "of MQTT; with 3.1.1 every message is an envelope"},
    [EVENTS_CLIENT_ID] = {.name = "client_id",
                          .type = OPTION_TEXT,
                          .help = "client identifier, under which the broker keeps what comes while we are "
                                  "away; made from our name"},
};

static const struct settings_hook *find_hook(const struct settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->hook_count; i++)
        if (settings->hooks[i].name != NULL && strcmp(settings->hooks[i].name, name) == 0)
            return &settings->hooks[i];
    return NULL;
}

/* A message may lie at the broker, and whoever is there can read it and send it once more. */
static bool check_hooks(const struct build *build, const struct node *group, const struct option_value *names,
                        const struct settings *settings)
{
    bool is_good = true;

    for (size_t i = 0; i < names->list_length; i++) {
        const struct settings_hook *hook = find_hook(settings, names->list[i]);
        if (hook == NULL)
            is_good =
                report_node(build->report, group, "events: no hook '%s' stands in `hooks`", names->list[i]);
        else if (hook->proof != HOOK_STANDARD)
            is_good =
                report_node(build->report, group,
                            "events: hook '%s' needs proof = \"standard\": over MQTT a message is known "
                            "by what is signed with it, its id and its time",
                            names->list[i]);
    }
    return is_good;
}

bool events_read(const struct build *build, const struct node *root, struct settings *settings)
{
    static const struct shape shape = {.options = options, .count = EVENTS_OPTION_COUNT};
    const struct node *group = tree_find(root, "events");
    struct option_value values[EVENTS_OPTION_COUNT] = {{0}};
    const char *broker = NULL;

    if (group == NULL)
        return true;
    if (!options_read(build, group, &shape, values, NULL))
        return false;
    bool is_good = broker_find(build, tree_find(group, "broker"), "broker", values[EVENTS_BROKER].text,
                               settings, &broker);
    settings->events = (struct settings_events){
        .broker = broker,
        .client_id = values[EVENTS_CLIENT_ID].text,
        .is_v5 = values[EVENTS_VERSION].choice == VERSION_5,
        .hooks = {.texts = values[EVENTS_HOOKS].list, .count = values[EVENTS_HOOKS].list_length},
    };
    return check_hooks(build, group, &values[EVENTS_HOOKS], settings) && is_good;
}

struct settings_table events_table(void)
{
    return (struct settings_table){"events", "events: { ... };", options, EVENTS_OPTION_COUNT};
}
