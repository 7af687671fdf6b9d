/* probe.c - checks side by side, each with its attempts; the first that fails ends the run.
 * SPDX-License-Identifier: MIT */
#include "collectors/probe.h"

#include "collectors/probe_command.h"
#include "io/http_client.h"
#include "io/loop.h"
#include "io/memory.h"
#include "io/reach.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    AT_ONCE_MAX = 16,
    COMMANDS_AT_ONCE = 4, /* the runner has places for others too */
    HANDSHAKE_URL_MAX = 600,
    DAY_S = 24 * 3600
};

struct check {
    struct probe *probe;
    char *name;
    enum probe_kind kind;
    char *method;
    char *url;
    size_t header_count;
    char *header_texts[2 * PROBE_HEADERS_MAX];     /* name, value, name, value ... */
    struct http_header headers[PROBE_HEADERS_MAX]; /* of these */
    char *body;
    char *place;
    char *server_name;
    char *trust;
    struct probe_command *command;
    struct expression expectation;
    size_t extract_count;
    struct probe_extract extracts[SMOKE_EXTRACTS_MAX];
    uint16_t attempts;
    struct http_call *call;
    struct reach *reach;
    struct loop_timer *retry;
};

struct probe {
    struct loop *loop;
    struct http_client *http;
    int64_t timeout_ms;
    int64_t every_ms;
    uint16_t attempts;
    size_t started;
    size_t passed;
    size_t check_count;
    struct check *checks;
    struct loop_timer *settle;
    void (*done)(void *data, enum verdict verdict, const char *why);
    void *data;
};

static void ask(void *data);

static void drop(struct check *check)
{
    http_request_cancel(check->call);
    reach_cancel(check->reach);
    loop_timer_stop(check->retry);
    for (size_t i = 0; i < check->extract_count; i++)
        probe_extract_done(&check->extracts[i]);
    free(check->name);
    free(check->method);
    free(check->url);
    for (size_t i = 0; i < 2 * check->header_count; i++)
        free(check->header_texts[i]);
    free(check->body);
    free(check->place);
    free(check->server_name);
    free(check->trust);
    probe_command_free(check->command);
}

void probe_cancel(struct probe *probe)
{
    if (probe == NULL)
        return;
    loop_timer_stop(probe->settle);
    for (size_t i = 0; i < probe->check_count; i++)
        drop(&probe->checks[i]);
    free(probe->checks);
    free(probe);
}

/* Nothing of the probe is left when `done` is called, and no command of it goes on. */
static void end(struct probe *probe, enum verdict verdict, const char *why)
{
    void (*done)(void *data, enum verdict verdict, const char *why) = probe->done;
    void *data = probe->data;

    for (size_t i = 0; i < probe->check_count; i++)
        probe_command_stop(probe->checks[i].command);
    probe_cancel(probe);
    done(data, verdict, why);
}

static void start_next(struct probe *probe)
{
    if (probe->started < probe->check_count)
        ask(&probe->checks[probe->started++]);
}

static void pass(struct check *check)
{
    struct probe *probe = check->probe;
    char why[PROBE_WHY_MAX];

    if (++probe->passed < probe->check_count) {
        start_next(probe);
        return;
    }
    (void)snprintf(why, sizeof(why), "%zu checks as expected", probe->check_count);
    end(probe, VERDICT_PASS, why);
}

/* Once more, or that was the last attempt. */
static void miss(struct check *check, enum verdict verdict, const char *came)
{
    struct probe *probe = check->probe;
    char why[PROBE_WHY_MAX];

    if (check->attempts < probe->attempts) {
        check->retry = loop_timer_start(probe->loop, probe->every_ms, 0, ask, check);
        return;
    }
    (void)snprintf(why, sizeof(why), "%.120s: %s (attempt %u of %u)", check->name, came, check->attempts,
                   probe->attempts);
    end(probe, verdict, why);
}

static void fail(struct check *check, const char *came)
{
    miss(check, VERDICT_FAIL, came);
}

static void judge(struct check *check, const struct probe_answer *answer)
{
    double numbers[SMOKE_EXTRACTS_MAX];
    char memory[PROBE_WHY_MAX];
    struct text came;

    text_init(&came, memory, sizeof(memory));
    probe_extract_take(check->extracts, check->extract_count, answer, numbers, &came);
    if (smoke_judge(&check->expectation, numbers, (uint8_t)check->extract_count) == VERDICT_PASS)
        pass(check);
    else
        fail(check, came.data);
}

/* Of a handshake or of a request. */
static void answered(void *data, const struct http_answer *answer)
{
    struct check *check = data;

    check->call = NULL;
    if (answer->status == 0 && !answer->has_shaken_hands) {
        fail(check, answer->err.text);
        return;
    }
    const struct probe_answer came = {
        .status = answer->status,
        .time_ms = answer->time_total_ms,
        .days_left = answer->certificate_end_s == 0
                         ? NAN
                         : (double)(answer->certificate_end_s - (int64_t)time(NULL)) / DAY_S,
        .body = answer->body,
        .length = answer->length,
        .http = answer,
    };
    judge(check, &came);
}

static void reached(void *data, const struct reach_answer *answer)
{
    struct check *check = data;

    check->reach = NULL;
    if (!answer->is_reached) {
        fail(check, answer->err.text);
        return;
    }
    const struct probe_answer came = {
        .time_ms = answer->time_ms, .days_left = NAN, .body = answer->greeting, .length = answer->length};
    judge(check, &came);
}

