/* digest.h - hashes, signatures, randomness and their texts (libcrypto).
 * SPDX-License-Identifier: MIT
 *
 * A libcrypto that cannot hash or a kernel without randomness aborts: nothing here fails but decoding. */
#ifndef IO_DIGEST_H
#define IO_DIGEST_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    DIGEST_MD5_SIZE = 16,
    DIGEST_SHA256_SIZE = 32,
    DIGEST_SHA256_HEX_SIZE = 65,   /* with the NUL */
    DIGEST_SHA256_BASE64_SIZE = 45 /* with the NUL */
};

/* Buffer size for `length` bytes as base64, with the NUL. */
#define DIGEST_BASE64_SIZE(length) (((length) + 2) / 3 * 4 + 1)

/* Unpredictable bytes from the kernel. */
void digest_random(void *to, size_t length);

void digest_sha256(const void *bytes, size_t length, unsigned char to[DIGEST_SHA256_SIZE]);
void digest_sha256_hex(const void *bytes, size_t length, char to[DIGEST_SHA256_HEX_SIZE]);

/* For those who still send it (Content-MD5): finds what broke on the way, proves nothing. */
void digest_md5(const void *bytes, size_t length, unsigned char to[DIGEST_MD5_SIZE]);

void digest_hmac_sha256(const void *key, size_t key_length, const void *bytes, size_t length,
                        unsigned char to[DIGEST_SHA256_SIZE]);
void digest_hmac_sha256_hex(const void *key, size_t key_length, const void *bytes, size_t length,
                            char to[DIGEST_SHA256_HEX_SIZE]);
void digest_hmac_sha256_base64(const void *key, size_t key_length, const void *bytes, size_t length,
                               char to[DIGEST_SHA256_BASE64_SIZE]);

/* Lower-case; `to` holds 2 * length + 1. */
void digest_hex(const void *bytes, size_t length, char *to);
/* Of `size` bytes and nothing else, in either case; false where `text` is something else. */
MUST_CHECK bool digest_hex_decode(const char *text, void *to, size_t size);

/* RFC 4648 with padding; `to` holds DIGEST_BASE64_SIZE(length). */
void digest_base64_encode(const void *bytes, size_t length, char *to);
/* The whole text, padded, no white space; false where it is not base64 or `size` is too small. */
MUST_CHECK bool digest_base64_decode(const char *text, void *to, size_t size, size_t *ret_length);

/* In time that depends on the lengths only. */
bool digest_equal(const void *a, size_t a_length, const void *b, size_t b_length);
bool digest_equal_text(const char *a, const char *b);

#endif
