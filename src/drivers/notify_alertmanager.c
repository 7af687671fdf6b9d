/* notify_alertmanager.c - Prometheus' Alertmanager: an alert as long as a deployment or a run needs people.
 * SPDX-License-Identifier: MIT
 *
 * Alertmanager takes an alert for over when nobody repeats it, and keeps none over a restart. Ours carries
 * its end, far away, is repeated as long as it is open (the outbox does that), and is told its true end when
 * that comes. */
#include "base/text.h"
#include "drivers/notify_http.h"
#include "io/clock.h"

#include <cjson/cJSON.h>
#include <string.h>
#include <time.h>

enum {
    OPTION_URL,
    OPTION_TOKEN,
    OPTION_LABELS,
    OPTION_EXPIRE,
    OPTION_REPEAT,
    OPTION_TIMEOUT,
    OPTION_CA,
    OPTION_COUNT
};
enum { LABELS_MAX = 16, TEST_EXPIRES_S = 60 };

static const struct option options[OPTION_COUNT] = {
    [OPTION_URL] = {.name = "url",
                    .type = OPTION_TEXT,
                    .is_required = true,
                    .help = "where Alertmanager answers, like http://127.0.0.1:9093"},
    [OPTION_TOKEN] = {.name = "token",
                      .type = OPTION_SECRET,
                      .help = "bearer token of what stands before it"},
    [OPTION_LABELS] = {.name = "labels",
                       .type = OPTION_MAP,
                       .max = LABELS_MAX,
                       .help = "more labels of every alert, for its routes"},
    [OPTION_EXPIRE] = {.name = "expire",
                       .type = OPTION_DURATION,
                       .min = 60000,
                       .max = 31.0 * 86400000,
                       .fallback = "7d",
                       .help = "an alert that nobody tells again, nor its end, is over after so long"},
    [OPTION_REPEAT] = {.name = "repeat",
                       .type = OPTION_DURATION,
                       .min = 1000,
                       .max = 3600000,
                       .fallback = "1m",
                       .help = "an alert that is open is told again so often"},
    [OPTION_TIMEOUT] = NOTIFY_OPTION_OF_TIMEOUT,
    [OPTION_CA] = NOTIFY_OPTION_OF_CA,
};

/* What an alert is: its name and severity are part of what Alertmanager knows it by. */
struct alert {
    const char *name;
    enum notice_severity severity;
};

static const struct alert alerts[NOTICE_ALERT_COUNT] = {
    [NOTICE_FAILED] = {"VerdictFailed", NOTICE_ERROR},
    [NOTICE_HELD] = {"VerdictHeld", NOTICE_WARNING},
    [NOTICE_ESCALATED] = {"VerdictEscalated", NOTICE_CRITICAL},
    [NOTICE_DRIFTED] = {"VerdictDrift", NOTICE_WARNING},
};

static const struct alert trial = {"VerdictTest", NOTICE_INFO};

/* Only what stays the same for the deployment, or from run to run: the same labels are the same alert. */
static void add_labels(cJSON *object, const struct notify_use *use, const struct notice_facts *facts,
                       const struct alert *alert)
{
    const struct option_value *more = &use->values[OPTION_LABELS];
    cJSON *labels = cJSON_AddObjectToObject(object, "labels");

    cJSON_AddStringToObject(labels, "alertname", alert->name);
    cJSON_AddStringToObject(labels, "severity", notice_severity_name(alert->severity));
    cJSON_AddStringToObject(labels, "verdict", facts->source);
    cJSON_AddStringToObject(labels, "service", facts->service);
    cJSON_AddStringToObject(labels, "environment", facts->environment);
    if (facts->deployment[0] != '\0') {
        cJSON_AddStringToObject(labels, "version", facts->version);
        cJSON_AddStringToObject(labels, "deployment", facts->deployment);
    } else {
        cJSON_AddStringToObject(labels, "incident", facts->incident);
    }
    for (size_t i = 0; i + 1 < more->list_length; i += 2) {
        cJSON_DeleteItemFromObjectCaseSensitive(labels, more->list[i]);
        cJSON_AddStringToObject(labels, more->list[i], more->list[i + 1]);
    }
}

