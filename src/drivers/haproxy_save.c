/* haproxy_save.c - dump, write, note which splits are safe now.
 * SPDX-License-Identifier: MIT */
#include "drivers/haproxy_save.h"

#include "drivers/haproxy_text.h"
#include "io/exchange.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/memory.h"
#include "io/runner_client.h"

#include <stdlib.h>

enum { FILE_SIZE = RUNNER_CONTENT_MAX + 1, FILE_MODE = 0644, AGAIN_MS = 5000, COMMAND_SIZE = 2048 };

static void start(void *data);

static const char *file_of(const struct traffic *traffic)
{
    return traffic->map != NULL ? traffic->map : traffic->state_file;
}

static void end(struct traffic *traffic, const struct err *failure)
{
    struct haproxy_saver *saver = &traffic->saver;

    saver->is_busy = false;
    if (failure != NULL && !saver->is_failing)
        log_say(traffic->env.log, LOG_LEVEL_WARN,
                "haproxy:%s: %s is not written, a reload of HAProxy would change the traffic: %s",
                traffic->name, file_of(traffic), failure->text);
    saver->is_failing = failure != NULL;
    if (failure != NULL)
        saver->socket = (saver->socket + 1) % traffic->socket_count;
    if (saver->is_wanted)
        start(traffic);
    else if (failure != NULL)
        loop_timer_move(saver->again, AGAIN_MS);
}

static void written(void *data, const struct err *failure)
{
    struct traffic *traffic = data;

    for (struct haproxy_lane *lane = traffic->lanes; lane != NULL; lane = lane->next) {
        lane->is_saved = lane->is_saved || (failure == NULL && lane->is_saving);
        lane->is_saving = false;
    }
    end(traffic, failure);
}

static void note_lanes(struct traffic *traffic, const char *dump)
{
    for (struct haproxy_lane *lane = traffic->lanes; lane != NULL; lane = lane->next) {
        uint16_t share = 0;
        struct err err;
        lane->is_saving = lane->is_confirmed &&
                          haproxy_split_read(&lane->split, dump, lane->share, &share, &err) &&
                          share == lane->share && haproxy_split_testers_fit(&lane->split, dump);
    }
}

static bool write_dump(struct traffic *traffic, const char *dump, struct text *content, struct err *err)
{
    bool is_dump = haproxy_is_complete(dump) && (traffic->map != NULL ? haproxy_map_file(dump, content)
                                                                      : haproxy_state_file(dump, content));

    if (!is_dump)
        return err_set(err, ERR_PROTOCOL, "HAProxy's dump is not understood");
    if (content->is_cut)
        return err_set(err, ERR_LIMIT, "it is longer than %d bytes", RUNNER_CONTENT_MAX);
    note_lanes(traffic, dump);
    return runner_write_file(traffic->env.runner, file_of(traffic), FILE_MODE, content->data, content->length,
                             written, traffic, err);
}

static void dumped(void *data, const struct exchange_answer *answer)
{
    struct traffic *traffic = data;
    char *memory = memory_take(FILE_SIZE);
    struct err err = answer->err;
    struct text content;

    traffic->saver.exchange = NULL;
    text_init(&content, memory, FILE_SIZE);
    if (!answer->is_complete || !write_dump(traffic, answer->bytes, &content, &err))
        end(traffic, &err);
    free(memory);
}

static void start(void *data)
{
    struct traffic *traffic = data;
    struct haproxy_saver *saver = &traffic->saver;
    char memory[COMMAND_SIZE];
    struct text command;

    text_init(&command, memory, sizeof(memory));
    if (traffic->map != NULL)
        text_add(&command, "show map %s\n", traffic->map);
    else
        text_add(&command, "show servers state\n");
    saver->is_busy = true;
    saver->is_wanted = false;
    loop_timer_pause(saver->again);
    saver->exchange =
        exchange_start(traffic->env.loop, traffic->sockets[saver->socket], memory, command.length,
                       HAPROXY_ANSWER_MAX, HAPROXY_EXCHANGE_MS, dumped, traffic);
}

void haproxy_save(struct traffic *traffic, size_t socket)
{
    struct haproxy_saver *saver = &traffic->saver;

    if (file_of(traffic) == NULL || traffic->env.runner == NULL)
        return;
    if (saver->again == NULL) {
        saver->again = loop_timer_start(traffic->env.loop, AGAIN_MS, 0, start, traffic);
        loop_timer_pause(saver->again);
    }
    saver->socket = socket;
    saver->is_wanted = true;
    if (!saver->is_busy)
        start(traffic);
}

void haproxy_save_drop(struct traffic *traffic)
{
    exchange_cancel(traffic->saver.exchange);
    loop_timer_stop(traffic->saver.again);
    if (traffic->env.runner != NULL)
        runner_forget(traffic->env.runner, traffic);
}
