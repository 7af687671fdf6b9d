/* prometheus.h - the collector that asks Prometheus-compatible servers (Thanos, Mimir, VictoriaMetrics).
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_PROMETHEUS_H
#define COLLECTORS_PROMETHEUS_H

#include "collectors/collector.h"

extern const struct collector_type prometheus_collector;

#endif
