/* kept.c - deployments as they were read last, each in the place of its number.
 * SPDX-License-Identifier: MIT */
#include "api/kept.h"

#include "api/reading.h"

#include <stddef.h>

const struct reading *kept_find(const struct kept *kept, uint64_t deployment)
{
    const struct reading *reading = kept->readings[deployment % KEPT_MAX];

    return reading != NULL && reading->deployment == deployment ? reading : NULL;
}

void kept_put(struct kept *kept, struct reading *reading)
{
    struct reading **place = &kept->readings[reading->deployment % KEPT_MAX];

    reading_free(*place);
    *place = reading;
}

void kept_drop(struct kept *kept, uint64_t deployment)
{
    struct reading **place = &kept->readings[deployment % KEPT_MAX];

    if (kept_find(kept, deployment) == NULL)
        return;
    reading_free(*place);
    *place = NULL;
}

void kept_done(struct kept *kept)
{
    for (size_t i = 0; i < KEPT_MAX; i++) {
        reading_free(kept->readings[i]);
        kept->readings[i] = NULL;
    }
}
