/* vault_login.h - a token of Vault: got by an AppRole or read from a reference, renewed at two thirds of its
 * lease, got anew when it ends or is refused. For vault.c alone; the loop's thread.
 * SPDX-License-Identifier: MIT */
#ifndef IO_VAULT_LOGIN_H
#define IO_VAULT_LOGIN_H

#include "io/http_client.h"
#include "io/vault.h"

struct vault_login;

/* `changed`: there is a token, or none any more, or another reason why not; never inside a call of this
 * module but vault_login_refused. `learned` gets every token and what it was got with. */
struct vault_login_ear {
    void *data;
    void (*changed)(void *data);
    void (*learned)(void *data, const char *bytes, size_t length);
};

/* Begins at once. The settings' texts are the caller's and outlive it. */
struct vault_login *vault_login_new(struct loop *loop, struct http_client *http,
                                    const struct vault_settings *settings, const struct vault_login_ear *ear);
void vault_login_free(struct vault_login *login); /* wipes; NULL is fine */

/* The token of today, or NULL; each new one has the next number. */
const struct secret *vault_login_token(const struct vault_login *login, uint64_t *ret_number);

/* Token `number` was refused where it should not be: another one is got, unless that happened already. */
void vault_login_refused(struct vault_login *login, uint64_t number);

/* Why there is no token, or why it could not be renewed; NULL: nothing is wrong. */
const struct err *vault_login_trouble(const struct vault_login *login);

uint64_t vault_login_count(const struct vault_login *login); /* tokens so far */

/* A request with the token (NULL: of a login) and the namespace; `path` begins behind "/v1/". */
struct http_call *vault_ask(struct http_client *http, const struct vault_settings *settings,
                            const struct secret *token, const char *path, const char *body,
                            void (*done)(void *data, const struct http_answer *answer), void *data);

/* How long after `failures` tries in vain the next one is. */
int64_t vault_pause_ms(unsigned failures);

#endif
