/* orders_desk.c - commands of an upstream controller: remembered, then done one after the other as requests
 * of its token at our own door.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "daemon/controller.h"
#include "daemon/secrets.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DETAIL_SIZE = 256, KEY_SIZE = 96, URL_SIZE = 512, REFUSED = 300, FILE_MODE = 0600 };

enum order_fate { ORDER_PENDING, ORDER_DONE, ORDER_REFUSED, ORDER_UNKNOWN };

static const char *const fates[] = {[ORDER_PENDING] = "pending",
                                    [ORDER_DONE] = "done",
                                    [ORDER_REFUSED] = "refused",
                                    [ORDER_UNKNOWN] = "unknown"};

struct known_order {
    char id[CONTROLLER_ID_SIZE];
    enum order_fate fate;
    int status; /* of our answer; 0 none */
    char detail[DETAIL_SIZE];
};

/* What a worker does before the first of some commands is begun: that they were asked for is on the disk, so
 * that none is done twice. */
struct remembering {
    struct orders_desk *desk; /* NULL: nobody waits for it any more */
    char path[DAEMON_PATH_MAX];
    char *text; /* the ids, a line each */
    const char *token;
    struct secret secret;
    bool has_token, is_good;
    struct err err;
};

struct orders_desk {
    struct daemon *daemon;
    size_t known_count;
    struct known_order known[CONTROLLER_KNOWN_MAX]; /* oldest first */
    struct controller_orders orders;                /* under way */
    size_t at;
    struct remembering *remembering;
    struct secret token;
    struct http_call *call;
    uint64_t counts[ORDER_UNKNOWN + 1];
};

static void run_next(struct orders_desk *desk);

/* ---- known ones ---- */

static struct known_order *find_known(struct orders_desk *desk, const char *id)
{
    for (size_t i = desk->known_count; i > 0; i--)
        if (strcmp(desk->known[i - 1].id, id) == 0)
            return &desk->known[i - 1];
    return NULL;
}

/* The oldest is forgotten for it. */
static struct known_order *add_known(struct orders_desk *desk, const char *id)
{
    if (desk->known_count == CONTROLLER_KNOWN_MAX) {
        memmove(&desk->known[0], &desk->known[1], (CONTROLLER_KNOWN_MAX - 1) * sizeof(desk->known[0]));
        desk->known_count--;
    }
    struct known_order *known = &desk->known[desk->known_count++];
    *known = (struct known_order){.fate = ORDER_PENDING};
    (void)!text_copy(known->id, sizeof(known->id), id);
    return known;
}

/* As much of it as there is room for. */
static void say(struct known_order *known, const char *detail)
{
    struct text text;

    text_init(&text, known->detail, sizeof(known->detail));
    text_add(&text, "%s", detail);
}

static void path_of(const struct daemon *daemon, char path[DAEMON_PATH_MAX])
{
    (void)snprintf(path, DAEMON_PATH_MAX, "%s/controller.commands", daemon->settings->data);
}

/* At the start: what was asked for in a life before, of which nobody knows how it ended. */
static void read_known(struct orders_desk *desk)
{
    char path[DAEMON_PATH_MAX];
    char line[CONTROLLER_ID_SIZE + 1];

    path_of(desk->daemon, path);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0' || find_known(desk, line) != NULL)
            continue;
        struct known_order *known = add_known(desk, line);
        known->fate = ORDER_UNKNOWN;
        say(known, "it was asked for before a restart, and is not done again");
    }
    if (file != NULL)
        (void)fclose(file);
}

static bool write_whole(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        text += written;
        length -= (size_t)written;
    }
    return true;
}

/* The file is the old or the new one, whatever happens. */
static bool save(const char *path, const char *text, struct err *err)
{
    char next[DAEMON_PATH_MAX + 8];

    (void)snprintf(next, sizeof(next), "%s.new", path);
    int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
    bool is_good = fd >= 0 && write_whole(fd, text, strlen(text)) && fsync(fd) == 0;
    if (fd >= 0)
        is_good = close(fd) == 0 && is_good;
    is_good = is_good && rename(next, path) == 0;
    return is_good || err_set(err, ERR_IO, "writing %s: %s", path, strerror(errno));
}

