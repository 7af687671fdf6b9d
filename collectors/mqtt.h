/* mqtt.h - the collector that listens to an MQTT broker; its connection also carries our own state out.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_MQTT_H
#define COLLECTORS_MQTT_H

#include "collectors/collector.h"

struct loop;
struct mqtt_client;
struct mqtt_client_callbacks;
struct mqtt_client_settings;
struct mqtt_password;

extern const struct collector_type mqtt_collector;

/* One more connection to the broker of an instance with these options and `password` (the caller's, which
 * renews it while the broker is away); `own` has what is its own (client_id,
 * Will, version, session, sizes). As mqtt_client_new(). */
MUST_CHECK bool collector_mqtt_connect(struct loop *loop, const struct option_value *options,
                                       const struct mqtt_password *password,
                                       const struct mqtt_client_settings *own,
                                       const struct mqtt_client_callbacks *callbacks, void *data,
                                       struct mqtt_client **ret_client, struct err *err);

/* The reference of its password, or NULL. */
const char *collector_mqtt_password(const struct option_value *options);

/* The connection of an instance, for publishing. `collector` was opened by this type. */
struct mqtt_client *collector_mqtt_client(const struct collector *collector);

#endif
