/* webhook_signature.h - the signature of Standard Webhooks: HMAC-SHA256 over "id.timestamp.body". Pure.
 * SPDX-License-Identifier: MIT */
#ifndef DRIVERS_WEBHOOK_SIGNATURE_H
#define DRIVERS_WEBHOOK_SIGNATURE_H

#include "base/err.h"

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

#endif