static void remember(void *data)
{
    struct remembering *remembering = data;

    remembering->has_token = remembering->secret.bytes != NULL ||
                             secret_load(NULL, remembering->token, &remembering->secret, &remembering->err);
    remembering->is_good =
        remembering->has_token && save(remembering->path, remembering->text, &remembering->err);
}

static void free_remembering(struct remembering *remembering)
{
    secret_drop(&remembering->secret);
    free(remembering->text);
    free(remembering);
}

/* ---- under way ---- */

static void end(struct orders_desk *desk)
{
    controller_orders_free(&desk->orders);
    secret_drop(&desk->token);
    desk->at = 0;
    controller_changed(desk->daemon->controller);
}

/* A way back waits for nothing (S19): not behind others, nor for a file; done twice it is done once. */
static bool is_way_back(const struct controller_order *order)
{
    return strcmp(order->verb, "abort") == 0 || strcmp(order->verb, "rollback") == 0;
}

/* The orders from `from` on, of which nothing was begun: said again, they are new. */
static void forget(struct orders_desk *desk, size_t from, const char *why)
{
    log_say(&desk->daemon->log, LOG_LEVEL_WARN, "controller: %zu of its commands are not done: %s",
            desk->orders.count - from, why);
    while (desk->orders.count > from) {
        free(desk->orders.of[--desk->orders.count].body);
        desk->counts[ORDER_REFUSED]++;
        desk->known_count--; /* they are the newest */
    }
}

static void remembered(void *data)
{
    struct remembering *remembering = data;
    struct orders_desk *desk = remembering->desk;

    if (desk != NULL) {
        desk->remembering = NULL;
        desk->token = remembering->secret;
        remembering->secret = (struct secret){0};
        size_t from = 0;
        while (remembering->has_token && from < desk->orders.count && is_way_back(&desk->orders.of[from]))
            from++;
        if (!remembering->is_good)
            forget(desk, from, remembering->err.text);
        run_next(desk);
    }
    free_remembering(remembering);
}

/* Why it was refused; what began, as the next command may need its name. */
static void say_answer(struct known_order *known, const cJSON *json)
{
    char began[DETAIL_SIZE];
    struct text text;

    text_init(&text, began, sizeof(began));
    if (known->fate == ORDER_REFUSED)
        text_add(&text, "%s", json_text_of(json, "detail"));
    else if (json_text_of(json, "id")[0] != '\0')
        text_add(&text, "%s: %s", json_text_of(json, "id"), json_text_of(json, "summary"));
    say(known, began);
}

static void note(struct orders_desk *desk, const struct http_answer *answer)
{
    const struct controller_order *order = &desk->orders.of[desk->at];
    struct known_order *known = find_known(desk, order->id);
    cJSON *json = NULL;

    if (known == NULL)
        return;
    known->status = answer->status;
    known->fate = answer->status == 0 ? ORDER_UNKNOWN : answer->status < REFUSED ? ORDER_DONE : ORDER_REFUSED;
    if (known->fate == ORDER_UNKNOWN)
        say(known, answer->err.text);
    else if (json_parse(answer->body, answer->length, NULL, &json, NULL))
        say_answer(known, json);
    json_free(json);
    desk->counts[known->fate]++;
    log_say(&desk->daemon->log, known->fate == ORDER_DONE ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
            "controller: command %s (%s): %s%s%s", known->id, order->verb, fates[known->fate],
            known->detail[0] == '\0' ? "" : ": ", known->detail);
}

static void answered(void *data, const struct http_answer *answer)
{
    struct orders_desk *desk = data;

    desk->call = NULL;
    note(desk, answer);
    desk->at++;
    run_next(desk);
}

