/* notify_otlp.c - traces of what has ended, to a collector of OpenTelemetry: OTLP over HTTP, as JSON.
 * SPDX-License-Identifier: MIT
 *
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp says which answers mean that it may be sent again: 429,
 * 502, 503 and 504. All others are for good, and so is what was taken in part: it must not come twice. */
#include "base/text.h"
#include "drivers/delivery.h"
#include "drivers/notice_text.h"
#include "io/http_client.h"
#include "io/json.h"
#include "io/memory.h"
#include "io/secret.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_URL, OPTION_SECRET_REFERENCE, OPTION_HEADER, OPTION_TIMEOUT, OPTION_CA, OPTION_COUNT };
enum { ANSWER_MAX = 16 * 1024, HEADERS_MAX = 2, SAID_MAX = 200 };

static const char authorization[] = "Authorization";

static const struct option options[OPTION_COUNT] = {
    [OPTION_URL] = {.name = "url",
                    .type = OPTION_TEXT,
                    .is_required = true,
                    .help = "where traces are posted to, like http://127.0.0.1:4318/v1/traces"},
    [OPTION_SECRET_REFERENCE] = {.name = "secret",
                                 .type = OPTION_SECRET,
                                 .help = "what the header carries; after \"Bearer \" in Authorization"},
    [OPTION_HEADER] = {.name = "header",
                       .type = OPTION_TEXT,
                       .fallback = authorization,
                       .help = "header that the secret goes into"},
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
    char *url, *header, *ca;
    char *secret; /* reference: read at each use, so that a rotated file counts; or NULL */
    int64_t timeout_ms;
    struct delivery *deliveries; /* on their way */
};

static bool open_notifier(const struct notifier_type *type, const struct notifier_env *env, const char *name,
                          const struct option_value *values, struct notifier **ret_notifier, struct err *err)
{
    const char *secret = values[OPTION_SECRET_REFERENCE].text;

    (void)type;
    (void)name;
    if (!text_is_web_url(values[OPTION_URL].text))
        return err_set(err, ERR_INVALID, "url: starts with http:// or https://");
    if (secret != NULL && !secret_is_reference(secret))
        return err_set(err, ERR_INVALID,
                       "secret: takes a reference such as file:/path or cred:name, not the secret");
    struct notifier *notifier = memory_take(sizeof(*notifier));
    notifier->env = *env;
    notifier->url = memory_copy_text(values[OPTION_URL].text);
    notifier->header = memory_copy_text(values[OPTION_HEADER].text);
    notifier->ca = memory_copy_text(values[OPTION_CA].text);
    notifier->secret = memory_copy_text(secret);
    notifier->timeout_ms = values[OPTION_TIMEOUT].duration_ms;
    *ret_notifier = notifier;
    return true;
}

static void close_notifier(struct notifier *notifier)
{
    delivery_drop_all(&notifier->deliveries);
    free(notifier->url);
    free(notifier->header);
    free(notifier->ca);
    free(notifier->secret);
    free(notifier);
}

static enum notice_fate fate_of(int status)
{
    static const int later[] = {0, 429, 502, 503, 504};

    for (size_t i = 0; i < ARRAY_LENGTH(later); i++)
        if (status == later[i])
            return NOTICE_RETRY;
    return status >= 200 && status < 300 ? NOTICE_DELIVERED : NOTICE_REFUSED;
}

/* Spans that were not taken, by {"partialSuccess":{"rejectedSpans":"3","errorMessage":"..."}}; 0: none, as
 * where nothing of the kind is said. `said`: the message, "" none. */
static double rejected(const struct http_answer *answer, char said[SAID_MAX])
{
    CLEANUP(json_free_at) cJSON *root = NULL;
    double count = 0;

    said[0] = '\0';
    if (!json_parse(answer->body, answer->length, NULL, &root, NULL))
        return 0;
    const cJSON *part = cJSON_GetObjectItemCaseSensitive(root, "partialSuccess");
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(part, "rejectedSpans");
    (void)notice_text(json_text_of(part, "errorMessage"), NOTICE_PLAIN, said, SAID_MAX);
    return number != NULL && json_value_number(number, &count) ? count : 0;
}

static void answered(void *data, const struct http_answer *answer)
{
    enum notice_fate fate = fate_of(answer->status);
    int64_t retry_after_ms = 0;
    char said[SAID_MAX] = "";
    char why[ERR_TEXT_MAX];
    double count = fate == NOTICE_DELIVERED ? rejected(answer, said) : 0;

    if (fate != NOTICE_RETRY || !http_answer_retry_after(answer, &retry_after_ms))
        retry_after_ms = 0;
    if (answer->status == 0)
        (void)snprintf(why, sizeof(why), "%s", answer->err.text);
    else if (count > 0)
        (void)snprintf(why, sizeof(why), "the collector took all but %.0f spans%s%s", count,
                       said[0] == '\0' ? "" : ": ", said);
    else
        (void)snprintf(why, sizeof(why), "the collector answered %d", answer->status);
    delivery_end(data, count > 0 ? NOTICE_REFUSED : fate, retry_after_ms, why);
}

static void post(struct delivery *delivery, const struct notice *notice, const struct secret *secret)
{
    const struct notifier *notifier = delivery->notifier;
    bool is_bearer = notifier->secret != NULL && strcmp(notifier->header, authorization) == 0;
    struct http_header headers[HEADERS_MAX] = {{"Content-Type", "application/json"}};
    size_t count = 1;

    if (notifier->secret != NULL && !is_bearer)
        headers[count++] = (struct http_header){notifier->header, secret->bytes};
    const struct http_request request = {.url = notifier->url,
                                         .headers = headers,
                                         .header_count = count,
                                         .body = notice->body,
                                         .body_length = strlen(notice->body),
                                         .bearer = is_bearer ? secret : NULL,
                                         .ca_file = notifier->ca,
                                         .timeout_ms = notifier->timeout_ms,
                                         .answer_max = ANSWER_MAX,
                                         .is_cut_allowed = true};
    delivery->call = http_request_start(notifier->env.http, &request, answered, delivery);
}

static void send_trace(struct notifier *notifier, const struct notice *notice, notifier_done *done,
                       void *data)
{
    CLEANUP(secret_drop) struct secret secret = {0};
    struct delivery *delivery = delivery_begin(notifier, &notifier->env, &notifier->deliveries, done, data);

    if (notifier->secret == NULL ||
        secret_load(notifier->env.secrets, notifier->secret, &secret, &delivery->err)) {
        post(delivery, notice, &secret);
        return;
    }
    delivery->fate = NOTICE_RETRY; /* a secret that is missing may come back */
    delivery_end_soon(delivery);
}

const struct notifier_type notifier_otlp = {
    .name = "otlp",
    .options = options,
    .option_count = OPTION_COUNT,
    .takes_traces = true,
    .open = open_notifier,
    .close = close_notifier,
    .send = send_trace,
};
