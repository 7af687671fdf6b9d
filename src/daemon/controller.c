/* controller.c - reports to an upstream controller.
 * SPDX-License-Identifier: MIT */
#include "daemon/controller.h"

#include "api/fleet.h"
#include "daemon/notices.h"
#include "daemon/secrets.h"
#include "io/clock.h"
#include "io/digest.h"
#include "io/memory.h"
#include "io/webhook_signature.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ID_SIZE = 64, URL_SIZE = 1024, STAMP_SIZE = 32, BOOT_BYTES = 8 };

/* Pauses after the first, second, ... try in vain. */
static const int64_t pauses_ms[] = {1000, 2000, 5000, 15000, 30000, 60000};

/* One report on its way, signed by a worker: the secret is a file, and the body may be long. */
struct put {
    struct controller *controller; /* NULL: nobody waits for it any more */
    const char *secret;            /* reference */
    struct secret ahead;           /* its value, where it is Vault's */
    char *body;
    size_t length;
    char id[ID_SIZE], stamp[STAMP_SIZE];
    char signature[WEBHOOK_SIGNATURE_SIZE];
    int64_t now_s;
    bool is_good;
    struct err err;
};

struct controller {
    struct daemon *daemon;
    const struct settings_controller *settings;
    struct orders_desk *desk;
    struct loop_timer *timer;
    struct fleet_report *report; /* in the making */
    struct put *put;             /* with a worker, or under way */
    struct http_call *call;
    bool is_busy;
    bool is_wanted;   /* something changed since the report began */
    bool is_settling; /* something had, when it began: its figures may be older than that */
    char boot[2 * BOOT_BYTES + 1];
    uint64_t sequence;
    int64_t started_ms, cost_ms, not_before_ms; /* of the loop */
    size_t failures;                            /* since the last good one */
    char refused[ERR_TEXT_MAX];                 /* why nothing of the last answer was done; "" it was fine */
    uint64_t put_count, failed_count, refused_count;
};

static void free_put(struct put *put)
{
    secret_drop(&put->ahead);
    free(put->body);
    free(put);
}

/* Until the next report, where nothing happens. */
static int64_t rest_ms(const struct controller *controller)
{
    int64_t every_ms = controller->settings->every_ms;
    int64_t fresh_ms = FLEET_FRESH_MS + FLEET_FRESH_TIMES * controller->cost_ms;

    return controller->is_settling && fresh_ms < every_ms ? fresh_ms : every_ms;
}

static void end(struct controller *controller, const char *why)
{
    const struct settings_controller *settings = controller->settings;
    int64_t now_ms = loop_now_ms();
    int64_t pause_ms = CONTROLLER_COST_TIMES * controller->cost_ms;

    controller->is_busy = false;
    if (why == NULL) {
        controller->failures = 0;
        controller->put_count++;
        pause_ms = pause_ms < CONTROLLER_PAUSE_MS ? CONTROLLER_PAUSE_MS : pause_ms;
        pause_ms = pause_ms > settings->every_ms ? settings->every_ms : pause_ms;
    } else {
        if (controller->failures == 0) /* once, and not at every try */
            log_say(&controller->daemon->log, LOG_LEVEL_WARN, "controller: %s", why);
        size_t last = ARRAY_LENGTH(pauses_ms) - 1;
        pause_ms = pauses_ms[controller->failures < last ? controller->failures : last];
        controller->failures++;
        controller->failed_count++;
    }
    controller->not_before_ms = now_ms + pause_ms;
    loop_timer_move(controller->timer,
                    why == NULL && !controller->is_wanted ? rest_ms(controller) : pause_ms);
}

/* ---- the answer ---- */

static void refuse(struct controller *controller, const char *why)
{
    controller->refused_count++;
    if (strcmp(controller->refused, why) != 0)
        log_say(&controller->daemon->log, LOG_LEVEL_WARN, "controller: nothing of its answer is done: %s",
                why);
    (void)snprintf(controller->refused, sizeof(controller->refused), "%s", why);
}

