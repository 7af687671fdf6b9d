/* lever.c - orders side by side or one after the other, and their ends.
 * SPDX-License-Identifier: MIT */
#include "drivers/lever.h"

#include "base/text.h"
#include "drivers/lever_trace.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_TRY_AGAIN = 75, SAID_MAX = 160, FILE_MODE = 0644, HEADERS_MAX = 4 };

static void begin_waiting(void *data);
static void tell_overtaken(void *data);

void lever_init(struct lever *lever, const struct traffic_env *env, const char *kind, const char *name,
                const struct lever_type *type)
{
    char memory[LEVER_KEY_SIZE];

    (void)snprintf(memory, sizeof(memory), "%s:%s", kind, name);
    lever->env = *env;
    lever->name = memory_copy_text(memory);
    lever->type = type;
}

static void forget(struct lever_order *order)
{
    struct lever *lever = order->lever;

    if (lever->env.runner != NULL)
        runner_forget(lever->env.runner, order);
    http_request_cancel(order->call);
    loop_timer_stop(order->timer);
    order->call = NULL;
    order->timer = NULL;
    if (lever->type->drop != NULL)
        lever->type->drop(order);
}

static void release(struct lever_order *order)
{
    struct lever *lever = order->lever;

    for (struct lever_order **at = &lever->orders; *at != NULL; at = &(*at)->next)
        if (*at == order) {
            *at = order->next;
            break;
        }
    forget(order);
    loop_defer_cancel(lever->env.loop, tell_overtaken, order);
    lever_trace_done(order);
    free(order);
}

void lever_done(struct lever *lever)
{
    loop_defer_cancel(lever->env.loop, begin_waiting, lever);
    while (lever->orders != NULL)
        release(lever->orders);
    while (lever->lanes != NULL) {
        struct lever_lane *lane = lever->lanes;
        lever->lanes = lane->next;
        free(lane);
    }
    free(lever->name);
}

static struct lever_lane *find_lane(const struct lever *lever, const char *key)
{
    struct lever_lane *lane = lever->lanes;

    while (lane != NULL && strcmp(lane->key, key) != 0)
        lane = lane->next;
    return lane;
}

static struct lever_lane *take_lane(struct lever *lever, const char *key)
{
    struct lever_lane *lane = find_lane(lever, key);

    if (lane != NULL)
        return lane;
    lane = memory_take(sizeof(*lane));
    (void)!text_copy(lane->key, sizeof(lane->key), key);
    lane->next = lever->lanes;
    lever->lanes = lane;
    return lane;
}

void lever_split_key(const struct traffic_split *split, char key[LEVER_KEY_SIZE])
{
    (void)snprintf(key, LEVER_KEY_SIZE, "%s/%s", split->service, split->environment);
}

static struct lever_order *new_order(struct lever *lever, enum lever_kind kind,
                                     const struct traffic_split *split, traffic_done *done, void *data)
{
    struct lever_order *order = memory_take(lever->type->size);
    struct lever_order **end = &lever->orders;
    char key[LEVER_KEY_SIZE];

    lever_split_key(split, key);
    order->lever = lever;
    order->lane = take_lane(lever, key);
    order->kind = kind;
    order->is_single = split->slot_count < 2 || split->candidate == split->stable;
    order->is_exclusive = kind == LEVER_SET || kind == LEVER_MIRROR;
    order->done = done;
    order->data = data;
    lever_trace_keep(order, &split->trace);
    while (*end != NULL)
        end = &(*end)->next;
    *end = order;
    return order;
}

static bool is_final(const struct err *err)
{
    return err->code == ERR_INVALID || err->code == ERR_NOT_FOUND || err->code == ERR_FORBIDDEN;
}

/* What `done` does may start orders or close the instance, so it comes last. `is_kept`: it lives on until
 * what it waits for has ended. */
