/* fuzz_printed.c - libFuzzer: any bytes as what a command printed: values of a metric, an answer of a smoke
 * test, hosts, why terraform ended; and what must not be shown of it.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "collectors/command_series.h"
#include "collectors/probe_extract.h"
#include "config/hosts_from.h"
#include "iac/complaint.h"
#include "iac/printed_state.h"
#include "io/memory.h"
#include "io/redaction.h"
#include "store/stack_facts.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WALL_MS INT64_C(1700000000000)

enum { NUMBER, JSON, INFLUX, OPENMETRICS, WORDS_SIZE = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool is_so)
{
    if (!is_so)
        abort();
}

/* ---- a metric ---- */

static enum series_answer put_gauge(void *data, int64_t at_ms, double value)
{
    (void)data;
    (void)at_ms;
    must(isfinite(value));
    return SERIES_TAKEN;
}

static enum series_answer put_count(void *data, int64_t at_ms, double events, double total)
{
    (void)data;
    (void)at_ms;
    must(events >= 0 && total >= 0);
    return SERIES_TAKEN;
}

static enum series_answer put_histogram(void *data, int64_t at_ms, const double *bounds, const double *counts,
                                        size_t count)
{
    (void)data;
    (void)at_ms;
    must(count >= 1 && bounds[count - 1] == INFINITY);
    for (size_t i = 0; i < count; i++)
        must(counts[i] >= 0 && (i == 0 || bounds[i] > bounds[i - 1]));
    return SERIES_TAKEN;
}

static void put_trouble(void *data, enum series_trouble trouble, const char *why)
{
    (void)data;
    must(trouble != SERIES_FINE && why[0] != '\0');
}

static const struct {
    enum series_kind kind;
    unsigned decoder;
    const char *value, *events, *total, *buckets;
} metrics[] = {
    {SERIES_GAUGE, NUMBER, NULL, NULL, NULL, NULL},
    {SERIES_GAUGE, JSON, ".a[0].x", NULL, NULL, NULL},
    {SERIES_COUNT, JSON, NULL, ".e", ".t", NULL},
    {SERIES_GAUGE, INFLUX, "a.b{c!='d'}", NULL, NULL, NULL},
    {SERIES_COUNT, OPENMETRICS, NULL, "a{b='c'}", "a", NULL},
    {SERIES_HISTOGRAM, OPENMETRICS, NULL, NULL, NULL, "h_bucket"},
};

static void read_metrics(const char *output, size_t size)
{
    static const char *const exec[] = {"/bin/a"};

    for (size_t i = 0; i < ARRAY_LENGTH(metrics); i++) {
        struct option_value options[COMMAND_OPTION_COUNT] = {
            [QUERY_VALUE].text = metrics[i].value,
            [QUERY_EVENTS].text = metrics[i].events,
            [QUERY_TOTAL].text = metrics[i].total,
            [QUERY_BUCKETS].text = metrics[i].buckets,
            [COMMAND_DECODER] = {.is_set = true, .choice = metrics[i].decoder},
            [COMMAND_EXEC] = {.is_set = true, .list = exec, .list_length = 1}};
        const struct collector_series what = {
            .metric = "m",
            .kind = metrics[i].kind,
            .every_ms = 5000,
            .options = options,
            .sink = {
                .gauge = put_gauge, .count = put_count, .histogram = put_histogram, .trouble = put_trouble}};
        struct command_series *series = NULL;

        must(command_series_new(&what, &series, NULL));
        for (int64_t poll = 0; poll < 2; poll++) /* the second time nothing is new */
            command_series_take(series, output, size, 1000 + poll * 5000, WALL_MS + poll * 5000);
        command_series_free(series);
    }
}

/* ---- a smoke test ---- */

static const struct smoke_extract extracts[] = {
    {.kind = EXTRACT_STATUS},
    {.kind = EXTRACT_JSON_NUMBER, .path = ".a.b"},
    {.kind = EXTRACT_JSON_EQUALS, .path = ".s", .text = "up"},
    {.kind = EXTRACT_HEADER_EQUALS, .path = "X-Version", .text = "2"},
    {.kind = EXTRACT_BODY_MATCHES, .path = "\"s\": *(a+)+\"up\""},
    {.kind = EXTRACT_OUTPUT_MATCHES, .path = "^ok"},
};

