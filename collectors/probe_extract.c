/* probe_extract.c - one function per kind of extract.
 * SPDX-License-Identifier: MIT */
#include "collectors/probe_extract.h"

#include "io/json.h"
#include "io/memory.h"
#include "io/pattern.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 256, SHOWN_MAX = 60 };

/* One answer, its body parsed when the first extract wants it. */
struct source {
    const struct probe_answer *answer;
    bool is_parsed;
    bool is_json;
    struct cJSON *root;
};

static const struct json_limits limits = {
    .size_max = 65536, .depth_max = 32, .keys_max = 4096, .allows_rounding = true};

void probe_extract_init(struct probe_extract *extract, const struct smoke_extract *from)
{
    *extract = (struct probe_extract){
        .kind = from->kind, .path = memory_copy_text(from->path), .text = memory_copy_text(from->text)};
    /* What is no pattern was said when the rules were read; here it is what cannot be known. */
    bool is_pattern = from->kind == EXTRACT_BODY_MATCHES || from->kind == EXTRACT_BANNER_MATCHES ||
                      from->kind == EXTRACT_OUTPUT_MATCHES;
    if (is_pattern && from->path != NULL)
        extract->is_known = pattern_new(from->path, &extract->pattern, NULL);
}

void probe_extract_done(struct probe_extract *extract)
{
    free(extract->path);
    free(extract->text);
    pattern_free(extract->pattern);
    *extract = (struct probe_extract){0};
}

static const struct cJSON *find(struct source *source, const char *path)
{
    if (!source->is_parsed) {
        source->is_parsed = true;
        source->is_json =
            json_parse(source->answer->body, source->answer->length, &limits, &source->root, NULL);
    }
    return source->is_json ? json_path(source->root, path) : NULL;
}

static double take_status(struct source *source, const struct probe_extract *extract, struct text *words)
{
    (void)extract;
    text_add(words, "status %d", source->answer->status);
    return source->answer->status;
}

static double take_time(struct source *source, const struct probe_extract *extract, struct text *words)
{
    (void)extract;
    text_add(words, "time %.0f ms", source->answer->time_ms);
    return source->answer->time_ms;
}

static double take_json_number(struct source *source, const struct probe_extract *extract, struct text *words)
{
    double number = 0;

    if (!json_value_number(find(source, extract->path), &number)) {
        text_add(words, "%.*s no number", SHOWN_MAX, extract->path);
        return NAN;
    }
    text_add(words, "%.*s %g", SHOWN_MAX, extract->path, number);
    return number;
}

static double take_json_equals(struct source *source, const struct probe_extract *extract, struct text *words)
{
    const struct cJSON *item = find(source, extract->path);
    char value[VALUE_MAX];

    if (item == NULL || !json_value_text(item, value, sizeof(value))) {
        text_add(words, "%.*s missing", SHOWN_MAX, extract->path);
        return NAN;
    }
    text_add(words, "%.*s '%.*s'", SHOWN_MAX, extract->path, SHOWN_MAX, value);
    return strcmp(value, extract->text) == 0 ? 1 : 0;
}

static double take_header(struct source *source, const struct probe_extract *extract, struct text *words)
{
    char value[VALUE_MAX];

    if (source->answer->http == NULL ||
        !http_answer_header(source->answer->http, extract->path, value, sizeof(value))) {
        text_add(words, "no header %.*s", SHOWN_MAX, extract->path);
        return NAN;
    }
    text_add(words, "header %.*s '%.*s'", SHOWN_MAX, extract->path, SHOWN_MAX, value);
    return strcmp(value, extract->text) == 0 ? 1 : 0;
}

/* Whether the pattern is found, as a number; NAN where that cannot be said. */
static double search(const struct source *source, const struct probe_extract *extract, struct text *words)
{
    bool is_found = false;

    if (extract->pattern == NULL ||
        !pattern_search(extract->pattern, source->answer->body, source->answer->length, &is_found, NULL)) {
        text_add(words, " with a pattern that cannot be searched");
        return NAN;
    }
    text_add(words, is_found ? " matches" : " does not match");
    return is_found ? 1 : 0;
}

static double take_match(struct source *source, const struct probe_extract *extract, struct text *words)
{
    text_add(words, "body");
    return search(source, extract, words);
}

/* The first line of what was said. */
static void show(const struct source *source, const char *what, struct text *words)
{
    const char *said = source->answer->body;
    size_t length = strcspn(said, "\r\n");

    text_add(words, "%s '%.*s'", what, length < SHOWN_MAX ? (int)length : SHOWN_MAX, said);
}

static double take_banner(struct source *source, const struct probe_extract *extract, struct text *words)
{
    show(source, "banner", words);
    return search(source, extract, words);
}

static double take_output(struct source *source, const struct probe_extract *extract, struct text *words)
{
    show(source, "output", words);
    return search(source, extract, words);
}

/* With what it printed, where it did not end well. */
static double take_exit(struct source *source, const struct probe_extract *extract, struct text *words)
{
    (void)extract;
    text_add(words, "exit %d", source->answer->status);
    if (source->answer->status != 0 && source->answer->length > 0)
        show(source, ":", words);
    return source->answer->status;
}

static double take_days_left(struct source *source, const struct probe_extract *extract, struct text *words)
{
    (void)extract;
    if (isnan(source->answer->days_left))
        text_add(words, "the certificate's end is unknown");
    else
        text_add(words, "days_left %.1f", source->answer->days_left);
    return source->answer->days_left;
}

void probe_extract_take(const struct probe_extract *extracts, size_t count, const struct probe_answer *answer,
                        double *ret_numbers, struct text *words)
{
    static double (*const takers[])(struct source *, const struct probe_extract *, struct text *) = {
        [EXTRACT_STATUS] = take_status,
        [EXTRACT_TIME_MS] = take_time,
        [EXTRACT_JSON_NUMBER] = take_json_number,
        [EXTRACT_JSON_EQUALS] = take_json_equals,
        [EXTRACT_HEADER_EQUALS] = take_header,
        [EXTRACT_BODY_MATCHES] = take_match,
        [EXTRACT_BANNER_MATCHES] = take_banner,
        [EXTRACT_DAYS_LEFT] = take_days_left,
        [EXTRACT_EXIT] = take_exit,
        [EXTRACT_OUTPUT_MATCHES] = take_output,
    };
    struct source source = {.answer = answer};

    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            text_add(words, ", ");
        ret_numbers[i] = takers[extracts[i].kind](&source, &extracts[i], words);
    }
    json_free(source.root);
}
