/* gate_web.c - gates by HTTP POST, signed as Standard Webhooks says where a secret is configured.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "drivers/gate_answer.h"
#include "io/http_client.h"
#include "io/loop.h"
#include "io/memory.h"
#include "io/secret.h"
#include "io/trace_lists.h"
#include "io/webhook_signature.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OPTION_URL, OPTION_SIGNING_SECRET, OPTION_TIMEOUT, OPTION_CA, OPTION_COUNT };
enum { ANSWER_MAX = 16 * 1024, HEADERS_MAX = 4 + TRACE_HEADERS_MAX };

static const struct option options[OPTION_COUNT] = {
    [OPTION_URL] = {.name = "url",
                    .type = OPTION_TEXT,
                    .is_required = true,
                    .help = "where the question is posted to"},
    [OPTION_SIGNING_SECRET] =
        {.name = "secret",
         .type = OPTION_SECRET,
         .help = "signing secret: base64 of 24 to 64 bytes, with or without whsec_ before it"},
    [OPTION_TIMEOUT] = {.name = "timeout",
                        .type = OPTION_DURATION,
                        .min = 100,
                        .max = 20000,
                        .fallback = "10s",
                        .help = "for one answer"},
    [OPTION_CA] = {.name = "ca", .type = OPTION_TEXT, .help = "file with the authorities to trust"},
};

struct gate {
    struct gate_env env;
    char *url;
    char *ca;
    char *secret; /* reference: read at each use, so that a rotated file counts; or NULL */
    int64_t timeout_ms;
    struct gate_ask *asks; /* on their way */
};

struct gate_ask {
    struct gate_ask *next;
    struct gate *gate;
    struct http_call *call; /* NULL: not asked, `err` says why */
    struct err err;
    gate_done *done;
    void *data;
};

static bool open_gate(const struct gate_env *env, const struct option_value *values, struct gate **ret_gate,
                      struct err *err)
{
    const char *url = values[OPTION_URL].text;
    const char *secret = values[OPTION_SIGNING_SECRET].text;

    if (!text_is_web_url(url))
        return err_set(err, ERR_INVALID, "url: starts with http:// or https://");
    if (secret != NULL && !secret_is_reference(secret))
        return err_set(err, ERR_INVALID,
                       "secret: takes a reference such as file:/path or cred:name, not the secret");
    struct gate *gate = memory_take(sizeof(*gate));
    gate->env = *env;
    gate->url = memory_copy_text(url);
    gate->ca = memory_copy_text(values[OPTION_CA].text);
    gate->secret = memory_copy_text(secret);
    gate->timeout_ms = values[OPTION_TIMEOUT].duration_ms;
    *ret_gate = gate;
    return true;
}

static void leave(struct gate_ask *ask)
{
    for (struct gate_ask **at = &ask->gate->asks; *at != NULL; at = &(*at)->next)
        if (*at == ask) {
            *at = ask->next;
            return;
        }
}

static void tell_unsigned(void *data);

static void drop(struct gate_ask *ask)
{
    http_request_cancel(ask->call);
    loop_defer_cancel(ask->gate->env.loop, tell_unsigned, ask);
    free(ask);
}

static void cancel_ask(struct gate_ask *ask)
{
    leave(ask);
    drop(ask);
}

static void close_gate(struct gate *gate)
{
    while (gate->asks != NULL) {
        struct gate_ask *ask = gate->asks;
        gate->asks = ask->next;
        drop(ask);
    }
    free(gate->url);
    free(gate->ca);
    free(gate->secret);
    free(gate);
}

static void end(struct gate_ask *ask, enum gate_word word, const char *why)
{
    gate_done *done = ask->done;
    void *data = ask->data;

    leave(ask);
    free(ask);
    done(data, word, why);
}

static void answered(void *data, const struct http_answer *answer)
{
    char why[GATE_WHY_MAX + 1];
    enum gate_word word = GATE_WORD_SILENT;

    if (answer->status == 0)
        (void)snprintf(why, sizeof(why), "%.*s", GATE_WHY_MAX, answer->err.text);
    else
        word = gate_answer_read(answer->status, answer->body, answer->length, why);
    end(data, word, why);
}

/* A secret that is missing may come back. */
static void tell_unsigned(void *data)
{
    struct gate_ask *ask = data;
    char why[GATE_WHY_MAX + 1];

    (void)snprintf(why, sizeof(why), "%.*s", GATE_WHY_MAX, ask->err.text);
    end(ask, GATE_WORD_SILENT, why);
}

static bool sign(const struct gate *gate, const struct gate_question *question, int64_t now_s,
                 char signature[WEBHOOK_SIGNATURE_SIZE], struct err *err)
{
    CLEANUP(secret_drop) struct secret secret = {0};

    return secret_load(gate->env.secrets, gate->secret, &secret, err) &&
           webhook_sign(secret.bytes, question->id, now_s, question->body, signature, err);
}

static void post(struct gate_ask *ask, const struct gate_question *question, int64_t now_s,
                 const char *signature)
{
    const struct gate *gate = ask->gate;
    char stamp[32];

    (void)snprintf(stamp, sizeof(stamp), "%" PRId64, now_s);
    struct http_header headers[HEADERS_MAX] = {
        {"Content-Type", "application/json"}, {"webhook-id", question->id}, {"webhook-timestamp", stamp}};
    size_t count = 3;
    if (signature[0] != '\0')
        headers[count++] = (struct http_header){"webhook-signature", signature};
    count += trace_lists_headers(&question->trace, headers + count);
    const struct http_request request = {.url = gate->url,
                                         .headers = headers,
                                         .header_count = count,
                                         .body = question->body,
                                         .body_length = strlen(question->body),
                                         .ca_file = gate->ca,
                                         .timeout_ms = gate->timeout_ms,
                                         .answer_max = ANSWER_MAX};
    ask->call = http_request_start(gate->env.http, &request, answered, ask);
}

static struct gate_ask *start_ask(struct gate *gate, const struct gate_question *question, gate_done *done,
                                  void *data)
{
    struct gate_ask *ask = memory_take(sizeof(*ask));
    char signature[WEBHOOK_SIGNATURE_SIZE] = "";
    int64_t now_s = (int64_t)time(NULL);

    ask->gate = gate;
    ask->done = done;
    ask->data = data;
    ask->next = gate->asks;
    gate->asks = ask;
    if (gate->secret == NULL || sign(gate, question, now_s, signature, &ask->err))
        post(ask, question, now_s, signature);
    else
        loop_defer(gate->env.loop, tell_unsigned, ask);
    return ask;
}

const struct gate_type gate_web = {
    .name = "web",
    .options = options,
    .option_count = OPTION_COUNT,
    .open = open_gate,
    .close = close_gate,
    .ask = start_ask,
    .cancel = cancel_ask,
};
