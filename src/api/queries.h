/* queries.h - which query parameters an operation has: what it does not know it does not pass over.
 * SPDX-License-Identifier: MIT */
#ifndef API_QUERIES_H
#define API_QUERIES_H

#include "base/attributes.h"

#include <stdbool.h>

struct call;
struct queries;

/* The names that openapi.json has for each route. */
struct queries *queries_new(void);
void queries_free(struct queries *queries);

/* Are all parameters of the request ones of its route? False: answered with 400. What is open to everybody
 * (pages, probes, hooks of others) takes whatever comes. */
MUST_CHECK bool queries_allow(const struct queries *queries, struct call *call);

#endif
