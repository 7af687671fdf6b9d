/* notify_http.c - one notice as one or more requests, one after the other.
 * SPDX-License-Identifier: MIT */
#include "drivers/notify_http.h"

#include "base/text.h"
#include "drivers/delivery.h"
#include "drivers/notice_text.h"
#include "io/json.h"
#include "io/memory.h"
#include "io/trace_lists.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 4096, SAID_MAX = 200 };

struct notifier {
    struct notifier_env env;
    const struct notifier_type *type;
    char *name;
    struct option_value *values; /* copies */
    struct delivery *deliveries; /* on their way */
};

/* Secrets of one try. */
struct keys {
    struct secret url, key;
};

static void keys_drop(struct keys *keys)
{
    secret_drop(&keys->url);
    secret_drop(&keys->key);
}

static struct option_value copy_value(const struct option_value *from)
{
    struct option_value to = *from;

    to.text = memory_copy_text(from->text);
    to.list = NULL;
    if (from->list_length == 0)
        return to;
    char **list = memory_take_array(from->list_length, sizeof(*list));
    for (size_t i = 0; i < from->list_length; i++)
        list[i] = memory_copy_text(from->list[i]);
    to.list = (const char *const *)list;
    return to;
}

static void free_value(struct option_value *value)
{
    for (size_t i = 0; i < value->list_length && value->list != NULL; i++)
        free((void *)(uintptr_t)value->list[i]);
    free((void *)(uintptr_t)value->list);
    free((void *)(uintptr_t)value->text);
}

static bool check_options(const struct notifier_type *type, const struct option_value *values,
                          struct err *err)
{
    for (size_t i = 0; i < type->option_count; i++) {
        const char *name = type->options[i].name;
        const char *text = values[i].text;
        if (type->options[i].type == OPTION_SECRET && text != NULL && !secret_is_reference(text))
            return err_set(err, ERR_INVALID,
                           "%s: takes a reference such as file:/path or cred:name, not the secret", name);
        if (i == type->http->url && type->options[i].type == OPTION_TEXT && !text_is_web_url(text))
            return err_set(err, ERR_INVALID, "%s: starts with http:// or https://", name);
    }
    return true;
}

bool notify_http_open(const struct notifier_type *type, const struct notifier_env *env, const char *name,
                      const struct option_value *values, struct notifier **ret_notifier, struct err *err)
{
    if (!check_options(type, values, err))
        return false;
    struct notifier *notifier = memory_take(sizeof(*notifier));
    notifier->env = *env;
    notifier->type = type;
    notifier->name = memory_copy_text(name);
    notifier->values = memory_take_array(type->option_count, sizeof(*notifier->values));
    for (size_t i = 0; i < type->option_count; i++)
        notifier->values[i] = copy_value(&values[i]);
    *ret_notifier = notifier;
    return true;
}

const struct option_value *notify_http_value(const struct notifier *notifier, size_t option)
{
    return &notifier->values[option];
}

char *notify_url(const char *base, const char *path)
{
    size_t length = strlen(base);
    size_t size = length + strlen(path) + 1;
    char *url = memory_take(size);

    while (length > 0 && base[length - 1] == '/')
        length--;
    (void)snprintf(url, size, "%.*s%s", (int)length, base, path);
    return url;
}

static enum notice_fate fate_of(int status)
{
    static const int final[] = {400, 410, 413, 422};

    if (status >= 200 && status < 300)
        return NOTICE_DELIVERED;
    for (size_t i = 0; i < ARRAY_LENGTH(final); i++)
        if (status == final[i])
            return NOTICE_REFUSED;
    return NOTICE_RETRY;
}

static void explain(const struct http_answer *answer, char *why, size_t size)
{
    char said[SAID_MAX];
    const char *body = answer->body + strspn(answer->body, " \t\r\n");

    if (answer->status == 0) {
        (void)snprintf(why, size, "%s", answer->err.text);
        return;
    }
    bool is_good = fate_of(answer->status) == NOTICE_DELIVERED;
    (void)notice_text(is_good ? "" : body, NOTICE_PLAIN, said, sizeof(said));
    (void)snprintf(why, size, "the receiver answered %d%s%s", answer->status, said[0] == '\0' ? "" : ": ",
                   said);
}

static void answered(void *data, const struct http_answer *answer);

