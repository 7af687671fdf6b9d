/* fuzz_mqtt_levels.c - libFuzzer: any bytes as what is wanted of the levels of a topic, a filter and a topic.
 * SPDX-License-Identifier: MIT */
#include "collectors/mqtt_levels.h"
#include "io/memory.h"
#include "io/mqtt_client.h"

#include <mosquitto.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The next line, which ends at a newline, a NUL or the end. */
static char *next_line(char **text)
{
    char *line = *text;
    size_t length = strcspn(line, "\n");

    *text = line + length + (line[length] == '\n');
    line[length] = '\0';
    return line;
}

/* What the label `name` of the topic is, by another way than that of the reader; NULL: it has none. */
static char *level_of(const char *filter, const char *topic, size_t number)
{
    for (; filter[0] != '#'; filter++, topic++) {
        size_t wild = strcspn(filter, "/");
        size_t length = strcspn(topic, "/");

        if (filter[0] == '+' && number-- == 1)
            return memory_copy_bytes(topic, length);
        filter += wild;
        topic += length;
        if (filter[0] == '\0' || topic[0] == '\0')
            return NULL;
    }
    return NULL;
}

/* The first level is what it is said to be, and nothing else. */
static void check_first(const char *filter, const char *topic)
{
    struct selector *is = NULL;
    struct selector *is_not = NULL;
    bool fits = false;
    bool fits_not = false;
    char matcher[SELECTOR_LENGTH_MAX];
    char *level = level_of(filter, topic, 1);

    if (level == NULL || strpbrk(level, "'\\{}") != NULL || strlen(level) > SELECTOR_LENGTH_MAX / 2) {
        free(level);
        return;
    }
    (void)snprintf(matcher, sizeof(matcher), "level1='%s'", level);
    if (!mqtt_levels_new(matcher, &is, NULL))
        abort();
    (void)snprintf(matcher, sizeof(matcher), "level1!='%s'", level);
    if (!mqtt_levels_new(matcher, &is_not, NULL) || !mqtt_levels_fit(is, filter, topic, &fits, NULL) ||
        !mqtt_levels_fit(is_not, filter, topic, &fits_not, NULL) || !fits || fits_not)
        abort();
    selector_free(is);
    selector_free(is_not);
    free(level);
}

static void fit(const struct selector *selector, const char *filter, const char *topic)
{
    bool fits = false;
    bool again = false;
    struct err err = {0};

    if (!mqtt_levels_fit(selector, filter, topic, &fits, &err)) {
        if (err.text[0] == '\0')
            abort();
        return;
    }
    if (!mqtt_levels_fit(selector, filter, topic, &again, &err) || fits != again)
        abort();
}

/* As the client asks the library. */
static bool is_good(const char *text, int (*check)(const char *text))
{
    size_t length = strlen(text);

    return length > 0 && length <= MQTT_CLIENT_TOPIC_MAX_BYTES && check(text) == MOSQ_ERR_SUCCESS &&
           mosquitto_validate_utf8(text, (int)length) == MOSQ_ERR_SUCCESS;
}

/* Three lines: matchers, filter, topic. Brokers send what a filter covers; what is refused says why. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy_bytes(bytes, size);
    char *rest = text;
    const char *matchers = next_line(&rest);
    const char *filter = next_line(&rest);
    const char *topic = next_line(&rest);
    struct selector *selector = NULL;
    struct err err = {0};
    bool fits = false;

    bool is_covered = is_good(filter, mosquitto_sub_topic_check) &&
                      is_good(topic, mosquitto_pub_topic_check) &&
                      mosquitto_topic_matches_sub(filter, topic, &fits) == MOSQ_ERR_SUCCESS && fits;
    if (!mqtt_levels_check(matchers, &err) && err.text[0] == '\0')
        abort();
    err = (struct err){0};
    if (!mqtt_levels_new(matchers, &selector, &err)) {
        if (err.text[0] == '\0')
            abort();
    } else if (is_covered)
        fit(selector, filter, topic);
    if (is_covered)
        check_first(filter, topic);
    selector_free(selector);
    free(text);
    return 0;
}
