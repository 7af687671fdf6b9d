/* notifier_types.c - the receivers of this build.
 * SPDX-License-Identifier: MIT */
#include "drivers/notifier.h"

#include <string.h>

extern const struct notifier_type notifier_webhook;
extern const struct notifier_type notifier_slack;
extern const struct notifier_type notifier_pagerduty;
extern const struct notifier_type notifier_alertmanager;
extern const struct notifier_type notifier_email;
extern const struct notifier_type notifier_teams;
extern const struct notifier_type notifier_discord;
extern const struct notifier_type notifier_grafana;
extern const struct notifier_type notifier_github;
extern const struct notifier_type notifier_mqtt;
extern const struct notifier_type notifier_cdevents;
extern const struct notifier_type notifier_otlp;

const struct notifier_type *const notifier_types[] = {&notifier_webhook,
                                                      &notifier_slack,
                                                      &notifier_pagerduty,
                                                      &notifier_alertmanager,
                                                      &notifier_email,
                                                      &notifier_teams,
                                                      &notifier_discord,
                                                      &notifier_grafana,
                                                      &notifier_github,
                                                      &notifier_mqtt,
                                                      &notifier_cdevents,
                                                      &notifier_otlp,
                                                      NULL};

const struct notifier_type *notifier_type_find(const char *receiver)
{
    size_t length = strcspn(receiver, ":");

    for (size_t i = 0; notifier_types[i] != NULL; i++)
        if (strlen(notifier_types[i]->name) == length &&
            strncmp(notifier_types[i]->name, receiver, length) == 0)
            return notifier_types[i];
    return NULL;
}
