/* types.c - all kinds of sources that this build knows.
 * SPDX-License-Identifier: MIT */
#include "collectors/cloudwatch.h"
#include "collectors/collector.h"
#include "collectors/command.h"
#include "collectors/haproxy.h"
#include "collectors/http_json.h"
#include "collectors/mqtt.h"
#include "collectors/otlp.h"
#include "collectors/prometheus.h"
#include "collectors/push.h"
#include "collectors/scrape.h"

const struct collector_type *const collector_types[] = {
    &prometheus_collector, &mqtt_collector,      &haproxy_collector, &cloudwatch_collector, &push_collector,
    &scrape_collector,     &http_json_collector, &otlp_collector,    &command_collector,    NULL,
};
