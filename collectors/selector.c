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

enum { NUMBER_FIRST = 8, KEPT_MAX = 64, TEXTS_KEPT_MAX = 4096 };
enum { LABEL_END = '\x1e', NAME_END = '\x1f' };

enum comparison_kind { IS, IS_NOT, FITS, FITS_NOT };

struct matcher {
    const char *name;
    enum comparison_kind kind;
    const char *text; /* of IS and IS_NOT */
    struct pattern *pattern;
};

/* Those that say what a label is come first, by name: they make the key. */
struct selector {
    const char *name;
    char *texts; /* all of them, one behind the other */
    size_t count, exact_count;
    struct matcher matchers[]; /* [SELECTOR_MATCHERS_MAX] while it is read */
};

/* What is read, and where its texts go: each has more room in the source, by what ends it. */
struct reading {
    struct selector *selector;
    char *to;
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

static const char *keep(struct reading *reading, const char *from, size_t length)
{
    char *text = memcpy(reading->to, from, length);

    text[length] = '\0';
    reading->to += length + 1;
    return text;
}

static const char *keep_until(struct reading *reading, const char *from, const char *end)
{
    while (end > from && strchr(" \t\r\n", end[-1]) != NULL)
        end--;
    return keep(reading, from, (size_t)(end - from));
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

static bool read_matcher(struct reading *reading, const char *text, const char **at, struct err *err)
{
    char value[SELECTOR_LENGTH_MAX];
    struct selector *selector = reading->selector;
    struct matcher *matcher = &selector->matchers[selector->count];
    const char *from = *at;

    *at += strcspn(*at, "=!~,{}\"'");
    if (*at == from)
        return expect(text, *at, "the name of a label is expected", err);
    if (selector->count == SELECTOR_MATCHERS_MAX)
        return expect(text, from, "too many labels", err);
    selector->count++;
    matcher->name = keep_until(reading, from, *at);
    if (!read_operator(at, &matcher->kind))
        return expect(text, *at, "=, !=, =~ or !~ is expected", err);
    skip_blanks(at);
    if (!read_text(at, value, sizeof(value)))
        return expect(text, *at, "a text in quotes is expected, its backslashes doubled", err);
    if (matcher->kind == FITS || matcher->kind == FITS_NOT)
        return set_pattern(matcher, value, err);
    matcher->text = keep(reading, value, strlen(value));
    return true;
}

/* Behind the opening brace. */
static bool read_matchers(struct reading *reading, const char *text, const char **at, struct err *err)
{
    skip_blanks(at);
    while (**at != '}') {
        if (!read_matcher(reading, text, at, err))
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

/* "" is a label that is not there. */
static bool is_exact(const struct matcher *matcher)
{
    return matcher->kind == IS && matcher->text[0] != '\0';
}

static bool is_before(const struct matcher *a, const struct matcher *b)
{
    if (!is_exact(a) || !is_exact(b))
        return is_exact(a);
    return strcmp(a->name, b->name) < 0;
}

static void sort_matchers(struct selector *selector)
{
    struct matcher *matchers = selector->matchers;

    for (size_t i = 0; i < selector->count; i++) {
        struct matcher matcher = matchers[i];
        size_t place = i;
        for (; place > 0 && is_before(&matcher, &matchers[place - 1]); place--)
            matchers[place] = matchers[place - 1];
        matchers[place] = matcher;
        selector->exact_count += is_exact(&matcher);
    }
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
    struct selector *selector =
        memory_take(sizeof(*selector) + SELECTOR_MATCHERS_MAX * sizeof(*selector->matchers));
    selector->texts = memory_take(strlen(text) + 1);
    struct reading reading = {.selector = selector, .to = selector->texts};
    selector->name = keep_until(&reading, from, at);
    if (*at == '{' && (at++, !read_matchers(&reading, text, &at, err))) {
        selector_free(selector);
        return false;
    }
    sort_matchers(selector);
    *ret_selector =
        memory_resize(selector, sizeof(*selector) + selector->count * sizeof(*selector->matchers));
    return true;
}

void selector_free(struct selector *selector)
{
    if (selector == NULL)
        return;
    for (size_t i = 0; i < selector->count; i++)
        pattern_free(selector->matchers[i].pattern);
    free(selector->texts);
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

bool selector_is_alike(const struct selector *a, const struct selector *b)
{
    bool is_alike = a->exact_count == b->exact_count && strcmp(a->name, b->name) == 0;

    for (size_t i = 0; is_alike && i < a->exact_count; i++)
        is_alike = strcmp(a->matchers[i].name, b->matchers[i].name) == 0;
    return is_alike;
}

const char *selector_name(const struct selector *selector)
{
    return selector->name;
}

static uint64_t add_key(uint64_t key, const char *text)
{
    return hash_bytes(key, text, strlen(text) + 1); /* with its NUL, which ends it */
}

uint64_t selector_key(const struct selector *selector)
{
    uint64_t key = add_key(HASH_BEGIN, selector->name);

    for (size_t i = 0; i < selector->exact_count; i++)
        key = add_key(key, selector->matchers[i].text);
    return key;
}

bool selector_key_of(const struct selector *like, const struct labelled *value, uint64_t *ret_key)
{
    if (strcmp(like->name, value->name) != 0)
        return false;
    uint64_t key = add_key(HASH_BEGIN, value->name);
    for (size_t i = 0; i < like->exact_count; i++) {
        const char *text = label_of(value, like->matchers[i].name);
        if (text[0] == '\0')
            return false;
        key = add_key(key, text);
    }
    *ret_key = key;
    return true;
}

/* ---- gathering ---- */

void selector_sort_labels(const struct labelled *value, const struct label **ret_sorted)
{
    for (size_t i = 0; i < value->label_count; i++) {
        size_t place = i;
        for (; place > 0 && strcmp(value->labels[i].name, ret_sorted[place - 1]->name) < 0; place--)
            ret_sorted[place] = ret_sorted[place - 1];
        ret_sorted[place] = &value->labels[i];
    }
}

static char *add_text(char *to, const char *text, char end)
{
    size_t length = strlen(text);

    memcpy(to, text, length + 1);
    to[length] = end;
    return to + length + 1;
}

static char *text_room(struct selection *selection, const char *reporter, const struct labelled *value)
{
    size_t size = selection->texts_length + strlen(reporter) + 2;

    for (size_t i = 0; i < value->label_count; i++)
        size += strlen(value->labels[i].name) + strlen(value->labels[i].value) + 2;
    if (size > selection->texts_size) {
        selection->texts_size = selection->texts_size == 0 ? size : 2 * size;
        selection->texts = memory_resize(selection->texts, selection->texts_size);
    }
    return selection->texts + selection->texts_length;
}

/* Equal sets are equal texts, whatever their order; `le` stands apart. */
static bool add_labels(struct selection *selection, const char *reporter, const struct labelled *value,
                       double *ret_bound)
{
    const struct label *sorted[LABELLED_LABELS_MAX];
    char *to = add_text(text_room(selection, reporter, value), reporter, LABEL_END);

    selector_sort_labels(value, sorted);
    for (size_t i = 0; i < value->label_count; i++) {
        if (strcmp(sorted[i]->name, "le") != 0) {
            to = add_text(to, sorted[i]->name, NAME_END);
            to = add_text(to, sorted[i]->value, LABEL_END);
        } else if (!exposition_number(sorted[i]->value, ret_bound))
            return false;
    }
    *to++ = '\0';
    selection->texts_length = (size_t)(to - selection->texts);
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
    if (selection->size == 0)
        selection->size = 1; /* most choose one */
    else
        selection->size = selection->size < NUMBER_FIRST ? NUMBER_FIRST : 2 * selection->size;
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
    if (!add_labels(selection, reporter, value, &sample->bound))
        return err_set(err, ERR_PROTOCOL, "%.80s has an le that is no number", value->name);
    selection->count++;
    return true;
}

void selection_show(const struct selection *selection, struct prometheus_vector *ret_vector)
{
    for (size_t i = 0; i < selection->count; i++)
        selection->samples[i].labels = selection->texts + selection->places[i];
    *ret_vector = (struct prometheus_vector){
        .count = selection->count, .samples = selection->samples, .labels = selection->texts};
}

void selection_take(struct selection *selection, struct prometheus_vector *ret_vector)
{
    selection_show(selection, ret_vector);
    selection->samples = NULL;
    selection->texts = NULL;
    selection_done(selection);
}

void selection_reset(struct selection *selection)
{
    if (selection->size > KEPT_MAX || selection->texts_size > TEXTS_KEPT_MAX) {
        selection_done(selection);
        return;
    }
    selection->count = 0;
    selection->texts_length = 0;
    selection->timed = 0;
}

void selection_done(struct selection *selection)
{
    free(selection->samples);
    free(selection->places);
    free(selection->texts);
    *selection = (struct selection){0};
}
