/* hook_proof.c - signatures and tokens of hooks.
 * SPDX-License-Identifier: MIT */
#include "api/hook_proof.h"

#include "base/text.h"
#include "io/digest.h"
#include "io/webhook_signature.h"

#include <string.h>
#include <strings.h>

static bool refuse(struct err *err, const char *why)
{
    return err_set(err, ERR_FORBIDDEN, "%s", why);
}

static bool check_sha256(const char *secret, const struct hook_message *message, struct err *err)
{
    static const char prefix[] = "sha256=";
    unsigned char ours[DIGEST_SHA256_SIZE];
    unsigned char theirs[DIGEST_SHA256_SIZE];
    const char *text = message->proof == NULL ? "" : message->proof;

    text += strncmp(text, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0;
    if (!digest_hex_decode(text, theirs, sizeof(theirs)))
        return refuse(err, "it is not signed");
    digest_hmac_sha256(secret, strlen(secret), message->body, message->length, ours);
    if (!digest_equal(ours, sizeof(ours), theirs, sizeof(theirs)))
        return refuse(err, "its signature is not that of this message");
    return true;
}

static bool check_token(const char *secret, const struct hook_message *message, struct err *err)
{
    static const char bearer[] = "Bearer ";
    const char *text = message->proof == NULL ? "" : message->proof;

    text += strncasecmp(text, bearer, strlen(bearer)) == 0 ? strlen(bearer) : 0;
    if (!digest_equal_text(text, secret))
        return refuse(err, "it does not show the token of this hook");
    return true;
}

static bool check_standard(const struct settings_hook *hook, const char *secret,
                           const struct hook_message *message, int64_t now_wall_ms, struct err *err)
{
    int64_t sent_s = 0;

    if (message->id == NULL || message->id[0] == '\0' || message->timestamp == NULL ||
        message->signatures == NULL || !text_to_integer(message->timestamp, 0, INT64_C(1) << 40, &sent_s))
        return refuse(err, "it is not signed");
    int64_t age_ms = now_wall_ms - sent_s * 1000;
    if (age_ms > hook->max_age_ms || age_ms < -hook->max_age_ms)
        return refuse(err, "its timestamp is too old, or not of this time");
    return webhook_verify(secret, message->id, sent_s, message->body, message->signatures, err);
}

bool hook_proof_check(const struct settings_hook *hook, const char *secret,
                      const struct hook_message *message, int64_t now_wall_ms, struct err *err)
{
    switch (hook->proof) {
    case HOOK_SHA256:
        return check_sha256(secret, message, err);
    case HOOK_TOKEN:
        return check_token(secret, message, err);
    case HOOK_STANDARD:
        break;
    }
    return check_standard(hook, secret, message, now_wall_ms, err);
}