static void take_answer(struct controller *controller, const struct http_answer *answer)
{
    struct controller_orders orders = {0};
    struct err err = {0};

    if (answer->is_cut) {
        refuse(controller, "it is too long");
    } else if (!controller_answer_read(answer->body, answer->length, &orders, &err)) {
        refuse(controller, err.text);
    } else if (orders.count > 0 && controller->desk == NULL) {
        refuse(controller, "it has commands, and no token is declared for it");
    } else {
        controller->refused[0] = '\0';
        if (orders.count > 0)
            orders_desk_take(controller->desk, &orders);
    }
    controller_orders_free(&orders);
}

static void answered(void *data, const struct http_answer *answer)
{
    struct controller *controller = data;
    char why[ERR_TEXT_MAX];

    controller->call = NULL;
    free_put(controller->put);
    controller->put = NULL;
    if (answer->status >= 200 && answer->status < 300) {
        take_answer(controller, answer);
        end(controller, NULL);
        return;
    }
    if (answer->status == 0)
        (void)snprintf(why, sizeof(why), "%s", answer->err.text);
    else
        (void)snprintf(why, sizeof(why), "it answered %d", answer->status);
    end(controller, why);
}

/* ---- the report ---- */

static void start_put(struct controller *controller)
{
    const struct settings_controller *settings = controller->settings;
    const struct put *put = controller->put;
    size_t length = strlen(settings->url);
    char url[URL_SIZE];

    while (length > 0 && settings->url[length - 1] == '/')
        length--;
    (void)snprintf(url, sizeof(url), "%.*s/instances/%s/status", (int)length, settings->url,
                   controller->daemon->settings->instance);
    const struct http_header headers[] = {{"Content-Type", "application/json"},
                                          {"webhook-id", put->id},
                                          {"webhook-timestamp", put->stamp},
                                          {"webhook-signature", put->signature}};
    const struct http_request request = {.method = "PUT",
                                         .url = url,
                                         .headers = headers,
                                         .header_count = ARRAY_LENGTH(headers),
                                         .body = put->body,
                                         .body_length = put->length,
                                         .ca_file = settings->ca,
                                         .timeout_ms = settings->timeout_ms,
                                         .answer_max = CONTROLLER_ANSWER_MAX,
                                         .is_cut_allowed = true};
    controller->call = http_request_start(controller->daemon->http, &request, answered, controller);
}

static void sign(void *data)
{
    CLEANUP(secret_drop) struct secret secret = {0};
    struct put *put = data;

    bool is_there = put->ahead.bytes != NULL || secret_load(NULL, put->secret, &secret, &put->err);
    put->is_good = is_there && webhook_sign(put->ahead.bytes != NULL ? put->ahead.bytes : secret.bytes,
                                            put->id, put->now_s, put->body, put->signature, &put->err);
}

static void is_signed(void *data)
{
    struct put *put = data;
    struct controller *controller = put->controller;

    if (controller == NULL) {
        free_put(put);
    } else if (put->is_good) {
        start_put(controller);
    } else {
        controller->put = NULL;
        end(controller, put->err.text);
        free_put(put);
    }
}

/* Takes over the body. */
static void sign_and_put(struct controller *controller, char *body, size_t length)
{
    struct put *put = controller->put = memory_take(sizeof(*put));

    put->controller = controller;
    put->secret = controller->settings->secret;
    put->body = body;
    put->length = length;
    put->now_s = clock_wall_ms() / 1000;
    (void)snprintf(put->id, sizeof(put->id), "rep_%s_%" PRIu64, controller->boot, controller->sequence);
    (void)snprintf(put->stamp, sizeof(put->stamp), "%" PRId64, put->now_s);
    if (daemon_take_ahead(controller->daemon, put->secret, &put->ahead, &put->err) &&
        loop_work(controller->daemon->loop, sign, is_signed, put, &put->err))
        return;
    controller->put = NULL;
    end(controller, put->err.text);
    free_put(put);
}

