/* lever_trace.h - the trace that an order of a lever is made in, as its commands and requests are told it;
 * for lever.c.
 * SPDX-License-Identifier: MIT */
#ifndef DRIVERS_LEVER_TRACE_H
#define DRIVERS_LEVER_TRACE_H

#include "drivers/lever.h"

void lever_trace_keep(struct lever_order *order, const struct trace_given *trace);
void lever_trace_done(struct lever_order *order);

/* Adds VERDICT_TRACEPARENT=... and so on, TRACE_HEADERS_MAX at most; how many. They live as long as the
 * order.
 */
size_t lever_trace_pairs(const struct lever_order *order, const char **to);
/* The same as headers. */
size_t lever_trace_headers(const struct lever_order *order, struct http_header *to);

#endif
