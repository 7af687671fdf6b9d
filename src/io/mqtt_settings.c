/* mqtt_settings.c - what a client of a broker was told, checked and kept.
 * SPDX-License-Identifier: MIT */
#include "io/mqtt_settings.h"

#include "io/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { KEEPALIVE_MIN_S = 5, KEEPALIVE_MAX_S = 3600 };

const char *const mqtt_client_versions[] = {[MQTT_CLIENT_3_1_1] = "3.1.1", [MQTT_CLIENT_5] = "5", NULL};

static int64_t number_or(int64_t given, int64_t fallback)
{
    return given != 0 ? given : fallback;
}

void mqtt_settings_copy(struct mqtt_client_settings *to, const struct mqtt_client_settings *from)
{
    *to = *from;
    to->url = NULL;
    to->client_id = memory_copy_text(from->client_id);
    to->username = memory_copy_text(from->username);
    to->password = memory_copy_text(from->password);
    to->ca_file = memory_copy_text(from->ca_file);
    to->certificate_file = memory_copy_text(from->certificate_file);
    to->key_file = memory_copy_text(from->key_file);
    to->will_topic = memory_copy_text(from->will_topic);
    to->will_payload = memory_copy_text(from->will_payload);
    to->keepalive_s = (int)number_or(from->keepalive_s, MQTT_CLIENT_KEEPALIVE_S);
    to->payload_max_bytes =
        (size_t)number_or((int64_t)from->payload_max_bytes, MQTT_CLIENT_PAYLOAD_MAX_BYTES);
    to->backoff_min_ms = number_or(from->backoff_min_ms, MQTT_CLIENT_BACKOFF_MIN_MS);
    to->backoff_max_ms = number_or(from->backoff_max_ms, MQTT_CLIENT_BACKOFF_MAX_MS);
}

void mqtt_settings_wipe_password(struct mqtt_client_settings *settings)
{
    if (settings->password != NULL)
        explicit_bzero((char *)(uintptr_t)settings->password, strlen(settings->password));
}

void mqtt_settings_free(struct mqtt_client_settings *settings)
{
    const char *const texts[] = {settings->client_id,  settings->username,    settings->password,
                                 settings->ca_file,    settings->key_file,    settings->certificate_file,
                                 settings->will_topic, settings->will_payload};

    mqtt_settings_wipe_password(settings);
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        free((char *)(uintptr_t)texts[i]);
}

bool mqtt_settings_check(const struct mqtt_client_settings *settings, struct err *err)
{
    if (settings->password != NULL && settings->username == NULL)
        return err_set(err, ERR_INVALID, "a password needs a username");
    if ((settings->certificate_file == NULL) != (settings->key_file == NULL))
        return err_set(err, ERR_INVALID, "a certificate needs its key, and a key its certificate");
    if (settings->keepalive_s != 0 &&
        (settings->keepalive_s < KEEPALIVE_MIN_S || settings->keepalive_s > KEEPALIVE_MAX_S))
        return err_set(err, ERR_INVALID, "a keepalive of %d s is not from %d to %d", settings->keepalive_s,
                       KEEPALIVE_MIN_S, KEEPALIVE_MAX_S);
    if (settings->client_id == NULL || settings->client_id[0] == '\0')
        return err_set(err, ERR_INVALID, "no client_id");
    return true;
}
