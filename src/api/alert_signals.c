/* alert_signals.c - alerts by name, service and environment.
 * SPDX-License-Identifier: MIT */
#include "api/alert_signals.h"

#include "config/condition.h"
#include "io/json.h"

#include <string.h>

enum { ALERTS_MAX = 1000, VALUE_MAX = 4096 };

/* A label that may be missing: `fallback` then. */
static bool read_label(const struct json_node *labels, const char *name, const char *fallback,
                       const char **ret_value, struct err *err)
{
    const char *value = NULL;

    if (!json_text(labels, name, JSON_OPTIONAL, VALUE_MAX, &value, err))
        return false;
    *ret_value = value == NULL || value[0] == '\0' ? fallback : value;
    return true;
}

/* Nobody else's services have such names, and no rule can name such a signal. */
static bool is_ours(const struct alert_signal *signal)
{
    return signal->service != NULL && text_is_name(signal->service) && signal->environment != NULL &&
           text_is_name(signal->environment) && text_is_metric(signal->metric);
}

static struct alert_signal *find(struct alert_signals *signals, const struct alert_signal *wanted)
{
    for (size_t i = 0; i < signals->count; i++) {
        struct alert_signal *signal = &signals->of[i];
        if (strcmp(signal->metric, wanted->metric) == 0 && strcmp(signal->service, wanted->service) == 0 &&
            strcmp(signal->environment, wanted->environment) == 0)
            return signal;
    }
    return NULL;
}

static bool read_status(const struct json_node *alert, bool *ret_firing, struct err *err)
{
    const char *status = NULL;

    if (!json_text(alert, "status", JSON_REQUIRED, VALUE_MAX, &status, err))
        return false;
    *ret_firing = strcmp(status, "firing") == 0;
    return *ret_firing || strcmp(status, "resolved") == 0 ||
           err_set(err, ERR_INVALID, "%s/status: firing or resolved is meant", JSON_POINTER(alert));
}

static bool read_alert(const struct json_node *alert, const struct alert_place *place,
                       struct alert_signals *signals, struct err *err)
{
    char metric[METRIC_MAX_LENGTH + 2]; /* one more: what is too long shows */
    struct alert_signal signal = {0};
    struct json_node labels = {0};
    const char *name = "";
    bool is_firing = false;

    if (!json_as_object(alert, err) || !read_status(alert, &is_firing, err) ||
        !json_object(alert, "labels", JSON_REQUIRED, &labels, err) ||
        !read_label(&labels, "alertname", "", &name, err) ||
        !read_label(&labels, "service", place->service, &signal.service, err) ||
        !read_label(&labels, "environment", place->environment, &signal.environment, err))
        return false;
    condition_name_signal(name, strlen(name), metric, sizeof(metric));
    if (name[0] == '\0' || !text_copy(signal.metric, sizeof(signal.metric), metric) || !is_ours(&signal)) {
        signals->elsewhere++;
        return true;
    }
    struct alert_signal *known = find(signals, &signal);
    if (known == NULL) {
        if (signals->count == ALERT_SIGNALS_MAX)
            return err_set(err, ERR_LIMIT, "alerts of more than %d names", ALERT_SIGNALS_MAX);
        known = &signals->of[signals->count++];
        *known = signal;
    }
    known->is_firing = known->is_firing || is_firing;
    return true;
}

/* Of alerts that were left out nobody knows whether they fire: only what fires is certain then. */
static void drop_resolved(struct alert_signals *signals)
{
    size_t count = 0;

    for (size_t i = 0; i < signals->count; i++)
        if (signals->of[i].is_firing)
            signals->of[count++] = signals->of[i];
    signals->count = count;
}

static bool read_all(const struct json_node *root, const struct alert_place *place,
                     struct alert_signals *signals, struct err *err)
{
    struct json_node alerts = {0};
    size_t length = 0;
    int64_t truncated = 0;

    if (!json_as_object(root, err) ||
        !json_integer(root, "truncatedAlerts", JSON_OPTIONAL, 0, INT32_MAX, &truncated, err) ||
        !json_array(root, "alerts", JSON_REQUIRED, ALERTS_MAX, &alerts, &length, err))
        return false;
    for (struct json_node alert = json_first(&alerts); alert.item != NULL; alert = json_next(&alerts, &alert))
        if (!read_alert(&alert, place, signals, err))
            return false;
    if (truncated > 0)
        drop_resolved(signals);
    return true;
}

bool alert_signals_read(const char *bytes, size_t length, const struct alert_place *place,
                        struct alert_signals *ret_signals, struct err *err)
{
    struct cJSON *root = NULL;

    if (!json_parse(bytes, length, NULL, &root, err))
        return false;
    struct json_node node = json_root(root);
    ret_signals->root = root;
    ret_signals->count = ret_signals->elsewhere = 0;
    if (read_all(&node, place, ret_signals, err))
        return true;
    alert_signals_done(ret_signals);
    return false;
}

void alert_signals_done(struct alert_signals *signals)
{
    json_free(signals->root);
    signals->root = NULL;
    signals->count = 0;
}
