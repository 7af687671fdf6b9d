/* otlp.h - the collector whose values exporters of OpenTelemetry post to the API.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_OTLP_H
#define COLLECTORS_OTLP_H

#include "collectors/collector.h"

extern const struct collector_type otlp_collector;

enum { OTLP_WHY_MAX = 256 };

/* Whose values the sender may tell. */
struct otlp_sender {
    void *data;
    bool (*allows)(void *data, const char *service, const char *environment);
};

struct otlp_answer {
    uint64_t rejected;      /* points that a watch wants and cannot use */
    char why[OTLP_WHY_MAX]; /* the first of them; "" none */
};

/* A posted request, on its way to all watches of services that the sender may tell of; points that nobody
 * wants are taken and go nowhere. False: nothing of it was taken (ERR_INVALID, ERR_LIMIT). `collector` was
 * opened by this type. */
MUST_CHECK bool otlp_post(struct collector *collector, const char *bytes, size_t length,
                          const struct otlp_sender *sender, struct otlp_answer *ret_answer, struct err *err);

#endif
