/* traffic_flagd.c - feature flags: the share of one flag's variant in a file that flagd watches.
 * SPDX-License-Identifier: MIT
 *
 * Read, change one flag, replace the file, read again. All flags of an instance share the file, so orders
 * that change it go one after the other. See README.md. */
#include "base/text.h"
#include "drivers/flag_document.h"
#include "drivers/lever.h"
#include "io/file_reading.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_FILE, OPTION_INSTANCE_COUNT };
enum { USE_FLAG, USE_ON, USE_OFF, USE_COUNT };
enum { NAME_SIZE = 128 };

struct traffic {
    struct lever lever;
    char *file;
};

struct flag_order {
    struct lever_order head;
    char flag[NAME_SIZE], on[NAME_SIZE], off[NAME_SIZE];
    bool is_off; /* the candidate's variant is `off` */
    bool is_written;
    struct file_reading *reading;
};

static const struct option instance_options[OPTION_INSTANCE_COUNT] = {
    [OPTION_FILE] = {.name = "file",
                     .type = OPTION_TEXT,
                     .is_required = true,
                     .help = "flagd's JSON file; verdictd reads it, the runner may write it"},
};

static const struct option use_options[USE_COUNT] = {
    [USE_FLAG] = {.name = "flag", .type = OPTION_TEXT, .is_required = true, .help = "key of the flag"},
    [USE_ON] = {.name = "on",
                .type = OPTION_TEXT,
                .fallback = "on",
                .help = "variant of the second slot, or of the only one"},
    [USE_OFF] = {.name = "off", .type = OPTION_TEXT, .fallback = "off", .help = "variant of the first slot"},
};

static struct flag_order *flag_of(void *data)
{
    return data;
}

static const char *file_of(const struct flag_order *order)
{
    return lever_traffic(&order->head)->file;
}

static void end(struct flag_order *order, const struct err *err)
{
    if (order->head.err.code == ERR_NONE)
        order->head.err = *err;
    lever_order_end(&order->head);
}

/* What is asked for, as the share of `on`; and back. */
static uint16_t turned(const struct flag_order *order, uint16_t share)
{
    return (uint16_t)(order->is_off ? LEVER_SHARE_MAX - share : share);
}

static void start_reading(struct flag_order *order);

static void written(void *data, const struct err *failure)
{
    struct flag_order *order = data;

    order->head.must_be_awaited = false;
    if (failure != NULL || order->head.err.code != ERR_NONE || order->head.kind == LEVER_REHEARSE) {
        end(order, failure != NULL ? failure : &order->head.err);
        return;
    }
    order->is_written = true;
    start_reading(order);
}

static void replace(struct flag_order *order, const char *bytes, size_t length)
{
    order->head.must_be_awaited = true;
    (void)!lever_write(&order->head, file_of(order), bytes, length, written);
}

static bool check_end(const struct flag_order *order, uint16_t share, struct err *err)
{
    return share == order->head.share || err_set(err, ERR_UNAVAILABLE, "asked for %.2f %%, read back %.2f %%",
                                                 order->head.share / 100.0, share / 100.0);
}

/* A foreign targeting is the operator's, and stays; but nothing keeps from going back. */
static bool change(const struct flag_order *order, cJSON *root, uint16_t *ret_share, struct err *err)
{
    const struct flag_names names = {order->flag, order->on, order->off};

    if (!flag_document_read(root, &names, ret_share, err) &&
        (order->head.kind != LEVER_SET || order->is_written || order->head.share > 0 ||
         err->code != ERR_INVALID))
        return false;
    *err = (struct err){0};
    if (order->head.kind == LEVER_SET && !order->is_written)
        return flag_document_set(root, &names, turned(order, order->head.share), err);
    *ret_share = turned(order, *ret_share);
    return order->head.kind != LEVER_SET || check_end(order, *ret_share, err);
}

static void take(struct flag_order *order, const char *bytes, size_t length, cJSON *root, uint16_t share)
{
    struct err err = {0};

    if (order->head.kind == LEVER_SET && !order->is_written) {
        char *text = json_print_pretty(root);
        replace(order, text, strlen(text));
        free(text);
        return;
    }
    if (order->head.kind != LEVER_SET)
        order->head.share = share;
    if (order->head.kind == LEVER_REHEARSE)
        replace(order, bytes, length); /* as it is: the runner may */
    else
        end(order, &err);
}

static void read_done(void *data, const char *bytes, size_t length, const struct err *failure)
{
    struct flag_order *order = data;
    CLEANUP(json_free_at) cJSON *root = NULL;
    uint16_t share = 0;
    struct err err;

    order->reading = NULL;
    if (failure != NULL) {
        end(order, failure);
        return;
    }
    err = (struct err){0};
    if (!json_parse(bytes, length, NULL, &root, &err) || !change(order, root, &share, &err)) {
        (void)err_wrap(&err, "%s", file_of(order));
        end(order, &err);
        return;
    }
    take(order, bytes, length, root, share);
}

static void start_reading(struct flag_order *order)
{
    order->reading =
        file_reading_start(order->head.lever->env.loop, file_of(order), RUNNER_CONTENT_MAX, read_done, order);
}

static void begin(struct lever_order *head)
{
    start_reading(flag_of(head));
}

static void drop(struct lever_order *head)
{
    struct flag_order *order = flag_of(head);

    file_reading_cancel(order->reading);
    order->reading = NULL;
}

static void prepare(struct lever_order *head, const struct traffic_split *split)
{
    struct flag_order *order = flag_of(head);

    head->is_exclusive = head->kind != LEVER_READ;
    order->is_off = !head->is_single && split->candidate == 0;
    head->is_single = false; /* the flag is what moves, whoever serves */
    if (!text_copy(order->flag, sizeof(order->flag), split->options[USE_FLAG].text) ||
        !text_copy(order->on, sizeof(order->on), split->options[USE_ON].text) ||
        !text_copy(order->off, sizeof(order->off), split->options[USE_OFF].text))
        (void)err_set(&head->err, ERR_INVALID, "flag, on, off: at most %d bytes", NAME_SIZE - 1);
    else if (split->slot_count > 2 || strcmp(order->on, order->off) == 0)
        (void)err_set(&head->err, ERR_INVALID, "a flag splits between two slots, of two variants");
}

static const struct lever_type orders = {
    .size = sizeof(struct flag_order), .prepare = prepare, .begin = begin, .drop = drop};

static bool open_traffic(const struct traffic_env *env, const char *name, const struct option_value *options,
                         struct traffic **ret_traffic, struct err *err)
{
    if (options[OPTION_FILE].text[0] != '/')
        return err_set(err, ERR_INVALID, "file: is an absolute path");
    struct traffic *traffic = memory_take(sizeof(*traffic));
    lever_init(&traffic->lever, env, "flagd", name, &orders);
    traffic->lever.is_one_at_a_time = true;
    traffic->file = memory_copy_text(options[OPTION_FILE].text);
    *ret_traffic = traffic;
    return true;
}

static void close_traffic(struct traffic *traffic)
{
    lever_done(&traffic->lever);
    free(traffic->file);
    free(traffic);
}

const struct traffic_type traffic_flagd = {
    .name = "flagd",
    .instance_options = instance_options,
    .instance_option_count = OPTION_INSTANCE_COUNT,
    .use_options = use_options,
    .use_option_count = USE_COUNT,
    .open = open_traffic,
    .close = close_traffic,
    .rehearse = lever_rehearse,
    .set = lever_set,
    .read = lever_read,
    .has_persisted = lever_has_persisted, /* The file is all there is. */
};
