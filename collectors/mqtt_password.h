/* mqtt_password.h - the password of a connection to a broker, read again while the broker is away: what was
 * refused may have been exchanged, and what Vault has may come later.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_MQTT_PASSWORD_H
#define COLLECTORS_MQTT_PASSWORD_H

#include "base/attributes.h"
#include "io/secret.h"

struct mqtt_client;

/* Zeroed: there is none, and none is needed. */
struct mqtt_password {
    const struct secret_keeper *keeper;
    char *reference;      /* NULL: none is needed */
    struct secret secret; /* as it was read last */
};

/* `reference` is copied; NULL: none is needed. False: it cannot be read, and is none of Vault's; nothing is
 * kept. A password that is true and has no bytes is waited for, and *err says why. */
MUST_CHECK bool mqtt_password_init(struct mqtt_password *password, const struct secret_keeper *keeper,
                                   const char *reference, struct err *err);
void mqtt_password_done(struct mqtt_password *password);

bool mqtt_password_is_awaited(const struct mqtt_password *password);

/* While the broker is away: a new one is given to the client. False: it cannot be read, and *err says why. */
bool mqtt_password_renew(struct mqtt_password *password, struct mqtt_client *client, struct err *err);

#endif