/* An empty line ends the headers. Each number is one or unknown, and the same when it is asked again. */
static void read_answer(char *text, size_t size)
{
    char *blank = strstr(text, "\n\n");
    struct http_answer http = {.status = 200, .headers = text, .body = ""};
    struct probe_extract taken[ARRAY_LENGTH(extracts)];
    double numbers[2][ARRAY_LENGTH(extracts)];
    char memory[WORDS_SIZE];
    char header[64];
    struct text words;
    int64_t time = 0;

    if (blank == NULL)
        return;
    blank[1] = '\0';
    http.body = blank + 2;
    http.length = size - (size_t)(http.body - text);
    const struct probe_answer answer = {
        .status = 200, .days_left = NAN, .body = http.body, .length = http.length, .http = &http};
    for (size_t i = 0; i < ARRAY_LENGTH(extracts); i++)
        probe_extract_init(&taken[i], &extracts[i]);
    for (size_t times = 0; times < 2; times++) {
        text_init(&words, memory, sizeof(memory));
        probe_extract_take(taken, ARRAY_LENGTH(extracts), &answer, numbers[times], &words);
        must(strlen(memory) == words.length);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(extracts); i++) {
        must(isnan(numbers[0][i]) ? isnan(numbers[1][i]) : numbers[0][i] == numbers[1][i]);
        probe_extract_done(&taken[i]);
    }
    must(!http_answer_header(&http, "X-Version", header, sizeof(header)) || strlen(header) < sizeof(header));
    (void)!http_answer_date(&http, &time);
    must(!http_answer_retry_after(&http, &time) || time >= 0);
    blank[1] = '\n';
}

/* ---- words ---- */

static void check_one_line(const char *text, size_t size)
{
    must(strlen(text) < size && strchr(text, '\n') == NULL);
}

static void read_complaint(const char *text, size_t size)
{
    struct complaint_holder holder;
    char why[COMPLAINT_SIZE];
    char lock[COMPLAINT_FIELD_SIZE];
    const char *state = NULL;
    size_t length = 0;

    (void)complaint_read(text);
    (void)complaint_is_of_state_alone(text);
    complaint_holder(text, &holder);
    check_one_line(holder.id, sizeof(holder.id));
    check_one_line(holder.who, sizeof(holder.who));
    complaint_error(text, why);
    check_one_line(why, sizeof(why));
    if (complaint_lock(text, lock))
        check_one_line(lock, sizeof(lock));
    must(!printed_state_find(text, size, &state, &length) ||
         (state >= text && length > 0 && state + length <= text + size));
}

/* However it comes in pieces, the same is hidden. */
static void hide_state(const char *text, size_t size)
{
    char *whole = memory_copy_bytes(text, size);
    char *pieces = memory_copy_bytes(text, size);
    struct printed_state_veil of_whole = {0};
    struct printed_state_veil of_pieces = {0};
    size_t cut = size / 3;

    size_t left = printed_state_hide(&of_whole, whole, size);
    size_t kept = printed_state_hide(&of_pieces, pieces, cut);
    size_t rest = printed_state_hide(&of_pieces, pieces + cut, size - cut);
    memmove(pieces + kept, pieces + cut, rest);
    must(left <= size && left == kept + rest && memcmp(whole, pieces, left) == 0);
    must(of_whole.has_hidden == (left < size));
    free(whole);
    free(pieces);
}

/* What is kept of the facts is what is known then. */
static void read_facts(const char *printed)
{
    struct stack_facts facts;
    struct stack_facts again;
    char first[STACK_FACTS_TEXT_SIZE];
    char second[STACK_FACTS_TEXT_SIZE];

    stack_facts_clear(&facts);
    stack_facts_clear(&again);
    stack_facts_read(printed, &facts);
    stack_facts_format(&facts, first);
    stack_facts_read(first, &again);
    stack_facts_format(&again, second);
    must(strcmp(first, second) == 0);
}

static void read_hosts(const char *printed)
{
    struct err err = {0};
    char *sealed = hosts_from_seal("target: { hosts_from: { exec = [ \"/a\" ]; }; };", printed, &err);

    must(sealed != NULL || err.text[0] != '\0');
    free(sealed);
}

/* Neither whole nor in part, and what is left is no longer. */
static void hide(char *text)
{
    struct redaction *redaction = redaction_new();
    size_t length = strlen(text);

    redaction_add(redaction, "hunter22", 8);
    redaction_add(redaction, "-----BEGIN-----\nfirst-line\nlast-line\n", 37);
    redaction_apply_around(redaction, text, "\n[... ");
    must(strlen(text) <= length && strstr(text, "hunter22") == NULL && strstr(text, "first-line") == NULL);
    redaction_free(redaction);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy_bytes(bytes, size);

    read_metrics(text, size);
    read_answer(text, size);
    read_complaint(text, size);
    hide_state(text, size);
    read_hosts(text);
    read_facts(text);
    hide(text);
    free(text);
    return 0;
}
