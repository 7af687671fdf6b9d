/* api_recovery.h - what the API asks of the daemon about recovery plans.
 * SPDX-License-Identifier: MIT */
#ifndef API_API_RECOVERY_H
#define API_API_RECOVERY_H

#include <stdbool.h>
#include <stdint.h>

/* A service in an environment whose rule file declares what is done when going back does not restore health,
 * and its last rehearsal. Wall-clock times in milliseconds since 1970. */
struct api_recovery {
    const char *service, *environment;
    const char *stand_in; /* where it is rehearsed; "" nowhere */
    uint64_t run;         /* of the last rehearsal that is over; 0: never rehearsed */
    int64_t began_ms, ended_ms;
    bool is_passed;
    const char *actor;
};

#endif
