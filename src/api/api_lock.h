/* api_lock.h - what a queued deployment waits for, where another service's holds the lock that it names.
 * SPDX-License-Identifier: MIT */
#ifndef API_API_LOCK_H
#define API_API_LOCK_H

#include <stdint.h>

struct api_lock {
    const char *name; /* NULL: it waits for no lock */
    uint64_t holder;
    const char *service, *environment; /* the holder's */
};

#endif
