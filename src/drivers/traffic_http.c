/* traffic_http.c - routers with an HTTP API of their own: a weight in a JSON document that is fetched,
 * changed and sent back.
 * SPDX-License-Identifier: MIT
 *
 * GET, change, PUT with what the server called the version it answered (ETag), GET again. See README.md. */
#include "base/text.h"
#include "drivers/lever.h"
#include "drivers/weight_document.h"
#include "io/json.h"
#include "io/memory.h"
#include "io/secret.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_SECRET_REFERENCE,
    OPTION_HEADER,
    OPTION_METHOD,
    OPTION_TIMEOUT,
    OPTION_CA,
    OPTION_INSTANCE_COUNT
};
enum { USE_URL, USE_POINTER, USE_SCALE, USE_COUNT };
enum { URL_SIZE = 1024, POINTER_SIZE = 256, TAG_SIZE = 256, ANSWER_MAX = 256 * 1024, HEADERS_MAX = 3 };

struct traffic {
    struct lever lever;
    char *secret; /* reference: read at each use, so that a rotated file counts; or NULL */
    char *header, *method, *ca;
    int64_t timeout_ms;
};

struct http_order {
    struct lever_order head;
    char url[URL_SIZE];
    char pointers[WEIGHT_POINTERS_MAX][POINTER_SIZE];
    struct weight_places places; /* its pointers are the ones above */
    bool is_first_slot;          /* the candidate is the first slot, the document speaks of the second */
    bool is_sent;
};

static const char *const methods[] = {"PUT", "POST", NULL};

static const struct option instance_options[OPTION_INSTANCE_COUNT] = {
    [OPTION_SECRET_REFERENCE] = {.name = "secret",
                                 .type = OPTION_SECRET,
                                 .help = "what the header carries; after \"Bearer \" in Authorization"},
    [OPTION_HEADER] = {.name = "header",
                       .type = OPTION_TEXT,
                       .fallback = "Authorization",
                       .help = "header that the secret goes into"},
    [OPTION_METHOD] = {.name = "method",
                       .type = OPTION_CHOICE,
                       .choices = methods,
                       .fallback = "PUT",
                       .help = "how the changed document is sent"},
    [OPTION_TIMEOUT] = {.name = "timeout",
                        .type = OPTION_DURATION,
                        .min = 100,
                        .max = 60000,
                        .fallback = "5s",
                        .help = "for one request"},
    [OPTION_CA] = {.name = "ca", .type = OPTION_TEXT, .help = "file with the authorities to trust"},
};

static const struct option use_options[USE_COUNT] = {
    [USE_URL] = {.name = "url",
                 .type = OPTION_TEXT,
                 .is_required = true,
                 .help = "the document that holds the weight"},
    [USE_POINTER] = {.name = "pointer",
                     .type = OPTION_LIST,
                     .is_required = true,
                     .min = 1,
                     .max = WEIGHT_POINTERS_MAX,
                     .help = "JSON pointer to the second slot's weight, or one to each slot's"},
    [USE_SCALE] = {.name = "scale",
                   .type = OPTION_INTEGER,
                   .min = 1,
                   .max = WEIGHT_SCALE_MAX,
                   .fallback = "100",
                   .help = "the weight of all traffic"},
};

static struct http_order *http_of(void *data)
{
    return data;
}

static void end(struct http_order *order, const struct err *err)
{
    if (order->head.err.code == ERR_NONE)
        order->head.err = *err;
    lever_order_end(&order->head);
}

/* Sends `body` (NULL: asks for the document). `tag`: the version that is to be changed, or "". */
static bool send(struct http_order *order, const char *body, const char *tag,
                 void (*answered)(void *data, const struct http_answer *answer), struct err *err)
{
    const struct traffic *traffic = lever_traffic(&order->head);
    CLEANUP(secret_drop) struct secret secret = {0};
    struct http_header headers[HEADERS_MAX];
    struct http_request request = {.method = body == NULL ? "GET" : traffic->method,
                                   .url = order->url,
                                   .headers = headers,
                                   .body = body,
                                   .body_length = body == NULL ? 0 : strlen(body),
                                   .ca_file = traffic->ca,
                                   .timeout_ms = traffic->timeout_ms,
                                   .answer_max = ANSWER_MAX};

    if (traffic->secret != NULL && !secret_load(traffic->lever.env.secrets, traffic->secret, &secret, err))
        return false;
    if (body != NULL)
        headers[request.header_count++] = (struct http_header){"Content-Type", "application/json"};
    if (tag[0] != '\0')
        headers[request.header_count++] = (struct http_header){"If-Match", tag};
    if (traffic->secret != NULL && strcmp(traffic->header, "Authorization") == 0)
        request.bearer = &secret;
    else if (traffic->secret != NULL)
        headers[request.header_count++] = (struct http_header){traffic->header, secret.bytes};
    lever_ask(&order->head, &request, answered);
    return true;
}

static bool check_status(const struct http_answer *answer, struct err *err)
{
    enum err_code code = ERR_UNAVAILABLE;

    if (answer->status == 0)
        return err_set(err, answer->err.code, "%s", answer->err.text);
    if (answer->status >= 200 && answer->status < 300)
        return true;
    if (answer->status == 401 || answer->status == 403)
        code = ERR_FORBIDDEN;
    else if (answer->status == 404 || answer->status == 410)
        code = ERR_NOT_FOUND;
    else if (answer->status == 400 || answer->status == 405 || answer->status == 415 || answer->status == 422)
        code = ERR_INVALID;
    return err_set(err, code, "the router answered %d", answer->status);
}

static void fetched(void *data, const struct http_answer *answer);