static void tell(struct lever_order *order, bool is_kept)
{
    traffic_done *done = order->done;
    void *data = order->data;
    uint16_t share = order->share;
    bool is_good = order->err.code == ERR_NONE;
    bool is_for_good = is_final(&order->err);
    char why[TRAFFIC_WHY_MAX];
    struct text text;

    text_init(&text, why, sizeof(why));
    text_add(&text, "%s", is_good ? "" : order->err.text);
    order->is_told = true;
    if (!is_kept)
        release(order);
    done(data, is_good, is_for_good, share, why);
}

static void tell_overtaken(void *data)
{
    struct lever_order *order = data;

    tell(order, !order->is_over);
}

static void overtake(struct lever_order *order)
{
    (void)err_set(&order->err, ERR_CONFLICT, "overtaken by a newer order");
    order->is_over = !order->is_begun || !order->must_be_awaited;
    if (order->is_over)
        forget(order);
    else if (order->command[0] != '\0')
        (void)!runner_cancel(order->lever->env.runner, order->command, NULL, NULL, NULL);
    loop_defer(order->lever->env.loop, tell_overtaken, order);
}

static void take_place(struct lever_order *order)
{
    struct lever_lane *lane = order->lane;

    if (order->number < lane->number) {
        (void)err_set(&order->err, ERR_CONFLICT, "overtaken by a newer order");
        return;
    }
    lane->number = order->number;
    if (order->kind == LEVER_SET)
        lane->is_confirmed = false;
    for (struct lever_order *other = order->lever->orders; other != NULL; other = other->next)
        if (other != order && other->lane == lane && other->is_exclusive && !other->is_over &&
            other->err.code == ERR_NONE)
            overtake(other);
}

static size_t count_orders(const struct lever *lever)
{
    size_t count = 0;

    for (const struct lever_order *order = lever->orders; order != NULL; order = order->next)
        count++;
    return count;
}

/* It begins at the end of this turn, or when it may. */
static void start_order(struct lever_order *order)
{
    struct lever *lever = order->lever;
    bool is_change = order->kind == LEVER_SET || order->kind == LEVER_MIRROR;

    if (!is_change && count_orders(lever) > LEVER_ORDERS_MAX)
        (void)err_set(&order->err, ERR_LIMIT, "more than %d orders wait", LEVER_ORDERS_MAX);
    if (is_change && order->err.code == ERR_NONE && !order->is_single)
        take_place(order);
    loop_defer(lever->env.loop, begin_waiting, lever);
}

static void start(struct traffic *traffic, const struct traffic_split *split, enum lever_kind kind,
                  uint64_t number, uint16_t share, traffic_done *done, void *data)
{
    struct lever *lever = (struct lever *)traffic;
    struct lever_order *order = new_order(lever, kind, split, done, data);

    order->number = number;
    order->share = share;
    lever->type->prepare(order, split);
    start_order(order);
}

void lever_set(struct traffic *traffic, const struct traffic_split *split, uint64_t number, uint16_t share,
               traffic_done *done, void *data)
{
    start(traffic, split, LEVER_SET, number, share, done, data);
}

void lever_mirror(struct traffic *traffic, const struct traffic_split *split, uint64_t number, uint16_t share,
                  traffic_done *done, void *data)
{
    start(traffic, split, LEVER_MIRROR, number, share, done, data);
}

void lever_read(struct traffic *traffic, const struct traffic_split *split, traffic_done *done, void *data)
{
    start(traffic, split, LEVER_READ, 0, 0, done, data);
}

void lever_rehearse(struct traffic *traffic, const struct traffic_split *split, traffic_done *done,
                    void *data)
{
    start(traffic, split, LEVER_REHEARSE, 0, 0, done, data);
}

static bool is_in_the_way(const struct lever_order *other, const struct lever_order *order)
{
    return other != order && other->is_begun && !other->is_over && other->is_exclusive &&
           (order->lever->is_one_at_a_time || other->lane == order->lane);
}

static bool may_begin(const struct lever_order *order)
{
    bool is_free = order->err.code != ERR_NONE || order->is_single || !order->is_exclusive;

    if (order->is_begun || order->is_over)
        return false;
    for (const struct lever_order *other = order->lever->orders; other != NULL && !is_free;
         other = other->next)
        if (is_in_the_way(other, order))
            return false;
    return true;
}