static void add_annotations(cJSON *object, const struct notice_facts *facts)
{
    struct notice_field fields[NOTICE_FIELDS_MAX];
    char memory[NOTICE_FIELDS_MAX * NOTICE_FIELD_SIZE];
    size_t count = notice_fields(facts, fields);
    cJSON *annotations = cJSON_AddObjectToObject(object, "annotations");
    struct text lines;

    text_init(&lines, memory, sizeof(memory));
    for (size_t i = 0; i < count; i++)
        text_add(&lines, "%s%s: %s", i == 0 ? "" : "\n", fields[i].name, fields[i].text);
    cJSON_AddStringToObject(annotations, "summary", facts->summary);
    cJSON_AddStringToObject(annotations, "description", memory);
}

static void add_stamp(cJSON *object, const char *name, int64_t at_s)
{
    char stamp[CLOCK_STAMP_SIZE];

    cJSON_AddStringToObject(object, name, clock_stamp(at_s * 1000, stamp));
}

/* `starts_s` 0: it ends, whenever it began. */
static cJSON *alert_of(const struct notify_use *use, const struct notice_facts *facts,
                       const struct alert *alert, int64_t starts_s, int64_t ends_s)
{
    cJSON *object = cJSON_CreateObject();

    add_labels(object, use, facts, alert);
    add_annotations(object, facts);
    if (starts_s > 0)
        add_stamp(object, "startsAt", starts_s);
    add_stamp(object, "endsAt", ends_s);
    if (facts->link[0] != '\0')
        cJSON_AddStringToObject(object, "generatorURL", facts->link);
    return object;
}

static bool write_request(const struct notify_use *use, const struct notice_facts *facts, size_t number,
                          struct notify_request *request)
{
    int64_t expires_s = (int64_t)time(NULL) + use->values[OPTION_EXPIRE].duration_ms / 1000;
    bool is_test = strcmp(facts->event, "test") == 0;
    cJSON *array = cJSON_CreateArray();

    request->json = array;
    request->is_bearer = use->key[0] != '\0';
    if (is_test)
        cJSON_AddItemToArray(array,
                             alert_of(use, facts, &trial, facts->time_s, facts->time_s + TEST_EXPIRES_S));
    else if (facts->kind->incident == NOTICE_OPENS)
        cJSON_AddItemToArray(array,
                             alert_of(use, facts, &alerts[facts->kind->alert], facts->time_s, expires_s));
    for (unsigned i = 0; i < NOTICE_ALERT_COUNT; i++)
        if ((facts->ends & (1U << i)) != 0)
            cJSON_AddItemToArray(array, alert_of(use, facts, &alerts[i], 0, facts->time_s));
    if (number > 0 || cJSON_GetArraySize(array) == 0)
        return false;
    request->url = notify_url(use->url, "/api/v2/alerts");
    return true;
}

static const struct notify_http_kind kind = {.url = OPTION_URL,
                                             .key = OPTION_TOKEN,
                                             .timeout = OPTION_TIMEOUT,
                                             .ca = OPTION_CA,
                                             .write = write_request};

static bool is_label(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    return length > 0 && text[length] == '\0' && (text[0] < '0' || text[0] > '9');
}

static bool open_alertmanager(const struct notifier_type *type, const struct notifier_env *env,
                              const char *name, const struct option_value *values,
                              struct notifier **ret_notifier, struct err *err)
{
    const struct option_value *labels = &values[OPTION_LABELS];

    for (size_t i = 0; i < labels->list_length; i += 2)
        if (!is_label(labels->list[i]))
            return err_set(err, ERR_INVALID, "labels: '%s' is no name of a label", labels->list[i]);
    return notify_http_open(type, env, name, values, ret_notifier, err);
}

static int64_t repeat_ms(const struct notifier *notifier)
{
    return notify_http_value(notifier, OPTION_REPEAT)->duration_ms;
}

const struct notifier_type notifier_alertmanager = {
    .name = "alertmanager",
    .options = options,
    .option_count = OPTION_COUNT,
    .keeps_incidents = true,
    .repeat_ms = repeat_ms,
    .http = &kind,
    .open = open_alertmanager,
    .close = notify_http_close,
    .send = notify_http_send,
};