static void told(void *data, char *json, size_t length, const struct err *err)
{
    struct controller *controller = data;

    controller->report = NULL;
    controller->cost_ms = loop_now_ms() - controller->started_ms;
    if (json == NULL) {
        end(controller, err->text);
        return;
    }
    if (controller->settings->has_mqtt)
        status_tell_report(controller->daemon->status, memory_copy_bytes(json, length));
    if (controller->settings->url != NULL) {
        sign_and_put(controller, json, length);
        return;
    }
    free(json);
    end(controller, NULL);
}

/* What a report has for a controller alone. */
static cJSON *shape_head(const struct controller *controller)
{
    cJSON *head = cJSON_CreateObject();

    cJSON_AddStringToObject(head, "boot", controller->boot);
    cJSON_AddNumberToObject(head, "seq", (double)controller->sequence);
    if (controller->refused[0] == '\0')
        cJSON_AddNullToObject(head, "answer_refused");
    else
        cJSON_AddStringToObject(head, "answer_refused", controller->refused);
    cJSON_AddItemToObject(head, "commands",
                          controller->desk == NULL ? cJSON_CreateArray()
                                                   : orders_desk_shape(controller->desk));
    return head;
}

static void begin(void *data)
{
    struct controller *controller = data;
    const struct fleet_wish wish = {.span_ms = FLEET_SPAN_DEFAULT_MS}; /* of a principal with every right */
    struct err err = {0};

    if (controller->is_busy || controller->daemon->is_stopping)
        return;
    controller->is_busy = true;
    controller->is_settling = controller->is_wanted;
    controller->is_wanted = false;
    controller->started_ms = loop_now_ms();
    controller->sequence++;
    controller->report =
        fleet_report_start(controller->daemon->api, &wish, shape_head(controller), told, controller, &err);
    if (controller->report == NULL)
        end(controller, err.text);
}

void controller_changed(struct controller *controller)
{
    if (controller == NULL || controller->is_wanted)
        return;
    controller->is_wanted = true;
    if (controller->is_busy)
        return;
    int64_t delay_ms = controller->not_before_ms - loop_now_ms();
    loop_timer_move(controller->timer,
                    delay_ms > CONTROLLER_CHANGE_MS ? delay_ms : (int64_t)CONTROLLER_CHANGE_MS);
}

/* ---- its life ---- */

struct controller *controller_new(struct daemon *daemon)
{
    const struct settings_controller *settings = &daemon->settings->controller;
    unsigned char boot[BOOT_BYTES];

    if (settings->every_ms == 0)
        return NULL;
    struct controller *controller = memory_take(sizeof(*controller));
    controller->daemon = daemon;
    controller->settings = settings;
    digest_random(boot, sizeof(boot));
    for (size_t i = 0; i < sizeof(boot); i++)
        (void)snprintf(controller->boot + 2 * i, 3, "%02x", boot[i]);
    if (settings->token != NULL)
        controller->desk = orders_desk_new(daemon);
    controller->timer = loop_timer_start(daemon->loop, CONTROLLER_CHANGE_MS, 0, begin, controller);
    return controller;
}

void controller_free(struct controller *controller)
{
    if (controller == NULL)
        return;
    loop_timer_stop(controller->timer);
    orders_desk_free(controller->desk);
    if (controller->report != NULL)
        fleet_report_forget(controller->report);
    http_request_cancel(controller->call);
    if (controller->call != NULL)
        free_put(controller->put);
    else if (controller->put != NULL)
        controller->put->controller = NULL; /* a worker has it */
    free(controller);
}

void controller_add_metrics(const struct controller *controller, FILE *to)
{
    if (controller == NULL)
        return;
    (void)fprintf(to,
                  "verdict_controller_reports_total{outcome=\"delivered\"} %" PRIu64 "\n"
                  "verdict_controller_reports_total{outcome=\"failed\"} %" PRIu64 "\n"
                  "verdict_controller_answers_refused_total %" PRIu64 "\n",
                  controller->put_count, controller->failed_count, controller->refused_count);
    if (controller->desk != NULL)
        orders_desk_add_metrics(controller->desk, to);
}
