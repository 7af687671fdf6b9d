/* notifier_bench.c - see notifier_bench.h.
 * SPDX-License-Identifier: MIT */
#include "support/notifier_bench.h"

#include "support/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 16, LIST_MAX = 8, MEMORY = 16384, BODY_MAX = 32 * 1024, REFERENCES = 4 };

static struct peer peer;
static struct folder peer_folder;
static size_t seen_length; /* of what it kept */

int notifier_bench_start_peer(void **state)
{
    char kept[FOLDER_PATH_MAX];

    (void)state;
    peer_folder = folder_make();
    char *argv[] = {"/usr/bin/python3", "tests/support/notice_peer.py",
                    folder_path(&peer_folder, "kept", kept), NULL};
    return peer_start(&peer, argv) ? 0 : -1;
}

int notifier_bench_stop_peer(void **state)
{
    (void)state;
    peer_stop(&peer);
    folder_remove(&peer_folder);
    return 0;
}

int notifier_bench_set_up(void **state)
{
    static const struct http_client_limits limits = {.in_flight_max = 4, .queue_max = 16, .per_host_max = 4};
    struct notifier_bench *bench = calloc(1, sizeof(*bench));
    struct err err;

    assert_non_null(bench);
    bench->folder = folder_make();
    folder_write(&bench->folder, "key", NOTIFIER_BENCH_KEY "\n");
    folder_write(&peer_folder, "kept", "");
    seen_length = 0;
    bench->loop = loop_new();
    if (!http_client_new(bench->loop, &limits, &bench->http, &err))
        fail_msg("%s", err.text);
    *state = bench;
    return 0;
}

static void close_notifier(struct notifier_bench *bench)
{
    if (bench->notifier != NULL)
        bench->type->close(bench->notifier);
    bench->notifier = NULL;
}

int notifier_bench_tear_down(void **state)
{
    struct notifier_bench *bench = *state;

    close_notifier(bench);
    http_client_free(bench->http);
    loop_free(bench->loop);
    folder_remove(&bench->folder);
    free(bench);
    return 0;
}

static char *next_text(void)
{
    static char texts[REFERENCES][FOLDER_PATH_MAX + NOTIFIER_BENCH_URL_MAX];
    static size_t at;

    at = (at + 1) % REFERENCES;
    return texts[at];
}

const char *notifier_bench_reference(struct notifier_bench *bench, const char *file)
{
    char path[FOLDER_PATH_MAX];
    char *text = next_text();

    (void)snprintf(text, FOLDER_PATH_MAX + NOTIFIER_BENCH_URL_MAX, "file:%s",
                   folder_path(&bench->folder, file, path));
    return text;
}

const char *notifier_bench_url(const char *path)
{
    char *text = next_text();

    (void)snprintf(text, FOLDER_PATH_MAX + NOTIFIER_BENCH_URL_MAX, "http://127.0.0.1:%s%s", peer.line, path);
    return text;
}

/* "a,b": a list, or a map of one pair. */
static struct option_value list_of(const char *text, struct arena *arena)
{
    const char **list = arena_take_array(arena, LIST_MAX, sizeof(*list));
    struct option_value value = {.is_set = true, .list = list};

    for (size_t length = 0; *text != '\0'; text += length + (text[length] == ',')) {
        length = strcspn(text, ",");
        assert_true(value.list_length < LIST_MAX);
        char *copy = arena_take(arena, length + 1);
        (void)snprintf(copy, length + 1, "%.*s", (int)length, text);
        list[value.list_length++] = copy;
    }
    return value;
}

