/* webhook_signature.h - the signature of Standard Webhooks: HMAC-SHA256 over "id.timestamp.body". Pure.
 * SPDX-License-Identifier: MIT */
#ifndef IO_WEBHOOK_SIGNATURE_H
#define IO_WEBHOOK_SIGNATURE_H

#include "base/attributes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    WEBHOOK_KEY_MIN = 24, /* bytes, decoded; a shorter key could be guessed */
    WEBHOOK_KEY_MAX = 64,
    WEBHOOK_SIGNATURE_SIZE = 48 /* "v1," and base64, with the NUL */
};

/* The value of the header webhook-signature. `secret`: base64, with or without "whsec_" before it; else
 * ERR_INVALID, which does not repeat it. */
MUST_CHECK bool webhook_sign(const char *secret, const char *id, int64_t timestamp_s, const char *body,
                             char to[WEBHOOK_SIGNATURE_SIZE], struct err *err);

/* Is one of `signatures`, the header's list with blanks between, ours? False: none is, or ERR_INVALID. */
MUST_CHECK bool webhook_verify(const char *secret, const char *id, int64_t timestamp_s, const char *body,
                               const char *signatures, struct err *err);

#endif
