/* digest.c - libcrypto behind functions that cannot fail.
 * SPDX-License-Identifier: MIT */
#include "io/digest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void digest_random(void *to, size_t length)
{
    unsigned char *at = to;

    while (length > 0) {
        ssize_t got = getrandom(at, length, 0);
        if (got < 0 && errno != EINTR)
            abort();
        if (got < 0)
            continue;
        at += got;
        length -= (size_t)got;
    }
}

void digest_sha256(const void *bytes, size_t length, unsigned char to[DIGEST_SHA256_SIZE])
{
    if (EVP_Digest(bytes, length, to, NULL, EVP_sha256(), NULL) != 1)
        abort();
}

void digest_sha256_hex(const void *bytes, size_t length, char to[DIGEST_SHA256_HEX_SIZE])
{
    unsigned char hash[DIGEST_SHA256_SIZE];

    digest_sha256(bytes, length, hash);
    digest_hex(hash, sizeof(hash), to);
}

void digest_md5(const void *bytes, size_t length, unsigned char to[DIGEST_MD5_SIZE])
{
    if (EVP_Digest(bytes, length, to, NULL, EVP_md5(), NULL) != 1)
        abort();
}

void digest_hmac_sha256(const void *key, size_t key_length, const void *bytes, size_t length,
                        unsigned char to[DIGEST_SHA256_SIZE])
{
    unsigned int written = 0;

    if (key_length > INT32_MAX ||
        HMAC(EVP_sha256(), key_length > 0 ? key : "", (int)key_length, bytes, length, to, &written) == NULL)
        abort();
}

void digest_hmac_sha256_hex(const void *key, size_t key_length, const void *bytes, size_t length,
                            char to[DIGEST_SHA256_HEX_SIZE])
{
    unsigned char hash[DIGEST_SHA256_SIZE];

    digest_hmac_sha256(key, key_length, bytes, length, hash);
    digest_hex(hash, sizeof(hash), to);
}

void digest_hmac_sha256_base64(const void *key, size_t key_length, const void *bytes, size_t length,
                               char to[DIGEST_SHA256_BASE64_SIZE])
{
    unsigned char hash[DIGEST_SHA256_SIZE];

    digest_hmac_sha256(key, key_length, bytes, length, hash);
    digest_base64_encode(hash, sizeof(hash), to);
}

void digest_hex(const void *bytes, size_t length, char *to)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *from = bytes;

    for (size_t i = 0; i < length; i++) {
        to[2 * i] = digits[from[i] >> 4];
        to[2 * i + 1] = digits[from[i] & 15];
    }
    to[2 * length] = '\0';
}

static int digit_of(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    return character >= 'A' && character <= 'F' ? character - 'A' + 10 : -1;
}

bool digest_hex_decode(const char *text, void *to, size_t size)
{
    unsigned char *bytes = to;

    if (strlen(text) != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = digit_of(text[2 * i]);
        int low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Own loops, because EVP_DecodeBlock counts the padding as bytes and forgives white space. */
void digest_base64_encode(const void *bytes, size_t length, char *to)
{
    const unsigned char *from = bytes;

    for (size_t i = 0; i < length; i += 3) {
        size_t have = length - i < 3 ? length - i : 3;
        uint32_t group = (uint32_t)from[i] << 16;
        if (have > 1)
            group |= (uint32_t)from[i + 1] << 8;
        if (have > 2)
            group |= from[i + 2];
        *to++ = alphabet[group >> 18];
        *to++ = alphabet[group >> 12 & 63];
        *to++ = have > 1 ? alphabet[group >> 6 & 63] : '=';
        *to++ = have > 2 ? alphabet[group & 63] : '=';
    }
    *to = '\0';
}

/* Four characters to 24 bits; false where one is no digit, or the padding hides bits. */
static bool decode_group(const char *text, size_t padding, uint32_t *ret_group)
{
    uint32_t group = 0;

    for (size_t i = 0; i < 4; i++) {
        const char *digit = i < 4 - padding ? memchr(alphabet, text[i], sizeof(alphabet) - 1) : alphabet;
        if (digit == NULL)
            return false;
        group = group << 6 | (uint32_t)(digit - alphabet);
    }
    if ((group & ((1U << (8 * padding)) - 1)) != 0)
        return false;
    *ret_group = group;
    return true;
}

static size_t count_padding(const char *text, size_t length)
{
    if (length == 0 || text[length - 1] != '=')
        return 0;
    return text[length - 2] == '=' ? 2 : 1;
}

bool digest_base64_decode(const char *text, void *to, size_t size, size_t *ret_length)
{
    size_t length = strlen(text);
    size_t padding = length % 4 == 0 ? count_padding(text, length) : 0;
    unsigned char *at = to;

    if (length % 4 != 0 || length / 4 * 3 - padding > size)
        return false;
    for (size_t i = 0; i < length; i += 4) {
        size_t missing = i + 4 == length ? padding : 0;
        uint32_t group = 0;
        if (!decode_group(text + i, missing, &group))
            return false;
        for (size_t k = 0; k < 3 - missing; k++)
            *at++ = (unsigned char)(group >> (16 - 8 * k));
    }
    *ret_length = length / 4 * 3 - padding;
    return true;
}

bool digest_equal(const void *a, size_t a_length, const void *b, size_t b_length)
{
    return a_length == b_length && CRYPTO_memcmp(a, b, a_length) == 0;
}

bool digest_equal_text(const char *a, const char *b)
{
    return digest_equal(a, strlen(a), b, strlen(b));
}