bool notifier_bench_try_open(struct notifier_bench *bench, const struct notifier_type *type,
                             const char *const *options, struct err *err)
{
    const struct notifier_env env = {.loop = bench->loop, .http = bench->http};
    struct option_value values[OPTIONS_MAX] = {{0}};
    char memory[MEMORY];
    struct arena arena;

    close_notifier(bench);
    bench->type = type;
    assert_true(bench->type->option_count <= OPTIONS_MAX);
    arena_init(&arena, memory, sizeof(memory));
    for (size_t i = 0; options[i] != NULL; i += 2) {
        size_t at = option_find(bench->type->options, bench->type->option_count, options[i]);
        assert_true(at < bench->type->option_count);
        enum option_type type_of = bench->type->options[at].type;
        if (type_of == OPTION_LIST || type_of == OPTION_MAP)
            values[at] = list_of(options[i + 1], &arena);
        else if (!option_parse(&bench->type->options[at], options[i + 1], &arena, &values[at], err))
            return false;
    }
    return option_complete(bench->type->options, bench->type->option_count, &arena, values, err) &&
           bench->type->open(bench->type, &env, "desk", values, &bench->notifier, err);
}

void notifier_bench_open(struct notifier_bench *bench, const struct notifier_type *type,
                         const char *const *options)
{
    struct err err = {0};

    if (!notifier_bench_try_open(bench, type, options, &err))
        fail_msg("%s", err.text);
}

const char *notifier_bench_body(const char *event, const char *more)
{
    static char body[BODY_MAX];

    (void)snprintf(
        body, sizeof(body),
        "{\"specversion\":\"1.0\",\"id\":\"msg_1\",\"source\":\"/verdict/test\",\"type\":\"verdict."
        "deployment.%s\",\"time\":\"2026-11-26T16:00:00Z\",\"datacontenttype\":\"application/"
        "json\",\"subject\":\"shop/prod\",\"data\":{%s\"deployment\":\"dep_7\",\"event\":\"%s\","
        "\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"3.0.0\",\"previous\":\"2.0."
        "0\",\"state\":\"running\",\"ending\":\"none\",\"step\":4,\"share\":5,\"actor\":\"ci\","
        "\"reason\":\"\",\"summary\":\"shop/prod 3.0.0: %s\",\"evidence\":\"verdict get dep_7\","
        "\"link\":\"https://verdict.example/v1/deployments/dep_7\"}}",
        event, more, event, event);
    return body;
}

static void note(void *data, enum notice_fate fate, int64_t retry_after_ms, const char *why)
{
    struct notifier_told *told = data;

    told->is_there = true;
    told->count++;
    told->fate = fate;
    told->retry_after_ms = retry_after_ms;
    (void)snprintf(told->why, sizeof(told->why), "%s", why);
}

struct notifier_told notifier_bench_send(struct notifier_bench *bench, const char *body)
{
    const struct notice notice = {.id = "msg_1", .body = body};
    struct notifier_told told = {0};

    bench->type->send(bench->notifier, &notice, note, &told);
    assert_int_equal(told.count, 0); /* never inside the call */
    assert_true(loop_run_until(bench->loop, &told.is_there, NOTIFIER_BENCH_PATIENCE_MS));
    assert_int_equal(told.count, 1);
    assert_null(strstr(told.why, NOTIFIER_BENCH_KEY));
    return told;
}

void notifier_bench_expect(struct notifier_bench *bench, const char *body, enum notice_fate fate,
                           int64_t retry_after_ms, const char *part)
{
    struct notifier_told told = notifier_bench_send(bench, body);

    if (told.fate != fate || told.retry_after_ms != retry_after_ms || strstr(told.why, part) == NULL)
        fail_msg("%d, after %d ms: %s", (int)told.fate, (int)told.retry_after_ms, told.why);
}

const char *notifier_bench_kept(void)
{
    static char kept[NOTIFIER_BENCH_KEPT_MAX];
    size_t seen = seen_length;

    seen_length = folder_read(&peer_folder, "kept", kept, sizeof(kept));
    return kept + seen;
}

void notifier_bench_has(const char *kept, const char *const *parts)
{
    for (size_t i = 0; parts[i] != NULL; i++)
        if (strstr(kept, parts[i]) == NULL)
            fail_msg("no %s in %s", parts[i], kept);
}
