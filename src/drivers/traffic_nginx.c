/* traffic_nginx.c - nginx: a generated file of split_clients, a reload, and a marker that proves which file
 * is live.
 * SPDX-License-Identifier: MIT
 *
 * Forward: what is live is asked, the file replaced, tested, nginx reloaded, the marker awaited; where that
 * fails the file gets back what was live. Back to stable asks and tests nothing first, and never puts back a
 * file with more for the candidate. The file is the configuration, so what is live survives any restart. A
 * newer order waits for nothing: the runner replaces files in the order of the calls, and any reload after
 * that takes the newest. See README.md. */
#include "drivers/nginx_split.h"
#include "io/loop.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_STATUS, OPTION_FOLDER, OPTION_TEST, OPTION_RELOAD, OPTION_TIMEOUT, OPTION_INSTANCE_COUNT };
enum { USE_BACKEND, USE_STICKY, USE_COUNT };
enum {
    PATH_SIZE = 1024,
    STATUS_MS = 1000,
    STATUS_ANSWER_MAX = 256,
    ASK_AGAIN_MS = 40,
    SETTLED_MS = 300, /* nginx tells the old workers to go 100 ms after the new ones have begun */
    LIVE_MS = 8000    /* from the reload until only the new marker is answered */
};

struct traffic {
    struct lever lever;
    char *status, *folder;
    char **test, **reload;
    int64_t timeout_ms;
};

struct nginx_order {
    struct lever_order head;
    struct nginx_split split;
    struct nginx_marker wanted, live;
    bool is_live_known;
    int64_t deadline_ms, settled_at_ms; /* 0: an old marker was the last answer */
    char file[PATH_SIZE];
    struct err failure; /* told when the file has been restored */
};

static const struct option instance_options[OPTION_INSTANCE_COUNT] = {
    [OPTION_STATUS] = {.name = "status",
                       .type = OPTION_TEXT,
                       .is_required = true,
                       .help = "URL on loopback; with /BACKEND behind it answers $BACKEND_split"},
    [OPTION_FOLDER] = {.name = "folder",
                       .type = OPTION_TEXT,
                       .is_required = true,
                       .help = "where nginx includes BACKEND.conf from; the runner may write that file"},
    [OPTION_TEST] = {.name = "test",
                     .type = OPTION_LIST,
                     .is_required = true,
                     .min = 1,
                     .max = 16,
                     .help = "command that tests nginx's configuration; the runner allows it"},
    [OPTION_RELOAD] = {.name = "reload",
                       .type = OPTION_LIST,
                       .is_required = true,
                       .min = 1,
                       .max = 16,
                       .help = "command that makes nginx load it; the runner allows it"},
    [OPTION_TIMEOUT] = {.name = "timeout",
                        .type = OPTION_DURATION,
                        .min = 100,
                        .max = 60000,
                        .fallback = "10s",
                        .help = "for each of the two commands"},
};

static const struct option use_options[USE_COUNT] = {
    [USE_BACKEND] = {.name = "backend",
                     .type = OPTION_TEXT,
                     .is_required = true,
                     .help = "names the file and its variables; slots are the upstreams BACKEND_SLOT"},
    [USE_STICKY] = {.name = "sticky",
                    .type = OPTION_TEXT,
                    .help = "\"cookie:NAME\" keeps a user on one side"},
};

static struct nginx_order *nginx_of(void *data)
{
    return data;
}

static void ask_status(struct nginx_order *order,
                       void (*answered)(void *data, const struct http_answer *answer))
{
    char url[PATH_SIZE];
    const struct http_header fresh = {"Connection", "close"}; /* a kept one stays with its worker */

    (void)snprintf(url, sizeof(url), "%s/%s", lever_traffic(&order->head)->status, order->split.key);
    const struct http_request request = {.url = url,
                                         .headers = &fresh,
                                         .header_count = 1,
                                         .timeout_ms = STATUS_MS,
                                         .answer_max = STATUS_ANSWER_MAX};
    lever_ask(&order->head, &request, answered);
}

static bool take_marker(struct nginx_order *order, const struct http_answer *answer,
                        struct nginx_marker *ret_marker, struct err *err)
{
    char text[NGINX_MARKER_MAX];

