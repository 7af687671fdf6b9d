/* api_doors.h - who comes in without a token of ours, and how often whoever may.
 * SPDX-License-Identifier: MIT */
#ifndef API_API_DOORS_H
#define API_API_DOORS_H

#include "api/rate.h"
#include "config/hook.h"

struct secret_keeper;

struct api_doors {
    const struct settings_hook *hooks; /* [hook_count] */
    size_t hook_count;
    const struct secret_keeper *secrets;        /* of vault: references; NULL: there is none */
    struct rate_limit token_rate, address_rate; /* of each; without a limit where zeroed */
};

#endif
