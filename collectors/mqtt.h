/* mqtt.h - the collector that listens to an MQTT broker; its connection also carries our own state out.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_MQTT_H
#define COLLECTORS_MQTT_H

#include "collectors/collector.h"

struct mqtt_client;

extern const struct collector_type mqtt_collector;

/* The connection of an instance, for publishing. `collector` was opened by this type. */
struct mqtt_client *collector_mqtt_client(const struct collector *collector);

#endif
