/* mqtt_password.c - the password of a connection to a broker.
 * SPDX-License-Identifier: MIT */
#include "collectors/mqtt_password.h"

#include "io/memory.h"
#include "io/mqtt_client.h"

#include <stdlib.h>
#include <string.h>

bool mqtt_password_init(struct mqtt_password *password, const struct secret_keeper *keeper,
                        const char *reference, struct err *err)
{
    struct mqtt_password read = {.keeper = keeper};
    struct err trouble = {0};

    if (reference != NULL && !secret_load(keeper, reference, &read.secret, &trouble)) {
        (void)err_set(err, trouble.code, "password: %s", trouble.text);
        if (reference_kind(reference) != REFERENCE_VAULT)
            return false;
    }
    read.reference = memory_copy_text(reference);
    *password = read;
    return true;
}

void mqtt_password_done(struct mqtt_password *password)
{
    secret_drop(&password->secret);
    free(password->reference);
    *password = (struct mqtt_password){0};
}

bool mqtt_password_is_awaited(const struct mqtt_password *password)
{
    return password->reference != NULL && password->secret.bytes == NULL;
}

bool mqtt_password_renew(struct mqtt_password *password, struct mqtt_client *client, struct err *err)
{
    struct secret now = {0};
    struct err trouble = {0};

    if (password->reference == NULL)
        return true;
    if (!secret_load(password->keeper, password->reference, &now, &trouble))
        return err_set(err, trouble.code, "password: %s", trouble.text);
    if (password->secret.bytes == NULL || strcmp(password->secret.bytes, now.bytes) != 0)
        mqtt_client_set_password(client, now.bytes);
    secret_drop(&password->secret);
    password->secret = now;
    return true;
}
