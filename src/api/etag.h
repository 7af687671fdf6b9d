/* etag.h - entity tags of conditional requests (RFC 9110, section 13), and If-Match of those that change
 * something.
 * SPDX-License-Identifier: MIT */
#ifndef API_ETAG_H
#define API_ETAG_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stdint.h>

struct call;

enum etag_comparison {
    ETAG_STRONG, /* If-Match: a weak tag is like none */
    ETAG_WEAK    /* If-None-Match: W/"x" is like "x" */
};

/* Whether a header's `list` (tags between commas, or "*", which is like every tag; NULL: no header) has
 * `etag`, a strong one. What is no tag ends the list. */
bool etag_is_listed(const char *list, const char *etag, enum etag_comparison comparison);

/* If-Match of the request, where it has one, against what it is about as that is now. `deployment`, `run`:
 * its id, the other 0; where another request about it waits for its answer nobody knows what it will be.
 * False: answered with 412. */
MUST_CHECK bool etag_holds(struct call *call, const char *etag, uint64_t deployment, uint64_t run);

/* Is there an If-Match? */
bool etag_is_wanted(const struct call *call);

#endif
