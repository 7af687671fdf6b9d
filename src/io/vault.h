/* vault.h - values of Vault's key-value store (version 2), by reference: each path is read once for all who
 * name one of its keys, again when its value is no longer fresh, and kept in memory alone.
 * SPDX-License-Identifier: MIT
 *
 * Whatever is named for the first time is read from then on, until a round in which nobody named it. While
 * Vault is away, sealed or does not let us, the last value stays in use, for ever or as long as max_age says;
 * a secret that Vault has not any more is given up at once. Nothing here waits: who needs a value that is not
 * there is told why, and finds it later. The loop's thread. */
#ifndef IO_VAULT_H
#define IO_VAULT_H

#include "base/err.h"
#include "io/loop.h"
#include "io/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    VAULT_PATHS_MAX = 2048,
    VAULT_KEYS_MAX = 64 /* of one path */
};

struct http_client;
struct vault;

/* Texts are the caller's and outlive it. */
struct vault_settings {
    const char *url;     /* https://vault:8200, perhaps with a path */
    const char *role_id; /* AppRole: with secret_id, a reference; mounted at auth/LOGIN */
    const char *secret_id, *login;
    const char *token;      /* or a token, a reference; else NULL */
    const char *name_space; /* or NULL */
    const char *ca;         /* file; NULL: the system's */
    int64_t cache_ms;       /* a value is read again after that */
    int64_t max_age_ms;     /* 0: the last one may be as old as it is */
    int64_t timeout_ms;     /* of one answer */
};

/* `learned` gets every value and token before anybody else does, to keep it out of what is shown; `changed`
 * (may be NULL) is called on the loop after something was read, or could not be. */
struct vault_ear {
    void *data;
    void (*learned)(void *data, const char *bytes, size_t length);
    void (*changed)(void *data);
};

struct vault *vault_new(struct loop *loop, struct http_client *http, const struct vault_settings *settings,
                        const struct vault_ear *ear);
void vault_free(struct vault *vault); /* wipes everything; NULL is fine */

/* For secret_load(), on the loop. A copy of the value; else ERR_CONFLICT: it was not asked for yet;
 * ERR_UNAVAILABLE: "not yet read (why)"; ERR_FORBIDDEN, ERR_NOT_FOUND, ERR_INVALID: why it cannot be had;
 * ERR_TIMEOUT: older than max_age; ERR_LIMIT. */
const struct secret_keeper *vault_keeper(const struct vault *vault);

/* Between the two everything that is still meant is asked for once; what was not is forgotten. */
void vault_round_begin(struct vault *vault);
void vault_round_end(struct vault *vault);

/* Has everything that was named an answer, good or bad? */
bool vault_is_settled(const struct vault *vault);

/* False: all is well; else what is wrong first, in one sentence. */
MUST_CHECK bool vault_trouble(const struct vault *vault, char *to, size_t size);

/* Lines for /metrics. */
void vault_add_metrics(const struct vault *vault, FILE *to);

#endif