static void sent(void *data, const struct http_answer *answer)
{
    struct http_order *order = data;
    struct err err = {0};

    order->head.call = NULL;
    order->head.must_be_awaited = false;
    order->is_sent = true;
    if (!check_status(answer, &err) || order->head.err.code != ERR_NONE ||
        !send(order, NULL, "", fetched, &err))
        end(order, &err);
}

static void change(struct http_order *order, cJSON *root, const struct http_answer *answer)
{
    uint16_t share = order->head.share;
    char tag[TAG_SIZE];
    struct err err = {0};

    if (!http_answer_header(answer, "ETag", tag, sizeof(tag)))
        tag[0] = '\0';
    if (!weight_document_set(root, &order->places,
                             (uint16_t)(order->is_first_slot ? LEVER_SHARE_MAX - share : share), &err)) {
        end(order, &err);
        return;
    }
    char *body = json_print(root);
    order->head.must_be_awaited = send(order, body, tag, sent, &err);
    free(body);
    if (!order->head.must_be_awaited)
        end(order, &err);
}

static bool read_document(const struct http_order *order, const cJSON *root, uint16_t *ret_share,
                          struct err *err)
{
    uint16_t second = 0;
    uint16_t wanted = order->head.share;

    if (!weight_document_read(root, &order->places, &second, err))
        return false;
    *ret_share = (uint16_t)(order->is_first_slot ? LEVER_SHARE_MAX - second : second);
    return order->head.kind != LEVER_SET || *ret_share == wanted ||
           err_set(err, ERR_UNAVAILABLE, "asked for %.2f %%, read back %.2f %%", wanted / 100.0,
                   *ret_share / 100.0);
}

/* A set asks nothing of what stands there before it: it is absolute. */
static void fetched(void *data, const struct http_answer *answer)
{
    struct http_order *order = data;
    CLEANUP(json_free_at) cJSON *root = NULL;
    uint16_t share = order->head.share;
    struct err err = {0};

    order->head.call = NULL;
    bool is_read = check_status(answer, &err) && json_parse(answer->body, answer->length, NULL, &root, &err);
    if (is_read && order->head.kind == LEVER_SET && !order->is_sent) {
        change(order, root, answer);
        return;
    }
    if (is_read && read_document(order, root, &share, &err))
        order->head.share = share;
    end(order, &err);
}

static void begin(struct lever_order *head)
{
    struct http_order *order = http_of(head);
    struct err err = {0};

    if (!send(order, NULL, "", fetched, &err))
        end(order, &err);
}

static bool take_use(struct http_order *order, const struct traffic_split *split, struct err *err)
{
    const struct option_value *pointers = &split->options[USE_POINTER];
    const char *url = split->options[USE_URL].text;

    if (!text_is_web_url(url))
        return err_set(err, ERR_INVALID, "url: starts with http:// or https://");
    if (split->slot_count > 2)
        return err_set(err, ERR_INVALID, "a weight splits between two slots, here are %zu",
                       split->slot_count);
    for (size_t i = 0; i < pointers->list_length && i < WEIGHT_POINTERS_MAX; i++) {
        if (!weight_is_pointer(pointers->list[i]) ||
            !text_copy(order->pointers[i], POINTER_SIZE, pointers->list[i]))
            return err_set(err, ERR_INVALID, "pointer: \"%.100s\" is no JSON pointer", pointers->list[i]);
        order->places.pointers[order->places.count++] = order->pointers[i];
    }
    order->places.scale = (int64_t)split->options[USE_SCALE].number;
    return text_copy(order->url, sizeof(order->url), url) ||
           err_set(err, ERR_INVALID, "url: is longer than %d bytes", URL_SIZE - 1);
}

static void prepare(struct lever_order *head, const struct traffic_split *split)
{
    struct http_order *order = http_of(head);

    order->is_first_slot = split->candidate == 0;
    (void)!take_use(order, split, &head->err);
}

static const struct lever_type orders = {
    .size = sizeof(struct http_order),
    .prepare = prepare,
    .begin = begin,
};

static bool open_traffic(const struct traffic_env *env, const char *name, const struct option_value *options,
                         struct traffic **ret_traffic, struct err *err)
{
    const char *secret = options[OPTION_SECRET_REFERENCE].text;

    if (secret != NULL && !secret_is_reference(secret))
        return err_set(err, ERR_INVALID,
                       "secret: takes a reference such as file:/path or cred:name, not the secret");
    struct traffic *traffic = memory_take(sizeof(*traffic));
    lever_init(&traffic->lever, env, "http", name, &orders);
    traffic->lever.is_one_at_a_time = true;
    traffic->secret = memory_copy_text(secret);
    traffic->header = memory_copy_text(options[OPTION_HEADER].text);
    traffic->method = memory_copy_text(options[OPTION_METHOD].text);
    traffic->ca = memory_copy_text(options[OPTION_CA].text);
    traffic->timeout_ms = options[OPTION_TIMEOUT].duration_ms;
    *ret_traffic = traffic;
    return true;
}

static void close_traffic(struct traffic *traffic)
{
    lever_done(&traffic->lever);
    free(traffic->secret);
    free(traffic->header);
    free(traffic->method);
    free(traffic->ca);
    free(traffic);
}

const struct traffic_type traffic_http = {
    .name = "http",
    .instance_options = instance_options,
    .instance_option_count = OPTION_INSTANCE_COUNT,
    .use_options = use_options,
    .use_option_count = USE_COUNT,
    .open = open_traffic,
    .close = close_traffic,
    .rehearse = lever_rehearse,
    .set = lever_set,
    .read = lever_read,
    .has_persisted =
        lever_has_persisted, /* The router keeps its own configuration: what it answers is what it has. */
};
