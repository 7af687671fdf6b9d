/* spans.h - one export of OTLP in the making: spans of one trace, as its JSON wants them.
 * SPDX-License-Identifier: MIT
 *
 * https://opentelemetry.io/docs/specs/otlp/: ids are lower-case hex, whole numbers of 64 bits are texts,
 * kinds and codes are numbers. Texts are copied. What is beyond a limit is left out and counted where OTLP
 * has a place for that. Pure. */
#ifndef API_SPANS_H
#define API_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SPANS_MAX = 1000,
    SPANS_EVENTS_MAX = 64 /* of one span */,
    SPANS_TEXT_MAX = 1024 /* bytes of a value */
};

struct cJSON;

/* Whose spans they are. */
struct spans_origin {
    const char *instance;
    const char *link; /* "https://verdict.example.org/#/", or "": what is behind it follows */
};

struct spans {
    const char *trace; /* lives as long */
    struct cJSON *root, *resource, *list;
    size_t count, left_out;
};

enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER = 2 };

struct span_about {
    const char *id, *parent; /* parent "": none */
    const char *name;
    enum span_kind kind;
    int64_t begin_ms, end_ms; /* since 1970; an end before the beginning is the beginning */
};

void spans_begin(struct spans *spans, const struct spans_origin *origin, const char *trace);
/* The text, free(); the rest is given back. */
char *spans_end(struct spans *spans);

/* NULL past SPANS_MAX, which everything below takes and does nothing with. */
struct cJSON *spans_add(struct spans *spans, const struct span_about *about);
void span_set_end(struct cJSON *span, int64_t begin_ms, int64_t end_ms);
struct cJSON *span_event(struct cJSON *span, const char *name, int64_t at_ms);
/* It is about another trace as well. */
void span_link(struct cJSON *span, const char *trace, const char *id);
/* It went wrong; `type` is its `error.type`. */
void span_fail(struct cJSON *span, const char *type, const char *message);

/* Attributes of a span, an event, or the resource; a text that is "" or NULL and a number that is not finite
 * are left out. */
void span_text(struct cJSON *owner, const char *name, const char *text);
void span_integer(struct cJSON *owner, const char *name, int64_t number);
void span_number(struct cJSON *owner, const char *name, double number);
void span_flag(struct cJSON *owner, const char *name, bool flag);

#endif
