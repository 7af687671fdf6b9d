/* influx_line.c - measurement,tag=text field=number,field=number time.
 * SPDX-License-Identifier: MIT */
#include "collectors/influx_line.h"

#include "base/attributes.h"
#include "base/text.h"
#include "io/utf8.h"

#include <stdio.h>
#include <string.h>

enum { NUMBER_MAX = 63 };

/* The line that is read, and where its decoded texts go. */
struct cursor {
    const char *at, *end;
    char *to;
};

void influx_lines_begin(struct influx_lines *lines, const char *bytes, size_t length)
{
    lines->at = bytes;
    lines->end = bytes + length;
    lines->line = 0;
    lines->field_count = 0;
    lines->field = 0;
}

/* ---- parts of a line ---- */

/* Up to one of `ends`, a backslash takes it in. */
static bool take_word(struct cursor *cursor, const char *ends, const char **ret_word)
{
    const char *word = cursor->to;

    while (cursor->at < cursor->end && strchr(ends, *cursor->at) == NULL) {
        if (*cursor->at == '\\' && cursor->at + 1 < cursor->end && strchr(", =", cursor->at[1]) != NULL)
            cursor->at++;
        *cursor->to++ = *cursor->at++;
    }
    bool is_empty = cursor->to == word;
    *cursor->to++ = '\0';
    *ret_word = word;
    return !is_empty;
}

static bool take_byte(struct cursor *cursor, char byte)
{
    if (cursor->at == cursor->end || *cursor->at != byte)
        return false;
    cursor->at++;
    return true;
}

static bool has_label(const struct labelled *head, const char *name)
{
    for (size_t i = 0; i < head->label_count; i++)
        if (strcmp(head->labels[i].name, name) == 0)
            return true;
    return false;
}

