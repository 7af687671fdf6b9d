/* exposition.c - line by line: a name, labels in braces, a number, perhaps a time and an exemplar.
 * SPDX-License-Identifier: MIT */
#include "collectors/exposition.h"

#include "base/attributes.h"
#include "base/text.h"
#include "io/utf8.h"

#include <math.h>
#include <string.h>

enum { NUMBER_MAX = 63, MS_PER_S = 1000 };

#define TIME_MAX 1e15 /* ms, or s of OpenMetrics: further away than any clock */

static const char end_word[] = "# EOF";

/* The line that is read, and where its decoded texts go. */
struct cursor {
    const char *at, *end;
    char *to;
};

/* ---- numbers ---- */

bool exposition_number(const char *text, double *ret_number)
{
    static const struct {
        const char *word;
        double number;
    } words[] = {{"NaN", NAN}, {"+Inf", INFINITY}, {"Inf", INFINITY}, {"-Inf", -INFINITY}};

    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (strcmp(text, words[i].word) == 0) {
            *ret_number = words[i].number;
            return true;
        }
    }
    return text_to_number(text, ret_number);
}

/* ---- the text as a whole ---- */

static bool ends_with_word(const char *bytes, size_t length)
{
    size_t word = sizeof(end_word) - 1;

    if (length > 0 && bytes[length - 1] == '\n')
        length--;
    return length >= word && memcmp(bytes + length - word, end_word, word) == 0 &&
           (length == word || bytes[length - word - 1] == '\n');
}

bool exposition_begin(struct exposition *exposition, const char *bytes, size_t length, bool must_be_whole,
                      struct err *err)
{
    bool is_open_metrics = ends_with_word(bytes, length);

    if (must_be_whole && !is_open_metrics)
        return err_set(err, ERR_PROTOCOL, "no '# EOF' ends it: a part is missing");
    exposition->at = bytes;
    exposition->end = bytes + length;
    exposition->line = 0;
    exposition->is_open_metrics = is_open_metrics;
    return true;
}

/* ---- parts of a line ---- */

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
        cursor->at++;
}

static bool take_byte(struct cursor *cursor, char byte)
{
    if (cursor->at == cursor->end || *cursor->at != byte)
        return false;
    cursor->at++;
    return true;
}

static bool is_name_byte(char byte, bool is_label)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           (byte >= '0' && byte <= '9') || (byte == ':' && !is_label);
}

/* A name; of a label `:` is none. */
static bool take_name(struct cursor *cursor, bool is_label, const char **ret_name)
{
    const char *from = cursor->at;

    while (cursor->at < cursor->end && is_name_byte(*cursor->at, is_label))
        cursor->at++;
    size_t length = (size_t)(cursor->at - from);
    if (length == 0 || (*from >= '0' && *from <= '9'))
        return false;
    *ret_name = memcpy(cursor->to, from, length);
    cursor->to[length] = '\0';
    cursor->to += length + 1;
    return true;
}

/* What an escape stands for; an unknown one stands for itself, as Prometheus has it. */
static void take_escaped(struct cursor *cursor)
{
    char byte = *cursor->at++;

    if (byte != '\\' && byte != '"' && byte != 'n')
        *cursor->to++ = '\\';
    *cursor->to++ = byte == 'n' ? '\n' : byte;
}

/* Behind the opening quote. A text takes no more room than its quotes and what is between. */
static bool take_quoted(struct cursor *cursor, const char **ret_text)
{
    const char *text = cursor->to;

    while (cursor->at < cursor->end && *cursor->at != '"') {
        if (*cursor->at != '\\')
            *cursor->to++ = *cursor->at++;
        else if (++cursor->at < cursor->end)
            take_escaped(cursor);
    }
    *cursor->to++ = '\0';
    *ret_text = text;
    return take_byte(cursor, '"');
}

/* Up to the next blank. */
static bool take_number(struct cursor *cursor, double *ret_number)
{
    char text[NUMBER_MAX + 1];
    const char *from = cursor->at;

    while (cursor->at < cursor->end && *cursor->at != ' ' && *cursor->at != '\t')
        cursor->at++;
    size_t length = (size_t)(cursor->at - from);
    if (length > NUMBER_MAX)
        return false;
    memcpy(text, from, length);
    text[length] = '\0';
    return exposition_number(text, ret_number);
}

static bool has_label(const struct labelled *value, const char *name)
{
    for (size_t i = 0; i < value->label_count; i++)
        if (strcmp(value->labels[i].name, name) == 0)
            return true;
    return false;
}

