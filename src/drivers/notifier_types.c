/* notifier_types.c - the receivers of this build.
 * SPDX-License-Identifier: MIT */
#include "drivers/notifier.h"

extern const struct notifier_type notifier_webhook;
extern const struct notifier_type notifier_slack;

const struct notifier_type *const notifier_types[] = {&notifier_webhook, &notifier_slack, NULL};