static void ask_http(struct check *check)
{
    struct probe *probe = check->probe;
    struct http_request request = {.method = check->method,
                                   .url = check->url,
                                   .headers = check->headers,
                                   .header_count = check->header_count,
                                   .body = check->body,
                                   .body_length = check->body == NULL ? 0 : strlen(check->body),
                                   .timeout_ms = probe->timeout_ms,
                                   .answer_max = PROBE_ANSWER_MAX,
                                   .is_cut_allowed = true};

    check->call = http_request_start(probe->http, &request, answered, check);
}

/* A peer may be silent by its nature: its banner is only waited for where something is expected of it. */
static void ask_tcp(struct check *check)
{
    bool wants_banner = false;

    for (size_t i = 0; i < check->extract_count; i++)
        wants_banner |= check->extracts[i].kind == EXTRACT_BANNER_MATCHES;
    check->reach =
        reach_start(check->probe->loop, check->place, wants_banner, check->probe->timeout_ms, reached, check);
}

/* The URL says whom the certificate must be for, connect_to where that one listens. */
static void ask_tls(struct check *check)
{
    char host[REACH_HOST_MAX];
    char port[REACH_PORT_MAX] = "443";
    char url[HANDSHAKE_URL_MAX];
    bool is_renamed = check->server_name != NULL && reach_place(check->place, host, port);

    (void)snprintf(url, sizeof(url), "https://%s%s%s/", is_renamed ? check->server_name : check->place,
                   is_renamed ? ":" : "", is_renamed ? port : "");
    struct http_request request = {.url = url,
                                   .connect_to = is_renamed ? check->place : NULL,
                                   .ca_file = check->trust,
                                   .timeout_ms = check->probe->timeout_ms,
                                   .answer_max = PROBE_ANSWER_MAX,
                                   .is_handshake = true};
    check->call = http_request_start(check->probe->http, &request, answered, check);
}

static void command_told(void *data, enum probe_end how, const struct probe_answer *answer, const char *why)
{
    struct check *check = data;

    switch (how) {
    case PROBE_END_ANSWER:
        judge(check, answer);
        break;
    case PROBE_END_BAD:
        fail(check, why);
        break;
    case PROBE_END_OPEN:
        miss(check, VERDICT_INCONCLUSIVE, why);
        break;
    }
}

static void ask(void *data)
{
    struct check *check = data;

    loop_timer_stop(check->retry);
    check->retry = NULL;
    check->attempts++;
    switch (check->kind) {
    case PROBE_HTTP:
        ask_http(check);
        break;
    case PROBE_TCP:
        ask_tcp(check);
        break;
    case PROBE_TLS:
        ask_tls(check);
        break;
    case PROBE_EXEC:
        probe_command_start(check->command, check->attempts, check->probe->timeout_ms, command_told, check);
        break;
    }
}

static bool has_command(const struct probe *probe)
{
    for (size_t i = 0; i < probe->check_count; i++)
        if (probe->checks[i].command != NULL)
            return true;
    return false;
}

static void begin(void *data)
{
    struct probe *probe = data;

    loop_timer_stop(probe->settle);
    probe->settle = NULL;
    if (probe->check_count == 0) { /* nothing asked is nothing proven */
        end(probe, VERDICT_FAIL, "the smoke test has no checks");
        return;
    }
    size_t most = has_command(probe) ? COMMANDS_AT_ONCE : AT_ONCE_MAX;
    for (size_t i = 0; i < most; i++)
        start_next(probe);
}

static void copy_check(struct check *check, const struct probe_check *from)
{
    assert(from->extract_count <= SMOKE_EXTRACTS_MAX && from->header_count <= PROBE_HEADERS_MAX);
    check->name = memory_copy_text(from->name);
    check->kind = from->kind;
    check->method = memory_copy_text(from->method);
    check->url = memory_copy_text(from->url);
    check->body = memory_copy_text(from->body);
    check->place = memory_copy_text(from->place);
    check->server_name = memory_copy_text(from->server_name);
    check->trust = memory_copy_text(from->trust);
    for (size_t i = 0; i < from->header_count; i++) {
        char **texts = &check->header_texts[2 * i];
        texts[0] = memory_copy_text(from->headers[i].name);
        texts[1] = memory_copy_text(from->headers[i].value);
        check->headers[i] = (struct http_header){texts[0], texts[1]};
    }
    check->header_count = from->header_count;
    check->expectation = *from->expectation;
    for (; check->extract_count < from->extract_count; check->extract_count++)
        probe_extract_init(&check->extracts[check->extract_count], &from->extracts[check->extract_count]);
}

struct probe *probe_start(struct loop *loop, struct http_client *http, const struct probe_plan *plan,
                          void (*done)(void *data, enum verdict verdict, const char *why), void *data)
{
    struct probe *probe = memory_take(sizeof(*probe));

    assert(plan->check_count <= PROBE_CHECKS_MAX);
    probe->loop = loop;
    probe->http = http;
    probe->timeout_ms = plan->timeout_ms;
    probe->every_ms = plan->every_ms;
    probe->attempts = plan->attempts;
    probe->done = done;
    probe->data = data;
    probe->check_count = plan->check_count;
    probe->checks = memory_take_array(plan->check_count + 1, sizeof(*probe->checks));
    for (size_t i = 0; i < plan->check_count; i++) {
        probe->checks[i].probe = probe;
        copy_check(&probe->checks[i], &plan->checks[i]);
        if (plan->checks[i].kind == PROBE_EXEC)
            probe->checks[i].command = probe_command_new(loop, plan->runner, plan->checks[i].order);
    }
    probe->settle = loop_timer_start(loop, plan->settle_ms, 0, begin, probe);
    return probe;
}
