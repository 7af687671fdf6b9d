/* lever_bench.c - levers opened by the names of their options, and their ends awaited.
 * SPDX-License-Identifier: MIT */
#include "support/lever_bench.h"

#include "base/text.h"
#include "io/http_client.h"
#include "io/loop.h"
#include "io/runner_client.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { CONFIG_MAX = 4096, PAUSE_MS = 5 };

struct lever_bench *lever_bench_new(const struct traffic_type *const *types)
{
    static const struct http_client_limits limits = {.in_flight_max = 8, .queue_max = 32};
    struct lever_bench *bench = calloc(1, sizeof(*bench));
    char path[BENCH_PATH_MAX];

    assert_non_null(bench);
    bench->types = types;
    bench->runner = bench_new();
    bench_write(bench->runner, "lever.log", "", 0600);
    int log = open(bench_path(bench->runner, "lever.log", path), O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(log >= 0);
    log_init(&bench->log, LOG_LEVEL_INFO, log);
    bench->loop = loop_new();
    assert_true(http_client_new(bench->loop, &limits, &bench->http, NULL));
    assert_true(runner_client_new(bench->loop, bench->runner->socket, &bench->client, NULL));
    arena_init(&bench->arena, bench->memory, sizeof(bench->memory));
    return bench;
}

void lever_bench_close(struct lever_bench *bench)
{
    if (bench->traffic != NULL)
        bench->type->close(bench->traffic);
    bench->traffic = NULL;
}

void lever_bench_free(struct lever_bench *bench)
{
    lever_bench_close(bench);
    runner_client_free(bench->client);
    http_client_free(bench->http);
    loop_free(bench->loop);
    (void)close(bench->log.fd);
    bench_free(bench->runner);
    free(bench);
}

void lever_bench_start_runner(struct lever_bench *bench, const char *allow, const char *const *names)
{
    char memory[CONFIG_MAX];
    char path[BENCH_PATH_MAX];
    struct text config;

    text_init(&config, memory, sizeof(memory));
    text_add(&config, "allow = ( %s );\nwrite = [", allow);
    for (size_t i = 0; names[i] != NULL; i++)
        text_add(&config, "%s \"%s\"", i == 0 ? "" : ",", bench_path(bench->runner, names[i], path));
    text_add(&config, " ];\nenvironment = [ \"PATH=/usr/bin:/bin\", \"%s\" ];\n",
             bench->runner->folder_pair + strlen("VERDICT_"));
    assert_false(config.is_cut);
    bench_write(bench->runner, "runner.conf", memory, 0600);
    runner_bench_start(bench->runner);
}

static const struct traffic_type *find_type(const struct traffic_type *const *types, const char *kind)
{
    for (size_t i = 0; types[i] != NULL; i++)
        if (strcmp(types[i]->name, kind) == 0)
            return types[i];
    fail_msg("there is no lever \"%s\"", kind);
    return NULL;
}

static void take_list(struct lever_bench *bench, const char *text, struct option_value *ret_value)
{
    const char **list = arena_take_array(&bench->arena, strlen(text) + 1, sizeof(*list));
    struct option_value value = {.is_set = true, .list = list};

    assert_non_null(list);
    for (const char *at = text; *at != '\0'; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        char *word = arena_take_array(&bench->arena, length + 1, 1);
        assert_non_null(word);
        memcpy(word, at, length);
        word[length] = '\0';
        list[value.list_length++] = word;
        at += length;
    }
    *ret_value = value;
}

static void take_options(struct lever_bench *bench, const struct option *table, size_t count,
                         const struct lever_bench_option *options, struct option_value *values)
{
    struct err err;

    for (size_t i = 0; options != NULL && options[i].name != NULL; i++) {
        size_t at = option_find(table, count, options[i].name);
        if (at == count)
            fail_msg("there is no option %s", options[i].name);
        if (table[at].type == OPTION_LIST)
            take_list(bench, options[i].text, &values[at]);
        else if (!option_parse(&table[at], options[i].text, &bench->arena, &values[at], &err))
            fail_msg("%s", err.text);
    }
    if (!option_complete(table, count, &bench->arena, values, &err))
        fail_msg("%s", err.text);
}

bool lever_bench_try_open(struct lever_bench *bench, const char *kind,
                          const struct lever_bench_option *options, struct err *err)
{
    struct option_value values[LEVER_BENCH_OPTIONS_MAX] = {{0}};
    struct traffic_env env = {
        .loop = bench->loop, .log = &bench->log, .runner = bench->client, .http = bench->http};

    bench->type = find_type(bench->types, kind);
    assert_true(bench->type->instance_option_count <= LEVER_BENCH_OPTIONS_MAX);
    take_options(bench, bench->type->instance_options, bench->type->instance_option_count, options, values);
    return bench->type->open(&env, "edge", values, &bench->traffic, err);
}

void lever_bench_open(struct lever_bench *bench, const char *kind, const struct lever_bench_option *options)
{
    struct err err;

    if (!lever_bench_try_open(bench, kind, options, &err))
        fail_msg("%s", err.text);
}

struct traffic_split lever_bench_split(struct lever_bench *bench, uint8_t candidate,
                                       const struct lever_bench_option *options)
{
    static const char *const names[] = {"blue", "green"};
    static const char *const blue[] = {"b1", "b2"};
    static const char *const green[] = {"g1"};
    static const char *const *const servers[] = {blue, green};
    static const size_t counts[] = {2, 1};

    memset(bench->use, 0, sizeof(bench->use));
    assert_true(bench->type->use_option_count <= LEVER_BENCH_OPTIONS_MAX);
    take_options(bench, bench->type->use_options, bench->type->use_option_count, options, bench->use);
    return (struct traffic_split){.service = "shop",
                                  .environment = "prod",
                                  .options = bench->use,
                                  .slot_count = 2,
                                  .slot_names = names,
                                  .slot_servers = servers,
                                  .slot_server_counts = counts,
                                  .candidate = candidate,
                                  .stable = !candidate};
}

void lever_bench_note(void *data, bool is_done, bool is_final, uint16_t share, const char *why)
{
    struct lever_told *told = data;

    told->is_there = true;
    told->count++;
    told->is_done = is_done;
    told->is_final = is_final;
    told->share = share;
    (void)snprintf(told->why, sizeof(told->why), "%s", why);
}

void lever_bench_set(struct lever_bench *bench, const struct traffic_split *split, uint64_t number,
                     uint16_t share, struct lever_told *told)
{
    *told = (struct lever_told){.share = UINT16_MAX};
    bench->type->set(bench->traffic, split, number, share, lever_bench_note, told);
    assert_int_equal(told->count, 0); /* never inside the call */
}

void lever_bench_await(struct lever_bench *bench, const struct lever_told *told)
{
    assert_true(loop_run_until(bench->loop, &told->is_there, LEVER_BENCH_WAIT_MS));
    assert_int_equal(told->count, 1);
}

struct lever_told lever_bench_set_now(struct lever_bench *bench, const struct traffic_split *split,
                                      uint64_t number, uint16_t share)
{
    struct lever_told told;

    lever_bench_set(bench, split, number, share, &told);
    lever_bench_await(bench, &told);
    return told;
}

struct lever_told lever_bench_mirror(struct lever_bench *bench, const struct traffic_split *split,
                                     uint64_t number, uint16_t share)
{
    struct lever_told told = {.share = UINT16_MAX};

    assert_non_null(bench->type->mirror);
    bench->type->mirror(bench->traffic, split, number, share, lever_bench_note, &told);
    assert_int_equal(told.count, 0);
    lever_bench_await(bench, &told);
    return told;
}

struct lever_told lever_bench_read(struct lever_bench *bench, const struct traffic_split *split)
{
    struct lever_told told = {.share = UINT16_MAX};