    order->head.call = NULL;
    if (answer->status == 0)
        return err_set(err, ERR_UNAVAILABLE, "asking nginx: %s", answer->err.text);
    if (answer->status != 200)
        return err_set(err, ERR_PROTOCOL, "nginx's status answers %d", answer->status);
    (void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(answer->body, "\r\n"), answer->body);
    return nginx_split_parse(&order->split, text, ret_marker, err);
}

static bool replace_file(struct nginx_order *order, const struct nginx_marker *marker,
                         runner_written *written)
{
    char memory[NGINX_FILE_MAX];
    struct text content;

    text_init(&content, memory, sizeof(memory));
    nginx_split_file(&order->split, marker, &content);
    return lever_write(&order->head, order->file, content.data, content.length, written);
}

static void restored(void *data, const struct err *failure)
{
    struct nginx_order *order = data;

    if (failure != NULL)
        (void)err_wrap(&order->failure, "%s could not be restored (%s)", order->file, failure->text);
    order->head.err = order->failure;
    lever_order_end(&order->head);
}

/* Never to a file that gives the candidate more than the order did. */
static void fail(struct nginx_order *order, const struct err *err)
{
    bool is_worse = order->live.share > order->wanted.share || order->live.mirror > order->wanted.mirror;

    order->failure = *err;
    if (order->is_live_known && !is_worse) {
        (void)!replace_file(order, &order->live, restored);
        return;
    }
    order->head.err = order->failure;
    lever_order_end(&order->head);
}

static void look(void *data);

/* Old workers answer for a moment longer: only when none has done so for a while they take no more. */
static void looked(void *data, const struct http_answer *answer)
{
    struct nginx_order *order = data;
    struct nginx_marker marker = {0};
    int64_t now_ms = loop_now_ms();
    struct err err = {0};
    bool is_new = take_marker(order, answer, &marker, &err) && marker.share == order->wanted.share &&
                  marker.mirror == order->wanted.mirror && marker.number == order->wanted.number;

    if (!is_new)
        order->settled_at_ms = 0;
    else if (order->settled_at_ms == 0)
        order->settled_at_ms = now_ms;
    if (is_new && now_ms - order->settled_at_ms >= SETTLED_MS) {
        lever_order_end(&order->head);
        return;
    }
    if (now_ms < order->deadline_ms) {
        lever_wait(&order->head, ASK_AGAIN_MS, look);
        return;
    }
    if (err.code == ERR_NONE)
        (void)err_set(&err, ERR_UNAVAILABLE, "nginx was reloaded and still serves by the file before");
    fail(order, &err);
}

static void look(void *data)
{
    ask_status(nginx_of(data), looked);
}

static void reloaded(void *data, const struct runner_outcome *outcome)
{
    struct nginx_order *order = data;
    struct err err;

    if (!lever_check_end(outcome, "the reload", &err)) {
        fail(order, &err);
        return;
    }
    order->deadline_ms = loop_now_ms() + LIVE_MS;
    look(order);
}

static void reload(struct nginx_order *order)
{
    const struct traffic *traffic = lever_traffic(&order->head);

    (void)!lever_run(&order->head, (const char *const *)traffic->reload, NULL, traffic->timeout_ms, reloaded);
}

static void tested(void *data, const struct runner_outcome *outcome)
{
    struct nginx_order *order = data;
    struct err err;

    if (!lever_check_end(outcome, "the test of nginx's configuration", &err))
        fail(order, &err);
    else if (order->head.kind == LEVER_REHEARSE)
        lever_order_end(&order->head);
    else
        reload(order);
}

static void written(void *data, const struct err *failure)
{
    struct nginx_order *order = data;
    const struct traffic *traffic = lever_traffic(&order->head);

    if (failure != NULL) {
        lever_order_fail(&order->head, failure->code, "%s: %s", order->file, failure->text);
        return;
    }
    if (order->head.kind == LEVER_SET && order->wanted.share == 0)
        reload(order);
    else
        (void)!lever_run(&order->head, (const char *const *)traffic->test, NULL, traffic->timeout_ms, tested);
}