static bool take_tag(struct cursor *cursor, struct labelled *head, struct err *err)
{
    struct label label = {0};

    if (!take_word(cursor, ",= ", &label.name) || !take_byte(cursor, '=') ||
        !take_word(cursor, ",= ", &label.value))
        return err_set(err, ERR_PROTOCOL, "tag=text is expected behind the comma");
    if (has_label(head, label.name))
        return err_set(err, ERR_PROTOCOL, "the tag %.60s is there twice", label.name);
    if (head->label_count == LABELLED_LABELS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d tags", LABELLED_LABELS_MAX);
    head->labels[head->label_count++] = label;
    return true;
}

/* Behind the opening quote: what it says is no number, so it is left out. */
static bool skip_text(struct cursor *cursor)
{
    while (cursor->at < cursor->end && *cursor->at != '"')
        cursor->at += *cursor->at == '\\' && cursor->at + 1 < cursor->end ? 2 : 1;
    return take_byte(cursor, '"');
}

static bool read_truth(const char *word, double *ret_value)
{
    static const char *const truths[] = {"t", "T", "true",  "True",  "TRUE",
                                         "f", "F", "false", "False", "FALSE"};

    for (size_t i = 0; i < ARRAY_LENGTH(truths); i++)
        if (strcmp(word, truths[i]) == 0) {
            *ret_value = i < ARRAY_LENGTH(truths) / 2;
            return true;
        }
    return false;
}

/* 1.5, 1e3, 1i, 1u, or a truth. */
static bool read_number(const char *word, double *ret_value)
{
    char digits[NUMBER_MAX + 1];
    size_t length = strlen(word);

    if (length == 0 || length > NUMBER_MAX)
        return false;
    if (word[length - 1] != 'i' && word[length - 1] != 'u')
        return text_to_number(word, ret_value) || read_truth(word, ret_value);
    memcpy(digits, word, length - 1);
    digits[length - 1] = '\0';
    return strspn(digits, "-0123456789") == length - 1 && text_to_number(digits, ret_value);
}

static bool take_field(struct cursor *cursor, struct influx_lines *lines, struct err *err)
{
    struct influx_field field = {.is_number = true};
    const char *word = NULL;

    if (!take_word(cursor, ",= ", &field.name) || !take_byte(cursor, '='))
        return err_set(err, ERR_PROTOCOL, "field=value is expected");
    if (take_byte(cursor, '"')) {
        field.is_number = false;
        if (!skip_text(cursor))
            return err_set(err, ERR_PROTOCOL, "the text of the field %.60s does not end", field.name);
    } else if (!take_word(cursor, ", ", &word) || !read_number(word, &field.value))
        return err_set(err, ERR_PROTOCOL, "'%.60s' is not the value of the field %.60s: no number",
                       word != NULL ? word : "", field.name);
    if (lines->field_count == INFLUX_FIELDS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d fields", INFLUX_FIELDS_MAX);
    lines->fields[lines->field_count++] = field;
    return true;
}

/* Seconds are less than 1e11 until the year 5138, and so on in thousands. */
static bool read_time(const char *word, struct labelled *head)
{
    int64_t time = 0;

    if (!text_to_integer(word, 0, INT64_MAX, &time))
        return false;
    head->has_time = true;
    if (time < INT64_C(100000000000))
        head->time_ms = time * 1000;
    else if (time < INT64_C(100000000000000))
        head->time_ms = time;
    else
        head->time_ms = time < INT64_C(100000000000000000) ? time / 1000 : time / 1000000;
    return true;
}

static bool take_fields(struct cursor *cursor, struct influx_lines *lines, struct err *err)
{
    const char *word = NULL;

    do {
        if (!take_field(cursor, lines, err))
            return false;
    } while (take_byte(cursor, ','));
    if (cursor->at < cursor->end && !take_byte(cursor, ' '))
        return err_set(err, ERR_PROTOCOL, "a comma or a blank is expected behind the field %.60s",
                       lines->fields[lines->field_count - 1].name);
    if (cursor->at == cursor->end)
        return true;
    (void)!take_word(cursor, "", &word);
    return read_time(word, &lines->head) || err_set(err, ERR_PROTOCOL, "'%.60s' is no time", word);
}

static bool take_measurement(struct cursor *cursor, struct influx_lines *lines, struct err *err)
{
    struct labelled *head = &lines->head;

    head->label_count = 0;
    head->has_time = false;
    head->time_ms = 0;
    lines->field_count = 0;
    lines->field = 0;
    if (!take_word(cursor, ", ", &head->name))
        return err_set(err, ERR_PROTOCOL, "the name of a measurement is expected");
    while (take_byte(cursor, ','))
        if (!take_tag(cursor, head, err))
            return false;
    if (!take_byte(cursor, ' '))
        return err_set(err, ERR_PROTOCOL, "%.60s has no fields", head->name);
    return take_fields(cursor, lines, err);
}

/* ---- lines ---- */

static bool read_line(struct influx_lines *lines, struct err *err)
{
    const char *end = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
    struct cursor cursor = {.at = lines->at, .end = end != NULL ? end : lines->end, .to = lines->texts};

    lines->at = end != NULL ? end + 1 : lines->end;
    lines->line++;
    if (cursor.end > cursor.at && cursor.end[-1] == '\r')
        cursor.end--;
    size_t length = (size_t)(cursor.end - cursor.at);
    if (length > LABELLED_LINE_MAX)
        return err_set(err, ERR_LIMIT, "longer than %d bytes", LABELLED_LINE_MAX);
    if (memchr(cursor.at, '\0', length) != NULL || !utf8_is_valid(cursor.at, length))
        return err_set(err, ERR_PROTOCOL, "no UTF-8");
    if (length == 0 || *cursor.at == '#')
        return true;
    return take_measurement(&cursor, lines, err);
}

enum labelled_step influx_lines_next(struct influx_lines *lines, struct labelled *ret_value, struct err *err)
{
    while (lines->field == lines->field_count) {
        if (lines->at == lines->end)
            return LABELLED_END;
        if (!read_line(lines, err)) {
            (void)err_wrap(err, "line %zu", lines->line);
            return LABELLED_WRONG;
        }
    }
    const struct influx_field *field = &lines->fields[lines->field++];
    *ret_value = lines->head;
    ret_value->name = lines->name;
    ret_value->is_number = field->is_number;
    ret_value->value = field->value;
    (void)snprintf(lines->name, sizeof(lines->name), "%s.%s", lines->head.name, field->name);
    return LABELLED_VALUE;
}