static struct lever_order *next_to_begin(const struct lever *lever)
{
    struct lever_order *next = NULL;

    for (struct lever_order *order = lever->orders; order != NULL; order = order->next) {
        if (!may_begin(order))
            continue;
        if (order->kind == LEVER_SET && order->share == 0)
            return order;
        if (next == NULL)
            next = order;
    }
    return next;
}

/* One a turn: what is told may close the instance. */
static void begin_waiting(void *data)
{
    struct lever *lever = data;
    struct lever_order *order = next_to_begin(lever);

    if (order == NULL)
        return;
    loop_defer(lever->env.loop, begin_waiting, lever);
    order->is_begun = true;
    if (order->err.code != ERR_NONE || order->is_single)
        lever_order_end(order);
    else
        lever->type->begin(order);
}

void lever_order_end(struct lever_order *order)
{
    struct lever *lever = order->lever;
    struct lever_lane *lane = order->lane;

    order->is_over = true;
    loop_defer(lever->env.loop, begin_waiting, lever);
    if (order->is_told) {
        release(order);
        return;
    }
    if (order->kind == LEVER_SET && order->err.code == ERR_NONE && !order->is_single) {
        lane->is_confirmed = !order->is_fleeting;
        lane->share = order->share;
    }
    tell(order, false);
}

void lever_order_fail(struct lever_order *order, enum err_code code, const char *format, ...)
{
    char sentence[ERR_TEXT_MAX];
    va_list list;

    va_start(list, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, list);
    va_end(list);
    if (order->err.code == ERR_NONE)
        (void)err_set(&order->err, code, "%s", sentence);
    lever_order_end(order);
}

bool lever_has_persisted(const struct traffic *traffic, const struct traffic_split *split)
{
    char key[LEVER_KEY_SIZE];

    if (split->slot_count < 2 || split->candidate == split->stable)
        return true;
    lever_split_key(split, key);
    const struct lever_lane *lane = find_lane((const struct lever *)traffic, key);
    return lane != NULL && lane->is_confirmed;
}

/* Keys are never used twice, over restarts too: the wall clock's milliseconds and a count. */
static void make_key(struct lever *lever, char key[RUNNER_KEY_MAX])
{
    (void)snprintf(key, RUNNER_KEY_MAX, "lever-%.60s-%" PRId64 "-%" PRIu64, lever->name, clock_wall_ms(),
                   ++lever->command_count);
    for (char *at = key; *at != '\0'; at++)
        if (*at == ':')
            *at = '.';
}

static bool has_runner(struct lever_order *order)
{
    if (order->lever->env.runner != NULL)
        return true;
    lever_order_fail(order, ERR_UNAVAILABLE, "there is no verdict-runner");
    return false;
}

bool lever_run(struct lever_order *order, const char *const *argv, const char *const *environment,
               int64_t deadline_ms, runner_done *done)
{
    const char *pairs[RUNNER_ENVIRONMENT_MAX + 1] = {NULL};
    size_t count = 0;
    struct err err;

    if (!has_runner(order))
        return false;
    for (; environment != NULL && environment[count] != NULL; count++)
        pairs[count] = environment[count];
    (void)lever_trace_pairs(order, pairs + count);
    make_key(order->lever, order->command);
    const struct runner_command command = {.key = order->command,
                                           .argv = argv,
                                           .environment = pairs,
                                           .deadline_ms = deadline_ms,
                                           .start_within_ms = deadline_ms};
    if (runner_run(order->lever->env.runner, &command, done, order, &err))
        return true;
    lever_order_fail(order, err.code, "%s", err.text);
    return false;
}

bool lever_write(struct lever_order *order, const char *path, const char *content, size_t length,
                 runner_written *written)
{
    struct err err;

    if (!has_runner(order))
        return false;
    if (runner_write_file(order->lever->env.runner, path, FILE_MODE, content, length, written, order, &err))
        return true;
    lever_order_fail(order, err.code, "%s", err.text);
    return false;
}

