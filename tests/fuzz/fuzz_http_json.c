/* fuzz_http_json.c - libFuzzer: any bytes as the answer of a JSON API, its times and places.
 * SPDX-License-Identifier: MIT */
#include "collectors/http_json_query.h"
#include "io/memory.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { AHEAD_MS = 61 * 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Every value is finite, every count at least 0, every trouble says why. */
static enum series_answer put_gauge(void *data, int64_t at_ms, double value)
{
    (void)data;
    if (!isfinite(value) || at_ms > AHEAD_MS)
        abort();
    return SERIES_TAKEN;
}

static enum series_answer put_count(void *data, int64_t at_ms, double events, double total)
{
    (void)data;
    if (!(events >= 0 && total >= 0 && isfinite(events) && isfinite(total)) || at_ms > AHEAD_MS)
        abort();
    return SERIES_TAKEN;
}

static void put_trouble(void *data, enum series_trouble trouble, const char *why)
{
    (void)data;
    if (trouble == SERIES_FINE || why[0] == '\0')
        abort();
}

static void answer_with(enum series_kind kind, const struct option_value *options, const char *text,
                        size_t size)
{
    const struct collector_sink sink = {.gauge = put_gauge, .count = put_count, .trouble = put_trouble};
    struct http_answer answer = {.status = 200, .body = text, .length = size, .headers = ""};
    struct http_request request = {0};
    struct http_json_query *query = NULL;
    struct err err = {0};

    if (!http_json_query_new(kind, 1000, options, &query, NULL))
        abort();
    for (int64_t poll = 0; poll < 2; poll++) /* the same twice: what rose is 0, what has a time is known */
        if (!http_json_query_ask(query, INT64_C(1700000000000) + poll, poll, &request, NULL) ||
            (!http_json_query_take(query, &answer, &sink, &err) && err.text[0] == '\0'))
            abort();
    http_json_query_free(query);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const refusals[] = {".e", ".a[1]"};
    struct option_value options[HTTP_JSON_OPTION_COUNT] = {
        [HTTP_JSON_URL].text = "http://h/$(from)",
        [HTTP_JSON_TIME].text = ".t",
        [HTTP_JSON_REFUSE] = {.is_set = true, .list = refusals, .list_length = 2}};
    char *text = memory_copy_bytes(bytes, size);

    options[HTTP_JSON_EVENTS].text = ".a[0].x";
    options[HTTP_JSON_TOTAL].text = ".a[-1].y";
    answer_with(SERIES_COUNT, options, text, size);
    options[HTTP_JSON_TOTAL].text = NULL;
    options[HTTP_JSON_EVENTS].text = NULL;
    options[HTTP_JSON_VALUE].text = ".a[0].x";
    answer_with(SERIES_GAUGE, options, text, size);
    free(text);
    return 0;
}
