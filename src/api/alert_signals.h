/* alert_signals.h - what a notification of Alertmanager's webhook (version 4) says about signals.
 * SPDX-License-Identifier: MIT
 *
 * Each alert belongs to the service and the environment that its labels of these names say, and its signal
 * fires while any alert of its name does. Members that we do not read may be anything. */
#ifndef API_ALERT_SIGNALS_H
#define API_ALERT_SIGNALS_H

#include "base/err.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

struct cJSON;

enum { ALERT_SIGNALS_MAX = 256 };

/* Where alerts belong whose labels do not say it; NULL: nowhere. */
struct alert_place {
    const char *service, *environment;
};

struct alert_signal {
    const char *service, *environment;  /* names */
    char metric[METRIC_MAX_LENGTH + 1]; /* "signal_high_errors" */
    bool is_firing;
};

struct alert_signals {
    struct cJSON *root; /* the texts' */
    size_t count;
    size_t elsewhere; /* alerts that belong to no service, or that no rule can name */
    struct alert_signal of[ALERT_SIGNALS_MAX];
};

/* ERR_INVALID or ERR_LIMIT: nothing of it is to be taken. Good ones are freed by alert_signals_done(). */
MUST_CHECK bool alert_signals_read(const char *bytes, size_t length, const struct alert_place *place,
                                   struct alert_signals *ret_signals, struct err *err);
void alert_signals_done(struct alert_signals *signals);

#endif