static void run_next(struct orders_desk *desk)
{
    const char *unix_path = NULL;
    const char *address = NULL;
    char url[URL_SIZE];
    char key[KEY_SIZE];

    if (desk->at == desk->orders.count) {
        end(desk);
        return;
    }
    const struct controller_order *order = &desk->orders.of[desk->at];
    daemon_plain_door(desk->daemon, &unix_path, &address);
    (void)snprintf(url, sizeof(url), "http://%s%s", address == NULL ? "localhost" : address, order->path);
    (void)snprintf(key, sizeof(key), "controller:%s", order->id);
    const struct http_header headers[] = {{"Content-Type", "application/json"}, {"Idempotency-Key", key}};
    const struct http_request request = {.method = order->method,
                                         .url = url,
                                         .unix_path = unix_path,
                                         .headers = headers,
                                         .header_count = ARRAY_LENGTH(headers),
                                         .body = order->body,
                                         .body_length = strlen(order->body),
                                         .bearer = &desk->token,
                                         .timeout_ms = CONTROLLER_ORDER_MS,
                                         .answer_max = CONTROLLER_ANSWER_MAX,
                                         .is_cut_allowed = true};
    desk->call = http_request_start(desk->daemon->http, &request, answered, desk);
}

/* ---- taken ---- */

static char *ids_of(const struct orders_desk *desk)
{
    char *text = memory_take(desk->known_count * CONTROLLER_ID_SIZE + 1);
    size_t length = 0;

    for (size_t i = 0; i < desk->known_count; i++)
        length += (size_t)snprintf(text + length, CONTROLLER_ID_SIZE + 1, "%s\n", desk->known[i].id);
    return text;
}

static void start_remembering(struct orders_desk *desk)
{
    struct remembering *remembering = desk->remembering = memory_take(sizeof(*remembering));

    remembering->desk = desk;
    remembering->token = desk->daemon->settings->controller.token;
    remembering->text = ids_of(desk);
    path_of(desk->daemon, remembering->path);
    if (daemon_take_ahead(desk->daemon, remembering->token, &remembering->secret, &remembering->err) &&
        loop_work(desk->daemon->loop, remember, remembered, remembering, &remembering->err))
        return;
    desk->remembering = NULL;
    forget(desk, 0, remembering->err.text);
    end(desk);
    free_remembering(remembering);
}

static void take_those(struct orders_desk *desk, struct controller_orders *orders, bool are_ways_back)
{
    for (size_t i = 0; i < orders->count; i++) {
        struct controller_order *order = &orders->of[i];
        if (is_way_back(order) != are_ways_back || find_known(desk, order->id) != NULL)
            continue;
        (void)add_known(desk, order->id);
        desk->orders.of[desk->orders.count++] = *order;
        order->body = NULL; /* ours now */
    }
}

void orders_desk_take(struct orders_desk *desk, struct controller_orders *orders)
{
    if (desk->orders.count > 0)
        return;
    take_those(desk, orders, true);
    take_those(desk, orders, false);
    if (desk->orders.count > 0)
        start_remembering(desk);
}

/* ---- its life ---- */

struct orders_desk *orders_desk_new(struct daemon *daemon)
{
    struct orders_desk *desk = memory_take(sizeof(*desk));

    desk->daemon = daemon;
    read_known(desk);
    return desk;
}

void orders_desk_free(struct orders_desk *desk)
{
    if (desk == NULL)
        return;
    http_request_cancel(desk->call);
    if (desk->remembering != NULL)
        desk->remembering->desk = NULL;
    controller_orders_free(&desk->orders);
    secret_drop(&desk->token);
    free(desk);
}

cJSON *orders_desk_shape(const struct orders_desk *desk)
{
    size_t first = desk->known_count > CONTROLLER_TOLD_MAX ? desk->known_count - CONTROLLER_TOLD_MAX : 0;
    cJSON *array = cJSON_CreateArray();

    for (size_t i = first; i < desk->known_count; i++) {
        const struct known_order *known = &desk->known[i];
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "id", known->id);
        cJSON_AddStringToObject(one, "result", fates[known->fate]);
        cJSON_AddNumberToObject(one, "status", known->status);
        cJSON_AddStringToObject(one, "detail", known->detail);
        cJSON_AddItemToArray(array, one);
    }
    return array;
}

void orders_desk_add_metrics(const struct orders_desk *desk, FILE *to)
{
    for (int fate = ORDER_DONE; fate <= ORDER_UNKNOWN; fate++)
        (void)fprintf(to, "verdict_controller_commands_total{outcome=\"%s\"} %" PRIu64 "\n", fates[fate],
                      desk->counts[fate]);
}
