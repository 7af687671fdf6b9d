/* mqtt_levels.c - levels of a topic as labels.
 * SPDX-License-Identifier: MIT */
#include "collectors/mqtt_levels.h"

#include "io/mqtt_client.h"

#include <stdio.h>
#include <string.h>

static bool as_selector(const char *matchers, char text[SELECTOR_LENGTH_MAX], struct err *err)
{
    int length = snprintf(text, SELECTOR_LENGTH_MAX, "topic{%s}", matchers);

    return (length > 0 && length < SELECTOR_LENGTH_MAX) ||
           err_set(err, ERR_INVALID, "longer than %d characters", SELECTOR_LENGTH_MAX);
}

bool mqtt_levels_new(const char *matchers, struct selector **ret_selector, struct err *err)
{
    char text[SELECTOR_LENGTH_MAX];

    return as_selector(matchers, text, err) && selector_new(text, ret_selector, err);
}

bool mqtt_levels_check(const char *matchers, struct err *err)
{
    char text[SELECTOR_LENGTH_MAX];

    return as_selector(matchers, text, err) && selector_check(text, err);
}

static void add(struct labelled *value, const char *name, const char *level)
{
    if (value->label_count < MQTT_LEVELS_MAX)
        value->labels[value->label_count++] = (struct label){.name = name, .value = level};
}

/* Cuts the topic into its levels. */
static void name_levels(const char *filter, char *topic, struct labelled *value)
{
    static const char *const names[MQTT_LEVELS_MAX] = {
        "level1", "level2",  "level3",  "level4",  "level5",  "level6",  "level7",  "level8",
        "level9", "level10", "level11", "level12", "level13", "level14", "level15", "level16"};
    size_t length = strcspn(filter, "/");

    while (filter[0] != '#') {
        char *end = strchr(topic, '/');
        if (end != NULL)
            *end = '\0';
        if (filter[0] == '+' && value->label_count < MQTT_LEVELS_MAX)
            add(value, names[value->label_count], topic);
        if (filter[length] == '\0')
            return;
        filter += length + 1;
        length = strcspn(filter, "/");
        topic = end != NULL ? end + 1 : topic + strlen(topic);
    }
    add(value, "rest", topic);
}

bool mqtt_levels_fit(const struct selector *selector, const char *filter, const char *topic, bool *ret_fits,
                     struct err *err)
{
    char levels[MQTT_CLIENT_TOPIC_MAX_BYTES + 1];
    struct labelled value = {.name = "topic"};

    (void)snprintf(levels, sizeof(levels), "%s", topic);
    name_levels(filter, levels, &value);
    return selector_fits(selector, &value, ret_fits, err);
}