static bool take_label(struct cursor *cursor, struct labelled *value, struct err *err)
{
    struct label label = {0};

    if (!take_name(cursor, true, &label.name))
        return err_set(err, ERR_PROTOCOL, "the name of a label is expected");
    skip_blanks(cursor);
    if (!take_byte(cursor, '='))
        return err_set(err, ERR_PROTOCOL, "'=' is expected behind the label %.60s", label.name);
    skip_blanks(cursor);
    if (!take_byte(cursor, '"') || !take_quoted(cursor, &label.value))
        return err_set(err, ERR_PROTOCOL, "the label %.60s has no value in quotes", label.name);
    if (has_label(value, label.name))
        return err_set(err, ERR_PROTOCOL, "the label %.60s is there twice", label.name);
    if (value->label_count == LABELLED_LABELS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d labels", LABELLED_LABELS_MAX);
    value->labels[value->label_count++] = label;
    return true;
}

/* Behind the opening brace. */
static bool take_labels(struct cursor *cursor, struct labelled *value, struct err *err)
{
    skip_blanks(cursor);
    while (!take_byte(cursor, '}')) {
        if (!take_label(cursor, value, err))
            return false;
        skip_blanks(cursor);
        bool has_comma = take_byte(cursor, ',');
        skip_blanks(cursor);
        if (!has_comma && (cursor->at == cursor->end || *cursor->at != '}'))
            return err_set(err, ERR_PROTOCOL, "',' or '}' is expected behind the label %.60s",
                           value->labels[value->label_count - 1].name);
    }
    return true;
}

/* An exemplar is an example of what was counted, and no value of ours. */
static bool take_exemplar(struct cursor *cursor, struct err *err)
{
    struct labelled exemplar;
    double number = 0;

    exemplar.label_count = 0;
    skip_blanks(cursor);
    if (!take_byte(cursor, '{') || !take_labels(cursor, &exemplar, err))
        return err_set(err, ERR_PROTOCOL, "labels in braces are expected behind the value's '#'");
    skip_blanks(cursor);
    bool is_good = take_number(cursor, &number);
    skip_blanks(cursor);
    is_good = is_good && (cursor->at == cursor->end || take_number(cursor, &number));
    skip_blanks(cursor);
    return (is_good && cursor->at == cursor->end) ||
           err_set(err, ERR_PROTOCOL, "a number, perhaps a time, is expected in the exemplar");
}

static bool take_time(struct cursor *cursor, bool is_open_metrics, struct labelled *value, struct err *err)
{
    double time = 0;

    if (!take_number(cursor, &time) || !(fabs(time) < TIME_MAX))
        return err_set(err, ERR_PROTOCOL, "what stands behind the value is no time");
    value->has_time = true;
    value->time_ms = (int64_t)llround(is_open_metrics ? time * MS_PER_S : time);
    skip_blanks(cursor);
    return true;
}

static bool take_value(struct cursor *cursor, bool is_open_metrics, struct labelled *value, struct err *err)
{
    skip_blanks(cursor);
    const char *from = cursor->at;
    if (!take_number(cursor, &value->value))
        return err_set(err, ERR_PROTOCOL, "'%.*s' is not the value of %.60s: no number",
                       (int)(cursor->at - from < NUMBER_MAX ? cursor->at - from : NUMBER_MAX), from,
                       value->name);
    skip_blanks(cursor);
    if (cursor->at < cursor->end && *cursor->at != '#' && !take_time(cursor, is_open_metrics, value, err))
        return false;
    if (take_byte(cursor, '#'))
        return take_exemplar(cursor, err);
    return cursor->at == cursor->end || err_set(err, ERR_PROTOCOL, "something stands behind the time");
}

static bool take_sample(struct cursor *cursor, bool is_open_metrics, struct labelled *value, struct err *err)
{
    value->label_count = 0;
    value->has_time = false;
    value->time_ms = 0;
    value->is_number = true;
    if (!take_name(cursor, false, &value->name))
        return err_set(err, ERR_PROTOCOL, "neither a comment nor a metric");
    skip_blanks(cursor);
    if (take_byte(cursor, '{') && !take_labels(cursor, value, err))
        return false;
    return take_value(cursor, is_open_metrics, value, err);
}

/* ---- lines ---- */

static bool take_line(struct exposition *exposition, struct cursor *cursor, struct err *err)
{
    const char *end = memchr(exposition->at, '\n', (size_t)(exposition->end - exposition->at));

    cursor->at = exposition->at;
    cursor->end = end != NULL ? end : exposition->end;
    cursor->to = exposition->texts;
    exposition->at = end != NULL ? end + 1 : exposition->end;
    exposition->line++;
    if (cursor->end > cursor->at && cursor->end[-1] == '\r')
        cursor->end--;
    size_t length = (size_t)(cursor->end - cursor->at);
    if (length > LABELLED_LINE_MAX)
        return err_set(err, ERR_LIMIT, "longer than %d bytes", LABELLED_LINE_MAX);
    return (memchr(cursor->at, '\0', length) == NULL && utf8_is_valid(cursor->at, length)) ||
           err_set(err, ERR_PROTOCOL, "no UTF-8");
}

static bool is_end(const struct cursor *cursor)
{
    size_t word = sizeof(end_word) - 1;

    return (size_t)(cursor->end - cursor->at) == word && memcmp(cursor->at, end_word, word) == 0;
}

/* END: the line is left out. */
static enum labelled_step read_line(struct exposition *exposition, struct labelled *value, struct err *err)
{
    struct cursor cursor;

    if (!take_line(exposition, &cursor, err))
        return LABELLED_WRONG;
    if (is_end(&cursor) && exposition->at != exposition->end) {
        (void)err_set(err, ERR_PROTOCOL, "something stands behind '# EOF'");
        return LABELLED_WRONG;
    }
    skip_blanks(&cursor);
    if (cursor.at == cursor.end || *cursor.at == '#')
        return LABELLED_END;
    return take_sample(&cursor, exposition->is_open_metrics, value, err) ? LABELLED_VALUE : LABELLED_WRONG;
}

enum labelled_step exposition_line(struct exposition *exposition, struct labelled *ret_value, struct err *err)
{
    enum labelled_step step = read_line(exposition, ret_value, err);

    if (step == LABELLED_WRONG)
        (void)err_wrap(err, "line %zu", exposition->line);
    return step;
}

enum labelled_step exposition_next(struct exposition *exposition, struct labelled *ret_value, struct err *err)
{
    enum labelled_step step = LABELLED_END;

    while (step == LABELLED_END && exposition->at < exposition->end)
        step = exposition_line(exposition, ret_value, err);
    return step;
}
