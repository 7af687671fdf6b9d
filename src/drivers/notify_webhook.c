/* notify_webhook.c - notices by HTTP POST, signed as Standard Webhooks says (HMAC-SHA256 over
 * "id.timestamp.body").
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "drivers/delivery.h"
#include "drivers/notice_line.h"
#include "io/http_client.h"
#include "io/json.h"
#include "io/memory.h"
#include "io/secret.h"
#include "io/trace_lists.h"
#include "io/webhook_signature.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OPTION_URL, OPTION_SIGNING_SECRET, OPTION_TIMEOUT, OPTION_CA, OPTION_LINE, OPTION_COUNT };
enum { ANSWER_MAX = 16 * 1024, OWN_HEADERS = 4 };

static const struct option options[OPTION_COUNT] = {
    [OPTION_URL] = {.name = "url",
                    .type = OPTION_TEXT,
                    .is_required = true,
                    .help = "where notices are posted to"},
    [OPTION_SIGNING_SECRET] =
        {.name = "secret",
         .type = OPTION_SECRET,
         .is_required = true,
         .help = "signing secret: base64 of 24 to 64 bytes, with or without whsec_ before it"},
    [OPTION_LINE] = NOTIFY_OPTION_OF_TEXT,
    [OPTION_TIMEOUT] = {.name = "timeout",
                        .type = OPTION_DURATION,
                        .min = 100,
                        .max = 60000,
                        .fallback = "15s",
                        .help = "for one try"},
    [OPTION_CA] = {.name = "ca", .type = OPTION_TEXT, .help = "file with the authorities to trust"},
};

struct notifier {
    struct notifier_env env;
    char *url;
    char *ca;
    char *text;   /* NULL: none */
    char *secret; /* reference: read at each use, so that a rotated file counts */
    int64_t timeout_ms;
    struct delivery *deliveries; /* on their way */
};

static bool open_notifier(const struct notifier_type *type, const struct notifier_env *env, const char *name,
                          const struct option_value *values, struct notifier **ret_notifier, struct err *err)
{
    const char *url = values[OPTION_URL].text;

    (void)type;
    (void)name;
    if (!text_is_web_url(url))
        return err_set(err, ERR_INVALID, "url: starts with http:// or https://");
    if (!secret_is_reference(values[OPTION_SIGNING_SECRET].text))
        return err_set(err, ERR_INVALID,
                       "secret: takes a reference such as file:/path or cred:name, not the secret");
    struct notifier *notifier = memory_take(sizeof(*notifier));
    notifier->env = *env;
    notifier->url = memory_copy_text(url);
    notifier->ca = memory_copy_text(values[OPTION_CA].text);
    notifier->text = memory_copy_text(values[OPTION_LINE].text);
    notifier->secret = memory_copy_text(values[OPTION_SIGNING_SECRET].text);
    notifier->timeout_ms = values[OPTION_TIMEOUT].duration_ms;
    *ret_notifier = notifier;
    return true;
}

static void close_notifier(struct notifier *notifier)
{
    delivery_drop_all(&notifier->deliveries);
    free(notifier->url);
    free(notifier->ca);
    free(notifier->text);
    free(notifier->secret);
    free(notifier);
}

static enum notice_fate fate_of(const struct http_answer *answer)
{
    if (answer->status >= 200 && answer->status < 300)
        return NOTICE_DELIVERED;
    return answer->status == 410 ? NOTICE_REFUSED : NOTICE_RETRY;
}

static void answered(void *data, const struct http_answer *answer)
{
    enum notice_fate fate = fate_of(answer);
    int64_t retry_after_ms = 0;
    char why[ERR_TEXT_MAX];

    if (fate != NOTICE_RETRY || !http_answer_retry_after(answer, &retry_after_ms))
        retry_after_ms = 0;
    if (answer->status == 0)
        (void)snprintf(why, sizeof(why), "%s", answer->err.text);
    else
        (void)snprintf(why, sizeof(why), "the receiver answered %d", answer->status);
    delivery_end(data, fate, retry_after_ms, why);
}

static bool sign(const struct notifier *notifier, const struct notice *notice, int64_t now_s,
                 char signature[WEBHOOK_SIGNATURE_SIZE], struct err *err)
{
    CLEANUP(secret_drop) struct secret secret = {0};

    return secret_load(notifier->env.secrets, notifier->secret, &secret, err) &&
           webhook_sign(secret.bytes, notice->id, now_s, notice->body, signature, err);
}

static void post(struct delivery *delivery, const struct notice *notice, int64_t now_s, const char *signature)
{
    const struct notifier *notifier = delivery->notifier;
    char stamp[32];

    (void)snprintf(stamp, sizeof(stamp), "%" PRId64, now_s);
    const struct trace_given trace = {.traceparent = delivery->facts.traceparent,
                                      .tracestate = delivery->facts.tracestate};
    struct http_header headers[OWN_HEADERS + TRACE_HEADERS_MAX] = {
        {"Content-Type", "application/cloudevents+json"},
        {"webhook-id", notice->id},
        {"webhook-timestamp", stamp},
        {"webhook-signature", signature}};
    const struct http_request request = {.url = notifier->url,
                                         .headers = headers,
                                         .header_count =
                                             OWN_HEADERS + trace_lists_headers(&trace, headers + OWN_HEADERS),
                                         .body = notice->body,
                                         .body_length = strlen(notice->body),
                                         .ca_file = notifier->ca,
                                         .timeout_ms = notifier->timeout_ms,
                                         .answer_max = ANSWER_MAX,
                                         .is_cut_allowed = true};
    delivery->call = http_request_start(notifier->env.http, &request, answered, delivery);
}

/* The body with the receiver's own sentence as `text` of its data; free(). */
static char *say_it(const struct notifier *notifier, const struct notice_facts *facts)
{
    char line[NOTICE_LINE_SIZE];
    cJSON *data = cJSON_GetObjectItemCaseSensitive(facts->tree, "data");

    cJSON_AddStringToObject(data, "text",
                            notice_line(facts, notifier->text, NOTICE_PLAIN, line, sizeof(line)));
    return json_print(facts->tree);
}

static void send_notice(struct notifier *notifier, const struct notice *notice, notifier_done *done,
                        void *data)
{
    struct delivery *delivery = delivery_begin(notifier, &notifier->env, &notifier->deliveries, done, data);
    char signature[WEBHOOK_SIGNATURE_SIZE];
    int64_t now_s = (int64_t)time(NULL);
    struct err unread = {0};
    struct notice said = *notice;

    bool is_read = notice_facts_read(notice->body, &delivery->facts, &unread);
    CLEANUP(memory_free_at)
    char *body = is_read && notifier->text != NULL ? say_it(notifier, &delivery->facts) : NULL;
    if (body != NULL)
        said.body = body;
    if (sign(notifier, &said, now_s, signature, &delivery->err)) {
        post(delivery, &said, now_s, signature);
        return;
    }
    delivery->fate = NOTICE_RETRY; /* a secret that is missing may come back */
    delivery_end_soon(delivery);
}

const struct notifier_type notifier_webhook = {
    .name = "webhook",
    .options = options,
    .option_count = OPTION_COUNT,
    .open = open_notifier,
    .close = close_notifier,
    .send = send_notice,
};
