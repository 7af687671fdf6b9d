/* selector.c - reads a selector, compares labels, gathers what fits.
 * SPDX-License-Identifier: MIT */
#include "collectors/selector.h"

#include "base/hash.h"
#include "base/text.h"
#include "collectors/exposition.h"
#include "io/memory.h"
#include "io/pattern.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_FIRST = 8, TEXTS_FIRST = 256 };
enum { LABEL_END = '\x1e', NAME_END = '\x1f' };

enum comparison_kind { IS, IS_NOT, FITS, FITS_NOT };

struct matcher {
    char *name;
    enum comparison_kind kind;
    char *text; /* of IS and IS_NOT */
    struct pattern *pattern;
};

struct selector {
    char *name;
    size_t count;
    struct matcher matchers[SELECTOR_MATCHERS_MAX];
};

/* ---- reading ---- */

static void skip_blanks(const char **at)
{
    *at += strspn(*at, " \t\r\n");
}

static bool expect(const char *text, const char *at, const char *what, struct err *err)
{
    return err_set(err, ERR_INVALID, "'%.120s', character %zu: %s", text, (size_t)(at - text) + 1, what);
}

static char *copy_until(const char *from, const char *end)
{
    while (end > from && strchr(" \t\r\n", end[-1]) != NULL)
        end--;
    return memory_copy_bytes(from, (size_t)(end - from));
}

static bool read_operator(const char **at, enum comparison_kind *ret_kind)
{
    static const char *const operators[] = {[FITS] = "=~", [FITS_NOT] = "!~", [IS_NOT] = "!=", [IS] = "="};
    static const enum comparison_kind order[] = {FITS, FITS_NOT, IS_NOT, IS};

    for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
        size_t length = strlen(operators[order[i]]);
        if (strncmp(*at, operators[order[i]], length) == 0) {
            *at += length;
            *ret_kind = order[i];
            return true;
        }
    }
    return false;
}

/* Behind the backslash; as PromQL has them. */
static bool read_escape(char byte, char *ret_byte)
{
    if (byte == '\0' || strchr("\\\"'`n", byte) == NULL)
        return false;
    *ret_byte = byte == 'n' ? '\n' : byte;
    return true;
}

/* In quotes of either kind. */
static bool read_text(const char **at, char *to, size_t size)
{
    char quote = **at;
    size_t length = 0;

    if (quote != '"' && quote != '\'')
        return false;
    for ((*at)++; **at != quote; (*at)++) {
        if (**at == '\0' || length + 1 >= size)
            return false;
        char byte = **at;
        if (byte == '\\' && !read_escape(*++*at, &byte))
            return false;
        to[length++] = byte;
    }
    (*at)++;
    to[length] = '\0';
    return true;
}

static bool set_pattern(struct matcher *matcher, const char *text, struct err *err)
{
    char memory[PATTERN_LENGTH_MAX + 1];
    struct text whole;

    text_init(&whole, memory, sizeof(memory));
    text_add(&whole, "^(?:%s)$", text);
    if (whole.is_cut)
        return err_set(err, ERR_INVALID, "a pattern is longer than %d bytes", PATTERN_LENGTH_MAX - 6);
    return pattern_new(memory, &matcher->pattern, err);
}

static bool read_matcher(struct selector *selector, const char *text, const char **at, struct err *err)
{
    char value[SELECTOR_LENGTH_MAX];
    struct matcher *matcher = &selector->matchers[selector->count];
    const char *from = *at;

    *at += strcspn(*at, "=!~,{}\"'");
    if (*at == from)
        return expect(text, *at, "the name of a label is expected", err);
    if (selector->count == SELECTOR_MATCHERS_MAX)
        return expect(text, from, "too many labels", err);
    selector->count++;
    matcher->name = copy_until(from, *at);
    if (!read_operator(at, &matcher->kind))
        return expect(text, *at, "=, !=, =~ or !~ is expected", err);
    skip_blanks(at);
    if (!read_text(at, value, sizeof(value)))
        return expect(text, *at, "a text in quotes is expected, its backslashes doubled", err);
    if (matcher->kind == FITS || matcher->kind == FITS_NOT)
        return set_pattern(matcher, value, err);
    matcher->text = memory_copy_text(value);
    return true;
}

