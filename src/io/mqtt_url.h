/* mqtt_url.h - the address of a broker: mqtt://host[:port], mqtts://host[:port].
 * SPDX-License-Identifier: MIT */
#ifndef IO_MQTT_URL_H
#define IO_MQTT_URL_H

#include "base/attributes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { MQTT_HOST_MAX = 256, MQTT_REASON_MAX = 200 };

struct mqtt_url {
    char host[MQTT_HOST_MAX]; /* without brackets */
    uint16_t port;            /* 1883 and 8883 where the text has none */
    bool is_tls;
};

/* Refuses users, passwords, paths and empty hosts (ERR_INVALID). */
MUST_CHECK bool mqtt_url_parse(const char *text, struct mqtt_url *ret_url, struct err *err);

#endif
