/* kept_parts.h - what the files that read kept deployments share.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_KEPT_PARTS_H
#define CLI_KEPT_PARTS_H

#include "cli/past.h"

/* Where the values of one deployment lie. */
struct kept_place {
    const char *folder;              /* <data>/series */
    const struct definition *sealed; /* what it was admitted with: its slots, and what its metrics asked */
    const struct option_schemas *schemas;
    uint8_t slot, stable_slot;
    int64_t offset_ms; /* wall clock less the engine's, whole seconds, as the archive rounds it */
};

/* Reads the values of all metrics; what cannot be read stands in the past's gaps. */
void kept_read_series(const struct kept_place *place, struct past *past);

#endif
