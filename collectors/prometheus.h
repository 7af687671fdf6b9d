/* prometheus.h - the collector that asks Prometheus-compatible servers (Thanos, Mimir, VictoriaMetrics).
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_PROMETHEUS_H
#define COLLECTORS_PROMETHEUS_H

#include "collectors/collector.h"

/* Options of an instance, in the order of its table. */
enum prometheus_option {
    PROMETHEUS_URL,
    PROMETHEUS_LAG,
    PROMETHEUS_TIMEOUT,
    PROMETHEUS_ACCESS /* the first of access.h */
};

extern const struct collector_type prometheus_collector;

#endif