static void asked(void *data, const struct http_answer *answer)
{
    struct nginx_order *order = data;
    struct err err;

    if (!take_marker(order, answer, &order->live, &err)) {
        lever_order_fail(&order->head, err.code, "%s", err.text);
        return;
    }
    order->is_live_known = true;
    if (order->head.kind == LEVER_READ || order->head.kind == LEVER_REHEARSE)
        order->head.share = order->live.share;
    if (order->head.kind == LEVER_READ) {
        lever_order_end(&order->head);
        return;
    }
    if (order->head.kind == LEVER_REHEARSE)
        order->wanted = order->live;
    else if (order->head.kind == LEVER_SET)
        order->live.mirror = 0; /* the copies end, also where the file is put back */
    else
        order->wanted.share = order->live.share;
    (void)!replace_file(order, &order->wanted, written);
}

static void begin(struct lever_order *head)
{
    struct nginx_order *order = nginx_of(head);

    if (head->kind != LEVER_SET || order->wanted.share != 0) {
        ask_status(order, asked);
        return;
    }
    (void)!replace_file(order, &order->wanted, written); /* without copies: they are part of the trial */
}

static void prepare(struct lever_order *head, const struct traffic_split *split)
{
    struct nginx_order *order = nginx_of(head);

    order->wanted.number = head->number;
    if (head->kind == LEVER_SET)
        order->wanted.share = head->share;
    if (head->kind == LEVER_MIRROR)
        order->wanted.mirror = head->share;
    if (head->kind == LEVER_REHEARSE)
        head->is_exclusive = true;
    if (nginx_split_init(&order->split, split->options[USE_BACKEND].text, &split->options[USE_STICKY], split,
                         &head->err) &&
        snprintf(order->file, sizeof(order->file), "%s/%s.conf", lever_traffic(head)->folder,
                 order->split.key) >= (int)sizeof(order->file))
        (void)err_set(&head->err, ERR_INVALID, "folder: its path is too long");
}

static const struct lever_type orders = {
    .size = sizeof(struct nginx_order),
    .prepare = prepare,
    .begin = begin,
};

static bool check_options(const struct option_value *options, struct err *err)
{
    if (strncmp(options[OPTION_STATUS].text, "http://", 7) != 0)
        return err_set(err, ERR_INVALID, "status: starts with http://");
    if (options[OPTION_FOLDER].text[0] != '/')
        return err_set(err, ERR_INVALID, "folder: is an absolute path");
    if (options[OPTION_TEST].list[0][0] != '/' || options[OPTION_RELOAD].list[0][0] != '/')
        return err_set(err, ERR_INVALID, "test, reload: the program is an absolute path");
    return true;
}

static bool open_traffic(const struct traffic_env *env, const char *name, const struct option_value *options,
                         struct traffic **ret_traffic, struct err *err)
{
    if (!check_options(options, err))
        return false;
    struct traffic *traffic = memory_take(sizeof(*traffic));
    lever_init(&traffic->lever, env, "nginx", name, &orders);
    traffic->status = memory_copy_text(options[OPTION_STATUS].text);
    traffic->folder = memory_copy_text(options[OPTION_FOLDER].text);
    traffic->test = lever_copy_list(&options[OPTION_TEST]);
    traffic->reload = lever_copy_list(&options[OPTION_RELOAD]);
    traffic->timeout_ms = options[OPTION_TIMEOUT].duration_ms;
    *ret_traffic = traffic;
    return true;
}

static void close_traffic(struct traffic *traffic)
{
    lever_done(&traffic->lever);
    lever_free_list(traffic->test);
    lever_free_list(traffic->reload);
    free(traffic->status);
    free(traffic->folder);
    free(traffic);
}

const struct traffic_type traffic_nginx = {
    .name = "nginx",
    .instance_options = instance_options,
    .instance_option_count = OPTION_INSTANCE_COUNT,
    .use_options = use_options,
    .use_option_count = USE_COUNT,
    .open = open_traffic,
    .close = close_traffic,
    .rehearse = lever_rehearse,
    .set = lever_set,
    .read = lever_read,
    .mirror = lever_mirror,
    .has_persisted = lever_has_persisted,
};