    bench->type->read(bench->traffic, split, lever_bench_note, &told);
    assert_int_equal(told.count, 0);
    lever_bench_await(bench, &told);
    return told;
}

struct lever_told lever_bench_rehearse(struct lever_bench *bench, const struct traffic_split *split)
{
    struct lever_told told = {.share = UINT16_MAX};

    bench->type->rehearse(bench->traffic, split, lever_bench_note, &told);
    assert_int_equal(told.count, 0);
    lever_bench_await(bench, &told);
    return told;
}

void lever_bench_expect_done(const struct lever_told *told, uint16_t share)
{
    if (!told->is_done)
        fail_msg("%s", told->why);
    assert_string_equal(told->why, "");
    assert_int_equal(told->share, share);
}

void lever_bench_expect_failed(const struct lever_told *told, bool is_final, const char *part)
{
    assert_false(told->is_done);
    if (strstr(told->why, part) == NULL || told->is_final != is_final)
        fail_msg("\"%s\" (%s), not \"%s\"", told->why, told->is_final ? "final" : "again", part);
}

void lever_bench_turn(struct lever_bench *bench, int64_t until_ms)
{
    const bool never = false;

    assert_true(bench_now_ms() < until_ms);
    assert_false(loop_run_until(bench->loop, &never, PAUSE_MS));
}