/* Behind the opening brace. */
static bool read_matchers(struct selector *selector, const char *text, const char **at, struct err *err)
{
    skip_blanks(at);
    while (**at != '}') {
        if (!read_matcher(selector, text, at, err))
            return false;
        skip_blanks(at);
        if (**at != ',' && **at != '}')
            return expect(text, *at, "a comma or } is expected", err);
        if (**at == ',')
            (*at)++;
        skip_blanks(at);
    }
    (*at)++;
    skip_blanks(at);
    return **at == '\0' || expect(text, *at, "nothing is expected behind }", err);
}

bool selector_new(const char *text, struct selector **ret_selector, struct err *err)
{
    const char *from = text;

    if (strlen(text) >= SELECTOR_LENGTH_MAX)
        return err_set(err, ERR_INVALID, "longer than %d bytes", SELECTOR_LENGTH_MAX - 1);
    skip_blanks(&from);
    const char *at = from + strcspn(from, "{}()\"'=");
    if (at == from || (*at != '\0' && *at != '{'))
        return expect(text, at,
                      "a name is expected, then perhaps labels in {}; functions are Prometheus' own", err);
    struct selector *selector = memory_take(sizeof(*selector));
    selector->name = copy_until(from, at);
    if (*at == '{' && (at++, !read_matchers(selector, text, &at, err))) {
        selector_free(selector);
        return false;
    }
    *ret_selector = selector;
    return true;
}

void selector_free(struct selector *selector)
{
    if (selector == NULL)
        return;
    for (size_t i = 0; i < selector->count; i++) {
        free(selector->matchers[i].name);
        free(selector->matchers[i].text);
        pattern_free(selector->matchers[i].pattern);
    }
    free(selector->name);
    free(selector);
}

bool selector_check(const char *text, struct err *err)
{
    struct selector *selector = NULL;

    if (strstr(text, "{{") != NULL)
        return true;
    bool is_good = selector_new(text, &selector, err);
    if (is_good)
        selector_free(selector);
    return is_good;
}

/* ---- comparing ---- */

static const char *label_of(const struct labelled *value, const char *name)
{
    for (size_t i = 0; i < value->label_count; i++)
        if (strcmp(value->labels[i].name, name) == 0)
            return value->labels[i].value;
    return "";
}

static bool fits_one(const struct matcher *matcher, const struct labelled *value, bool *ret_fits,
                     struct err *err)
{
    const char *text = label_of(value, matcher->name);
    bool is_found = false;

    if (matcher->pattern == NULL) {
        *ret_fits = (strcmp(text, matcher->text) == 0) == (matcher->kind == IS);
        return true;
    }
    if (!pattern_search(matcher->pattern, text, strlen(text), &is_found, err))
        return err_wrap(err, "the label %.60s", matcher->name);
    *ret_fits = is_found == (matcher->kind == FITS);
    return true;
}

bool selector_fits(const struct selector *selector, const struct labelled *value, bool *ret_fits,
                   struct err *err)
{
    bool fits = strcmp(selector->name, value->name) == 0;

    for (size_t i = 0; fits && i < selector->count; i++)
        if (!fits_one(&selector->matchers[i], value, &fits, err))
            return false;
    *ret_fits = fits;
    return true;
}

static uint64_t key(const char *name, const char *label, const char *text)
{
    uint64_t hash = hash_text(HASH_BEGIN, name);

    if (label == NULL)
        return hash;
    hash = hash_text(hash_bytes(hash, "", 1), label);
    return hash_text(hash_bytes(hash, "", 1), text);
}

uint64_t selector_key(const struct selector *selector)
{
    for (size_t i = 0; i < selector->count; i++) {
        const struct matcher *matcher = &selector->matchers[i];
        if (matcher->kind == IS && matcher->text[0] != '\0') /* "" is a label that is not there */
            return key(selector->name, matcher->name, matcher->text);
    }
    return key(selector->name, NULL, NULL);
}

uint64_t selector_key_of(const struct labelled *value, size_t number)
{
    if (number == 0)
        return key(value->name, NULL, NULL);
    return key(value->name, value->labels[number - 1].name, value->labels[number - 1].value);
}

/* ---- gathering ---- */

