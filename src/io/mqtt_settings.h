/* mqtt_settings.h - what a client of a broker was told, checked and kept: for mqtt_client.c alone.
 * SPDX-License-Identifier: MIT */
#ifndef IO_MQTT_SETTINGS_H
#define IO_MQTT_SETTINGS_H

#include "io/mqtt_client.h"

/* ERR_INVALID: what does not fit together, or is out of its range. The URL is not looked at. */
MUST_CHECK bool mqtt_settings_check(const struct mqtt_client_settings *settings, struct err *err);

/* Copies the texts, without the URL, and fills in the defaults. */
void mqtt_settings_copy(struct mqtt_client_settings *to, const struct mqtt_client_settings *from);

/* Of a copy: overwrites the password, and drops all texts. */
void mqtt_settings_wipe_password(struct mqtt_client_settings *settings);
void mqtt_settings_free(struct mqtt_client_settings *settings);

#endif
