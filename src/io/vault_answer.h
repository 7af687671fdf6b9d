/* vault_answer.h - what the answers of Vault mean: leases of tokens, values, and each way to be refused in
 * its own sentence, which never repeats what was answered.
 * SPDX-License-Identifier: MIT */
#ifndef IO_VAULT_ANSWER_H
#define IO_VAULT_ANSWER_H

#include "io/http_client.h"
#include "io/secret.h"

#include <stdbool.h>
#include <stdint.h>

enum { VAULT_ANSWER_MAX = 1024 * 1024 };

struct cJSON;

struct vault_lease {
    struct secret token;
    int64_t lease_ms; /* 0: it does not end */
    bool is_renewable;
};

/* Was it answered well? ERR_FORBIDDEN: 403; ERR_NOT_FOUND: 404; ERR_INVALID: 400; else Vault, or what stands
 * in its place, is not as it should be: ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_LIMIT, ERR_PROTOCOL. */
MUST_CHECK bool vault_answer_check(const struct http_answer *answer, struct err *err);

/* Of a login or a renewal. */
MUST_CHECK bool vault_answer_lease(const struct http_answer *answer, struct vault_lease *ret_lease,
                                   struct err *err);
void vault_lease_drop(struct vault_lease *lease); /* may be used as CLEANUP */

/* Of a read: the keys and values, for vault_values_free. */
struct vault_values;
MUST_CHECK bool vault_answer_values(const struct http_answer *answer, struct vault_values **ret_values,
                                    struct err *err);

/* ERR_NOT_FOUND: it has no such key; ERR_INVALID: the value is no text, is empty, too long or has a NUL. */
MUST_CHECK bool vault_values_find(const struct vault_values *values, const char *key,
                                  struct secret *ret_secret, struct err *err);
void vault_values_free(struct vault_values *values); /* wipes; NULL is fine */

/* The body of a login, for vault_text_free. */
char *vault_login_body(const char *role_id, const struct secret *secret_id);
void vault_text_free(char *text); /* wipes */

#endif
