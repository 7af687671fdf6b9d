/* webhook_signature.c - signs what is told to others, and checks what others tell.
 * SPDX-License-Identifier: MIT */
#include "io/webhook_signature.h"

#include "io/digest.h"
#include "io/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SIZE = 2 * WEBHOOK_KEY_MAX, AROUND_SIZE = 32 };

static const char PREFIX[] = "whsec_";

bool webhook_sign(const char *secret, const char *id, int64_t timestamp_s, const char *body,
                  char to[WEBHOOK_SIGNATURE_SIZE], struct err *err)
{
    unsigned char key[KEY_SIZE];
    char digest[DIGEST_SHA256_BASE64_SIZE];
    size_t key_length = 0;
    const char *text = strncmp(secret, PREFIX, strlen(PREFIX)) == 0 ? secret + strlen(PREFIX) : secret;

    bool is_key = digest_base64_decode(text, key, sizeof(key), &key_length) &&
                  key_length >= WEBHOOK_KEY_MIN && key_length <= WEBHOOK_KEY_MAX;
    if (is_key) {
        size_t size = strlen(id) + strlen(body) + AROUND_SIZE;
        char *signed_text = memory_take(size);
        int length = snprintf(signed_text, size, "%s.%" PRId64 ".%s", id, timestamp_s, body);
        digest_hmac_sha256_base64(key, key_length, signed_text, (size_t)length, digest);
        free(signed_text);
        (void)snprintf(to, WEBHOOK_SIGNATURE_SIZE, "v1,%s", digest);
    }
    explicit_bzero(key, sizeof(key));
    return is_key || err_set(err, ERR_INVALID, "the signing secret is not base64 of %d to %d bytes",
                             WEBHOOK_KEY_MIN, WEBHOOK_KEY_MAX);
}

bool webhook_verify(const char *secret, const char *id, int64_t timestamp_s, const char *body,
                    const char *signatures, struct err *err)
{
    char ours[WEBHOOK_SIGNATURE_SIZE];
    bool is_ours = false;

    if (!webhook_sign(secret, id, timestamp_s, body, ours, err))
        return false;
    for (const char *at = signatures; *at != '\0' && !is_ours;) {
        size_t length = strcspn(at, " ");
        is_ours = digest_equal(at, length, ours, strlen(ours));
        at += length + (at[length] == ' ');
    }
    return is_ours || err_set(err, ERR_FORBIDDEN, "none of the signatures is that of this message");
}
