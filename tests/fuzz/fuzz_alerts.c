/* fuzz_alerts.c - libFuzzer: any bytes as a notification of Alertmanager's webhook.
 * SPDX-License-Identifier: MIT */
#include "api/alert_signals.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What is read has names, and what cannot be read says why. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct alert_signals signals;
    const struct alert_place place = {.service = "shop", .environment = "prod"};
    struct err err = {0};

    if (!alert_signals_read((const char *)bytes, size, &place, &signals, &err)) {
        if (err.text[0] == '\0')
            abort();
        return 0;
    }
    for (size_t i = 0; i < signals.count; i++)
        if (!text_is_name(signals.of[i].service) || !text_is_name(signals.of[i].environment) ||
            !text_is_metric(signals.of[i].metric))
            abort();
    alert_signals_done(&signals);
    return 0;
}
