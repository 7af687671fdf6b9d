/* form.c - blanks found, and filled in.
 * SPDX-License-Identifier: MIT */
#include "base/form.h"

#include <string.h>

#define OPEN    "{{"
#define CLOSE   "}}"
#define LITERAL "{{{{" /* stands for OPEN */

enum { BRACES = 2 };

struct reading {
    struct form *form;
    const char *at;
    unsigned line;
    const char *line_begin;
    bool is_quoted; /* since the last odd quote of this line */
    struct form_place *place;
    struct err *err;
};

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void note_place(const struct reading *reading)
{
    *reading->place = (struct form_place){reading->line, (unsigned)(reading->at - reading->line_begin) + 1};
}

static bool fail(const struct reading *reading, const char *what)
{
    note_place(reading);
    return err_set(reading->err, ERR_INVALID, "%s", what);
}

static bool check_line(const struct reading *reading)
{
    const char *why = NULL;

    if (reading->form->kind == FORM_SHELL)
        why = form_kind_refuse_line(reading->at, strcspn(reading->at, "\n"));
    if (why == NULL)
        return true;
    note_place(reading);
    return err_set(reading->err, ERR_INVALID,
                   "the line %s; a shell file has lines NAME=value, where a blank "
                   "is the whole value",
                   why);
}

static bool unknown_type(const struct reading *reading, const char *type, size_t length)
{
    char memory[METRIC_MAX_LENGTH + 1];
    const char *names[FORM_TYPE_COUNT];
    struct text name;

    text_init(&name, memory, sizeof(memory));
    text_add_bytes(&name, type, length);
    for (int i = 0; i < FORM_TYPE_COUNT; i++)
        names[i] = form_type_name((enum form_type)i);
    const char *nearest = text_nearest(memory, names, FORM_TYPE_COUNT);
    note_place(reading);
    return err_set(reading->err, ERR_INVALID, "no type is called '%s'%s%s%s", memory,
                   nearest == NULL ? "" : "; did you mean '", nearest == NULL ? "" : nearest,
                   nearest == NULL ? "" : "'?");
}

