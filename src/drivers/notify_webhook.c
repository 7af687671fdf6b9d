/* notify_webhook.c - notices by HTTP POST, signed as Standard Webhooks says (HMAC-SHA256 over
 * "id.timestamp.body").
 * SPDX-License-Identifier: MIT */
#include "drivers/notifier.h"
#include "io/digest.h"
#include "io/http_client.h"
#include "io/log.h"
#include "io/memory.h"
#include "io/secret.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OPTION_URL, OPTION_SIGNING_SECRET, OPTION_TIMEOUT, OPTION_CA, OPTION_COUNT };
enum { KEY_MAX = 128, SIGNATURE_MAX = 64, ANSWER_MAX = 16 * 1024 };

static const struct option options[OPTION_COUNT] = {
    [OPTION_URL] = {.name = "url",
                    .type = OPTION_TEXT,
                    .is_required = true,
                    .help = "where notices are posted to"},
    [OPTION_SIGNING_SECRET] = {.name = "secret",
                               .type = OPTION_SECRET,
                               .is_required = true,
                               .help = "signing secret: base64, with or without the prefix whsec_"},
    [OPTION_TIMEOUT] = {.name = "timeout",
                        .type = OPTION_DURATION,
                        .min = 100,
                        .max = 60000,
                        .fallback = "15s",
                        .help = "for one try"},
    [OPTION_CA] = {.name = "ca", .type = OPTION_TEXT, .help = "file with the authorities to trust"},
};

struct delivery;

struct notifier {
    struct notifier_env env;
    char *url;
    char *ca;
    char *secret; /* reference: read at each use, so that a rotated file counts */
    int64_t timeout_ms;
    struct delivery *deliveries; /* under way */
};

struct delivery {
    struct delivery *next, *before;
    struct notifier *notifier;
    struct http_call *call; /* NULL: could not be signed */
    struct err err;         /* why not */
    notifier_done *done;
    void *data;
};

static bool open_notifier(const struct notifier_env *env, const char *name, const struct option_value *values,
                          struct notifier **ret_notifier, struct err *err)
{
    (void)name;
    if (!secret_is_reference(values[OPTION_SIGNING_SECRET].text))
        return err_set(err, ERR_INVALID,
                       "secret: takes a reference such as file:/path or cred:name, not the secret");
    struct notifier *notifier = memory_take(sizeof(*notifier));
    notifier->env = *env;
    notifier->url = memory_copy_text(values[OPTION_URL].text);
    notifier->ca = memory_copy_text(values[OPTION_CA].text);
    notifier->secret = memory_copy_text(values[OPTION_SIGNING_SECRET].text);
    notifier->timeout_ms = values[OPTION_TIMEOUT].duration_ms;
    *ret_notifier = notifier;
    return true;
}

static struct delivery *new_delivery(struct notifier *notifier, notifier_done *done, void *data)
{
    struct delivery *delivery = memory_take(sizeof(*delivery));

    *delivery =
        (struct delivery){.next = notifier->deliveries, .notifier = notifier, .done = done, .data = data};
    if (delivery->next != NULL)
        delivery->next->before = delivery;
    notifier->deliveries = delivery;
    return delivery;
}

static void free_delivery(struct delivery *delivery)
{
    if (delivery->before == NULL)
        delivery->notifier->deliveries = delivery->next;
    else
        delivery->before->next = delivery->next;
    if (delivery->next != NULL)
        delivery->next->before = delivery->before;
    free(delivery);
}

static void tell_unsigned(void *data)
{
    struct delivery *delivery = data;

    delivery->done(delivery->data, NOTICE_RETRY, 0, delivery->err.text);
    free_delivery(delivery);
}

static void close_notifier(struct notifier *notifier)
{
    while (notifier->deliveries != NULL) {
        loop_defer_cancel(notifier->env.loop, tell_unsigned, notifier->deliveries);
        http_request_cancel(notifier->deliveries->call);
        free_delivery(notifier->deliveries);
    }
    free(notifier->url);
    free(notifier->ca);
    free(notifier->secret);
    free(notifier);
}

static bool sign(const struct notifier *notifier, const struct notice *notice, int64_t now_s,
                 char signature[SIGNATURE_MAX], struct err *err)
{
    CLEANUP(secret_drop) struct secret secret = {0};
    unsigned char key[KEY_MAX];
    char digest[DIGEST_SHA256_BASE64_SIZE];
    size_t key_length = 0;

    if (!secret_load(notifier->secret, &secret, err))
        return false;
    const char *text = strncmp(secret.bytes, "whsec_", 6) == 0 ? secret.bytes + 6 : secret.bytes;
    if (!digest_base64_decode(text, key, sizeof(key), &key_length))
        return err_set(err, ERR_INVALID, "the signing secret is not base64 of at most %d bytes", KEY_MAX);
    size_t size = strlen(notice->id) + strlen(notice->body) + 64;
    char *signed_text = memory_take(size);
    int length = snprintf(signed_text, size, "%s.%" PRId64 ".%s", notice->id, now_s, notice->body);
    digest_hmac_sha256_base64(key, key_length, signed_text, (size_t)length, digest);
    explicit_bzero(key, sizeof(key));
    free(signed_text);
    (void)snprintf(signature, SIGNATURE_MAX, "v1,%s", digest);
    return true;
}

static enum notice_fate fate_of(const struct http_answer *answer)
{
    if (answer->status >= 200 && answer->status < 300)
        return NOTICE_DELIVERED;
    return answer->status == 410 ? NOTICE_REFUSED : NOTICE_RETRY;
}

static void answered(void *data, const struct http_answer *answer)
{
    struct delivery *delivery = data;
    int64_t retry_after_ms = 0;
    char why[256];

    if (!http_answer_retry_after(answer, &retry_after_ms))
        retry_after_ms = 0;
    if (answer->status == 0)
        (void)snprintf(why, sizeof(why), "%.200s", answer->err.text);
    else
        (void)snprintf(why, sizeof(why), "the receiver answered %d", answer->status);
    delivery->done(delivery->data, fate_of(answer), retry_after_ms, why);
    free_delivery(delivery);
}

static void send_notice(struct notifier *notifier, const struct notice *notice, notifier_done *done,
                        void *data)
{
    struct delivery *delivery = new_delivery(notifier, done, data);
    char signature[SIGNATURE_MAX];
    char stamp[32];
    int64_t now_s = (int64_t)time(NULL);

    if (!sign(notifier, notice, now_s, signature, &delivery->err)) {
        loop_defer(notifier->env.loop, tell_unsigned, delivery);
        return;
    }
    (void)snprintf(stamp, sizeof(stamp), "%" PRId64, now_s);
    const struct http_header headers[] = {{"Content-Type", "application/cloudevents+json"},
                                          {"webhook-id", notice->id},
                                          {"webhook-timestamp", stamp},
                                          {"webhook-signature", signature}};
    struct http_request request = {.url = notifier->url,
                                   .headers = headers,
                                   .header_count = ARRAY_LENGTH(headers),
                                   .body = notice->body,
                                   .body_length = strlen(notice->body),
                                   .ca_file = notifier->ca,
                                   .timeout_ms = notifier->timeout_ms,
                                   .answer_max = ANSWER_MAX,
                                   .is_cut_allowed = true};
    delivery->call = http_request_start(notifier->env.http, &request, answered, delivery);
}

const struct notifier_type notifier_webhook = {
    .name = "webhook",
    .options = options,
    .option_count = OPTION_COUNT,
    .open = open_notifier,
    .close = close_notifier,
    .send = send_notice,
};
