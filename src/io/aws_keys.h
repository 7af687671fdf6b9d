/* aws_keys.h - a key to Amazon's services, and the texts in which such keys come.
 * SPDX-License-Identifier: MIT */
#ifndef IO_AWS_KEYS_H
#define IO_AWS_KEYS_H

#include "io/secret.h"

#include <stdint.h>

/* Ends with aws_keys_drop. */
struct aws_keys {
    char *id; /* NULL: none */
    struct secret secret;
    struct secret token; /* of temporary ones; bytes NULL: none */
    int64_t expires_s;   /* since 1970; 0: never */
};

void aws_keys_drop(struct aws_keys *keys); /* may be used as CLEANUP, and twice */

/* `token` may be NULL or "". ERR_INVALID: empty, too long, or with characters that no header may have; no
 * error text here holds a secret. */
MUST_CHECK bool aws_keys_set(const char *id, const char *secret, const char *token, int64_t expires_s,
                             struct aws_keys *ret_keys, struct err *err);

/* A profile of a shared credentials file. ERR_NOT_FOUND: no such profile; ERR_INVALID: one without keys. */
MUST_CHECK bool aws_keys_from_profile(const char *text, const char *profile, struct aws_keys *ret_keys,
                                      struct err *err);

/* What containers and instances answer: {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}. */
MUST_CHECK bool aws_keys_from_json(const char *bytes, size_t length, struct aws_keys *ret_keys,
                                   struct err *err);

/* What STS answers to AssumeRoleWithWebIdentity. */
MUST_CHECK bool aws_keys_from_sts(const char *bytes, size_t length, struct aws_keys *ret_keys,
                                  struct err *err);

/* "2026-11-26T12:34:56Z", with or without a fraction, as seconds since 1970. */
MUST_CHECK bool aws_time_parse(const char *text, int64_t *ret_s);

#endif