void lever_ask(struct lever_order *order, const struct http_request *request,
               void (*answered)(void *data, const struct http_answer *answer))
{
    struct http_header headers[HEADERS_MAX + TRACE_HEADERS_MAX];
    struct http_request traced = *request;

    assert(request->header_count <= HEADERS_MAX);
    for (size_t i = 0; i < request->header_count; i++)
        headers[i] = request->headers[i];
    traced.header_count += lever_trace_headers(order, headers + traced.header_count);
    traced.headers = headers;
    order->call = http_request_start(order->lever->env.http, &traced, answered, order);
}

void lever_wait(struct lever_order *order, int64_t delay_ms, void (*fired)(void *data))
{
    loop_timer_stop(order->timer);
    order->timer = loop_timer_start(order->lever->env.loop, delay_ms, 0, fired, order);
}

/* One line of what a command printed: the one that complains, else the last. */
static void what_it_said(const char *output, char to[SAID_MAX])
{
    const char *line = strstr(output, "[emerg]");
    size_t length = strlen(output);

    while (length > 0 && output[length - 1] == '\n')
        length--;
    if (line == NULL) {
        line = output;
        for (size_t i = 0; i < length; i++)
            if (output[i] == '\n')
                line = output + i + 1;
    }
    (void)snprintf(to, SAID_MAX, "%.*s", (int)strcspn(line, "\n"), line);
}

static bool check_result(const struct runner_outcome *outcome, const char *what, struct err *err)
{
    const struct runner_result *result = &outcome->result;
    char said[SAID_MAX];

    if (result->exit_status == 0 && !result->timed_out && !result->cancelled)
        return true;
    if (result->timed_out)
        return err_set(err, ERR_UNAVAILABLE, "%s ran past its deadline", what);
    if (result->signal != 0 || result->cancelled)
        return err_set(err, ERR_UNAVAILABLE, "%s was ended by signal %d", what, result->signal);
    what_it_said(outcome->output, said);
    return err_set(err, result->exit_status == EXIT_TRY_AGAIN ? ERR_UNAVAILABLE : ERR_INVALID,
                   "%s ended with status %d: %s", what, result->exit_status, said);
}

bool lever_check_end(const struct runner_outcome *outcome, const char *what, struct err *err)
{
    switch (outcome->kind) {
    case RUNNER_ENDED:
        return check_result(outcome, what, err);
    case RUNNER_NOT_RUN:
        return err_set(err, outcome->code, "%s did not run: %s", what, outcome->reason);
    case RUNNER_UNKNOWN:
    case RUNNER_STILL_RUNS:
    case RUNNER_NEVER_RAN:
        break;
    }
    return err_set(err, ERR_UNAVAILABLE, "whether %s ran is not known: %s", what, outcome->reason);
}

bool lever_cookie(const struct option_value *sticky, const char **ret_cookie, struct err *err)
{
    const char *text = sticky->text;

    *ret_cookie = NULL;
    if (text == NULL)
        return true;
    if (strncmp(text, "cookie:", 7) != 0 || text[7] == '\0')
        return err_set(err, ERR_INVALID, "sticky: '%s' is not like \"cookie:SID\"", text);
    for (const char *at = text + 7; *at != '\0'; at++)
        if ((*at < 'a' || *at > 'z') && (*at < 'A' || *at > 'Z') && (*at < '0' || *at > '9') && *at != '_')
            return err_set(err, ERR_INVALID, "sticky: a cookie's name has letters, digits and _ only");
    *ret_cookie = text + 7;
    return true;
}

char **lever_copy_list(const struct option_value *value)
{
    char **list = memory_take_array(value->list_length + 1, sizeof(*list));

    for (size_t i = 0; i < value->list_length; i++)
        list[i] = memory_copy_text(value->list[i]);
    return list;
}

void lever_free_list(char **list)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++)
        free(list[i]);
    free(list);
}