static void post(struct delivery *delivery, const struct notify_use *use, const struct keys *keys,
                 const struct notify_request *request)
{
    const struct notifier *notifier = delivery->notifier;
    const struct trace_given trace = {.traceparent = delivery->facts.traceparent,
                                      .tracestate = delivery->facts.tracestate};
    struct http_header headers[NOTIFY_HEADERS_MAX + 1 + TRACE_HEADERS_MAX] = {
        {"Content-Type", "application/json"}};
    char *body = json_print(request->json);

    if (request->type != NULL)
        headers[0].value = request->type;
    for (size_t i = 0; i < request->header_count; i++)
        headers[i + 1] = request->headers[i];
    size_t count = request->header_count + 1;
    count += trace_lists_headers(&trace, headers + count);
    const struct http_request http = {.url = request->url == NULL ? use->url : request->url,
                                      .headers = headers,
                                      .header_count = count,
                                      .body = body,
                                      .body_length = strlen(body),
                                      .bearer = request->is_bearer ? &keys->key : NULL,
                                      .ca_file = notifier->values[notifier->type->http->ca].text,
                                      .timeout_ms =
                                          notifier->values[notifier->type->http->timeout].duration_ms,
                                      .answer_max = ANSWER_MAX,
                                      .is_cut_allowed = true};
    delivery->call = http_request_start(notifier->env.http, &http, answered, delivery);
    explicit_bzero(body, strlen(body)); /* it may hold the key */
    free(body);
}

static bool load(const struct notifier *notifier, size_t option, struct secret *to, struct err *err)
{
    const char *reference = option == NOTIFY_NONE ? NULL : notifier->values[option].text;

    if (reference == NULL || notifier->type->options[option].type != OPTION_SECRET)
        return true;
    return secret_load(notifier->env.secrets, reference, to, err) ||
           err_wrap(err, "%s", notifier->type->options[option].name);
}

/* Asks the request of the delivery's number. False: there is none, or (*err) a secret is missing. */
static bool ask(struct delivery *delivery, struct err *err)
{
    const struct notifier *notifier = delivery->notifier;
    CLEANUP(keys_drop) struct keys keys = {0};
    struct notify_request request = {0};

    if (!load(notifier, notifier->type->http->url, &keys.url, err) ||
        !load(notifier, notifier->type->http->key, &keys.key, err))
        return false;
    const struct notify_use use = {
        .name = notifier->name,
        .values = notifier->values,
        .url = keys.url.bytes != NULL ? keys.url.bytes : notifier->values[notifier->type->http->url].text,
        .key = keys.key.bytes != NULL ? keys.key.bytes : ""};
    bool is_there = notifier->type->http->write(&use, &delivery->facts, delivery->number, &request);
    if (is_there)
        post(delivery, &use, &keys, &request);
    cJSON_Delete(request.json);
    free(request.url);
    return is_there;
}

static void answered(void *data, const struct http_answer *answer)
{
    struct delivery *delivery = data;
    enum notice_fate fate = fate_of(answer->status);
    int64_t retry_after_ms = 0;
    struct err err = {0};
    char why[ERR_TEXT_MAX];

    delivery->call = NULL;
    delivery->number++;
    if (fate == NOTICE_DELIVERED && ask(delivery, &err))
        return;
    if (err.code != ERR_NONE)
        delivery_end(delivery, NOTICE_RETRY, 0, err.text);
    else {
        if (fate != NOTICE_RETRY || !http_answer_retry_after(answer, &retry_after_ms))
            retry_after_ms = 0;
        explain(answer, why, sizeof(why));
        delivery_end(delivery, fate, retry_after_ms, why);
    }
}

void notify_http_send(struct notifier *notifier, const struct notice *notice, notifier_done *done, void *data)
{
    struct delivery *delivery = delivery_begin(notifier, &notifier->env, &notifier->deliveries, done, data);

    if (!notice_facts_read(notice->body, &delivery->facts, &delivery->err))
        delivery->fate = NOTICE_REFUSED;
    else if (ask(delivery, &delivery->err))
        return;
    else if (delivery->err.code != ERR_NONE)
        delivery->fate = NOTICE_RETRY; /* a secret that is missing may come back */
    else
        (void)snprintf(delivery->err.text, sizeof(delivery->err.text), "nothing to tell there");
    delivery_end_soon(delivery);
}

void notify_http_close(struct notifier *notifier)
{
    delivery_drop_all(&notifier->deliveries);
    for (size_t i = 0; i < notifier->type->option_count; i++)
        free_value(&notifier->values[i]);
    free(notifier->values);
    free(notifier->name);
    free(notifier);
}