static void add_text(struct selection *selection, const char *text, char end)
{
    size_t length = strlen(text);

    if (selection->texts_length + length + 2 > selection->texts_size) {
        selection->texts_size = 2 * (selection->texts_size + length) + TEXTS_FIRST;
        selection->texts = memory_resize(selection->texts, selection->texts_size);
    }
    memcpy(selection->texts + selection->texts_length, text, length);
    selection->texts_length += length;
    selection->texts[selection->texts_length++] = end;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct label *)a)->name, ((const struct label *)b)->name);
}

/* Equal sets are equal texts, whatever their order; `le` stands apart. */
static bool add_labels(struct selection *selection, const struct labelled *value, double *ret_bound)
{
    struct label labels[LABELLED_LABELS_MAX];

    memcpy(labels, value->labels, value->label_count * sizeof(*labels));
    qsort(labels, value->label_count, sizeof(*labels), by_name);
    for (size_t i = 0; i < value->label_count; i++) {
        if (strcmp(labels[i].name, "le") != 0) {
            add_text(selection, labels[i].name, NAME_END);
            add_text(selection, labels[i].value, LABEL_END);
        } else if (!exposition_number(labels[i].value, ret_bound))
            return false;
    }
    add_text(selection, "", '\0');
    return true;
}

static bool check(const struct selection *selection, const struct labelled *value, int64_t now_ms,
                  struct err *err)
{
    int64_t age_ms = value->has_time ? now_ms - value->time_ms : 0;
    int64_t age_max_ms = selection->age_max_ms > 0 ? selection->age_max_ms : LABELLED_AGE_MAX_MS;

    if (!value->is_number)
        return err_set(err, ERR_INVALID, "%.80s is a text and no number", value->name);
    if (age_ms > age_max_ms || age_ms < -LABELLED_AGE_MAX_MS)
        return err_set(err, ERR_UNAVAILABLE, "%.80s says of itself that it is of %s, %" PRId64 " s away",
                       value->name, age_ms > 0 ? "the past" : "the future",
                       (age_ms > 0 ? age_ms : -age_ms) / 1000);
    return selection->count < PROMETHEUS_SAMPLES_MAX ||
           err_set(err, ERR_LIMIT, "%.80s has more than %d series", value->name, PROMETHEUS_SAMPLES_MAX);
}

static void note_time(struct selection *selection, const struct labelled *value)
{
    if (!value->has_time)
        return;
    if (selection->timed == 0 || value->time_ms < selection->oldest_ms)
        selection->oldest_ms = value->time_ms;
    selection->timed++;
}

static void grow(struct selection *selection)
{
    if (selection->count < selection->size)
        return;
    selection->size = selection->size == 0 ? NUMBER_FIRST : 2 * selection->size;
    selection->samples = memory_resize(selection->samples, selection->size * sizeof(*selection->samples));
    selection->places = memory_resize(selection->places, selection->size * sizeof(*selection->places));
}

bool selection_add(struct selection *selection, const struct selector *selector, const char *reporter,
                   const struct labelled *value, int64_t now_ms, struct err *err)
{
    bool fits = false;

    if (!selector_fits(selector, value, &fits, err))
        return false;
    if (!fits)
        return true;
    if (!check(selection, value, now_ms, err))
        return false;
    note_time(selection, value);
    grow(selection);
    struct prometheus_sample *sample = &selection->samples[selection->count];
    *sample = (struct prometheus_sample){.bound = NAN, .value = value->value};
    selection->places[selection->count] = selection->texts_length;
    add_text(selection, reporter, LABEL_END);
    if (!add_labels(selection, value, &sample->bound))
        return err_set(err, ERR_PROTOCOL, "%.80s has an le that is no number", value->name);
    selection->count++;
    return true;
}

void selection_take(struct selection *selection, struct prometheus_vector *ret_vector)
{
    for (size_t i = 0; i < selection->count; i++)
        selection->samples[i].labels = selection->texts + selection->places[i];
    *ret_vector = (struct prometheus_vector){
        .count = selection->count, .samples = selection->samples, .labels = selection->texts};
    selection->samples = NULL;
    selection->texts = NULL;
    selection_done(selection);
}

void selection_done(struct selection *selection)
{
    free(selection->samples);
    free(selection->places);
    free(selection->texts);
    *selection = (struct selection){0};
}
