/* events_proof.c - tries the secrets of the hooks that messages may come from.
 * SPDX-License-Identifier: MIT */
#include "daemon/events_proof.h"

#include "api/hook_proof.h"
#include "io/clock.h"
#include "io/secret.h"

#include <string.h>

/* `err`: its secret cannot be read, or is none. */
static bool is_signed_by(const struct settings_hook *hook, const struct secret_keeper *keeper,
                         const struct signed_message *parts, struct err *err)
{
    const struct hook_message message = {.body = parts->body,
                                         .length = parts->length,
                                         .id = parts->id,
                                         .timestamp = parts->timestamp,
                                         .signatures = parts->signatures};
    CLEANUP(secret_drop) struct secret secret = {0};
    struct err why = {0};

    if (secret_load(keeper, hook->secret, &secret, &why) &&
        hook_proof_check(hook, secret.bytes, &message, clock_wall_ms(), &why))
        return true;
    if (why.code != ERR_FORBIDDEN || secret.bytes == NULL)
        (void)err_set(err, why.code, "hook %s: %s", hook->name, why.text);
    return false;
}

const struct settings_hook *events_proof(const struct settings *settings, const struct secret_keeper *keeper,
                                         const struct signed_message *parts, struct err *err)
{
    for (size_t i = 0; i < settings->events.hooks.count; i++)
        for (size_t k = 0; k < settings->hook_count; k++)
            if (strcmp(settings->hooks[k].name, settings->events.hooks.texts[i]) == 0 &&
                is_signed_by(&settings->hooks[k], keeper, parts, err))
                return &settings->hooks[k];
    return NULL;
}