/* {{name:type}}, blanks around both. */
static bool parse_blank(const struct reading *reading, struct form_blank *blank, size_t *ret_length)
{
    static const char known[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    const char *name = reading->at + BRACES + strspn(reading->at + BRACES, " ");
    size_t length = strspn(name, known);
    const char *colon = name + length + strspn(name + length, " ");

    if (length == 0 || length > METRIC_MAX_LENGTH)
        return fail(reading, "{{ needs name:type and }} behind it ({{{{ stands for {{)");
    memcpy(blank->name, name, length);
    if (!text_is_metric(blank->name))
        return fail(reading, "a blank is called by small letters, digits and _, a letter first");
    if (*colon != ':')
        return fail(reading, "the blank has no type: {{name:type}}");
    const char *type = colon + 1 + strspn(colon + 1, " ");
    size_t type_length = strspn(type, known);
    const char *close = type + type_length + strspn(type + type_length, " ");
    if (!begins(close, CLOSE))
        return fail(reading, "{{ needs name:type and }} behind it ({{{{ stands for {{)");
    blank->type = form_type_find(type, type_length);
    if (blank->type == FORM_TYPE_COUNT)
        return unknown_type(reading, type, type_length);
    *ret_length = (size_t)(close + BRACES - reading->at);
    return true;
}

static bool is_one_of(char c, const char *known)
{
    return c == '\0' || strchr(known, c) != NULL;
}

/* Where texts get quotes of their own, one that has none around it must be all of its token. */
static bool stands_alone(const struct reading *reading, size_t length)
{
    bool is_first = reading->at == reading->line_begin;
    const char *before = reading->form->kind == FORM_JSON ? " \t[{,=:" : " \t[{,=";

    return (is_first || is_one_of(reading->at[-1], before)) && is_one_of(reading->at[length], " \t\r\n,]}");
}

static bool check_quotes(const struct reading *reading, const struct form_blank *blank, size_t length)
{
    enum form_kind kind = reading->form->kind;
    size_t lead = (size_t)(reading->at - reading->line_begin);

    if (!form_kind_is_quoting(kind))
        return true;
    if (kind != FORM_JSON && memchr(reading->line_begin, '\'', lead) != NULL)
        return fail(reading, "no blank stands behind a single quote; write \" in its place");
    if (blank->is_quoted)
        return blank->type != FORM_LIST || fail(reading, "a list cannot stand between quotes");
    return form_type_is_bare(blank->type) || stands_alone(reading, length) ||
           fail(reading, "a text stands by itself, or between quotes");
}

static bool check_blank(const struct reading *reading, const struct form_blank *blank)
{
    const struct form *form = reading->form;

    if (form->count == FORM_BLANKS_MAX) {
        note_place(reading);
        return err_set(reading->err, ERR_LIMIT, "more than %d blanks", FORM_BLANKS_MAX);
    }
    for (size_t i = 0; i < form->count; i++)
        if (strcmp(form->blanks[i].name, blank->name) == 0 && form->blanks[i].type != blank->type)
            return fail(reading, "the blank has another type further up");
    return true;
}

static bool take_blank(struct reading *reading)
{
    struct form *form = reading->form;
    struct form_blank blank = {.line = reading->line,
                               .column = (unsigned)(reading->at - reading->line_begin) + 1,
                               .begin = (size_t)(reading->at - form->text),
                               .is_quoted = reading->is_quoted};
    size_t length = 0;

    if (!parse_blank(reading, &blank, &length) || !check_blank(reading, &blank) ||
        !check_quotes(reading, &blank, length))
        return false;
    blank.end = blank.begin + length;
    form->blanks[form->count++] = blank;
    reading->at += length;
    return true;
}

static bool begin_line(struct reading *reading)
{
    reading->line++;
    reading->line_begin = reading->at;
    reading->is_quoted = false;
    return check_line(reading);
}

static bool take_next(struct reading *reading)
{
    const char *at = reading->at;
    bool is_quoting = form_kind_is_quoting(reading->form->kind);

    if (begins(at, LITERAL)) {
        reading->at += strlen(LITERAL);
        return true;
    }
    if (begins(at, OPEN))
        return take_blank(reading);
    reading->at++;
    if (is_quoting && *at == '\\' && reading->is_quoted && *reading->at != '\0' && *reading->at != '\n')
        reading->at++;
    else if (is_quoting && *at == '"')
        reading->is_quoted = !reading->is_quoted;
    else if (*at == '\n')
        return begin_line(reading);
    return true;
}

bool form_parse(const char *text, enum form_kind kind, struct form *ret_form, struct form_place *ret_place,
                struct err *err)
{
    struct reading reading = {
        .form = ret_form, .at = text, .line_begin = text, .place = ret_place, .err = err};

    *ret_form = (struct form){.text = text, .kind = kind};
    *ret_place = (struct form_place){1, 1};
    if (strlen(text) > FORM_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "longer than %d bytes", FORM_BYTES_MAX);
    bool is_good = begin_line(&reading);
    while (is_good && *reading.at != '\0')
        is_good = take_next(&reading);
    return is_good;
}

/* A secret is not shown. */
static bool refuse(const struct form_blank *blank, const char *value, const char *why, struct err *err)
{
    if (blank->type == FORM_SECRET)
        return err_set(err, ERR_INVALID, "%s: the secret: %s", blank->name, why);
    return err_set(err, ERR_INVALID, "%s: '%.200s': %s", blank->name, value, why);
}

static bool check_elements(const struct form *form, const struct form_blank *blank, const char *value,
                           struct err *err)
{
    char element[FORM_VALUE_SIZE];

    while (*value != '\0') {
        struct text text;
        size_t length = strcspn(value, "\n");
        text_init(&text, element, sizeof(element));
        text_add_bytes(&text, value, length);
        const char *why = form_kind_refusal(form->kind, true, element);
        if (why != NULL)
            return refuse(blank, element, why, err);
        value += length + (value[length] == '\n');
    }
    return true;
}

bool form_check(const struct form *form, const struct form_blank *blank, const char *value, struct err *err)
{
    char memory[FORM_NUMBER_SIZE];

    if (strlen(value) >= FORM_VALUE_SIZE)
        return err_set(err, ERR_LIMIT, "%s: longer than %d bytes", blank->name, FORM_VALUE_SIZE - 1);
    const char *read = form_type_read(blank->type, value, memory);
    if (read == NULL && blank->type == FORM_SECRET)
        return err_set(err, ERR_INVALID, "%s: is not %s", blank->name, form_type_help(blank->type));
    if (read == NULL)
        return err_set(err, ERR_INVALID, "%s: '%.200s' is not %s", blank->name, value,
                       form_type_help(blank->type));
    if (blank->type == FORM_LIST)
        return check_elements(form, blank, value, err);
    const char *why = form_kind_refusal(form->kind, false, read);
    return why == NULL || refuse(blank, value, why, err);
}

/* What stands between blanks, "{{{{" made "{{". */
static void write_between(const char *from, const char *to, struct text *text)
{
    while (from < to) {
        const char *literal = strstr(from, LITERAL);
        if (literal == NULL || literal >= to)
            literal = to;
        text_add_bytes(text, from, (size_t)(literal - from));
        if (literal < to)
            text_add(text, OPEN);
        from = literal + (literal < to ? strlen(LITERAL) : 0);
    }
}

bool form_fill(const struct form *form, const char *const *values, struct text *to, struct err *err)
{
    size_t at = 0;

    for (size_t i = 0; i < form->count; i++) {
        const struct form_blank *blank = &form->blanks[i];
        char memory[FORM_NUMBER_SIZE];
        if (values[i] == NULL)
            return err_set(err, ERR_NOT_FOUND, "%s: has no value", blank->name);
        if (!form_check(form, blank, values[i], err))
            return false;
        write_between(form->text + at, form->text + blank->begin, to);
        form_kind_write(form->kind, form_type_read(blank->type, values[i], memory),
                        form_type_is_bare(blank->type), blank->type == FORM_LIST, blank->is_quoted, to);
        at = blank->end;
    }
    write_between(form->text + at, form->text + strlen(form->text), to);
    return !to->is_cut || err_set(err, ERR_LIMIT, "longer than %zu bytes when it is filled in", to->size - 1);
}
