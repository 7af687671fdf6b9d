/* form_kind.c - values as kinds of files write them.
 * SPDX-License-Identifier: MIT */
#include "base/form_kind.h"

#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
#define DIGITS  "0123456789"

const char *const form_kind_names[FORM_KIND_COUNT + 1] = {"plain", "ini",  "shell", "json",
                                                          "yaml",  "toml", NULL};

/* Quotes, what separates the elements of a list, and what no text or no element may have. */
static const struct row {
    const char *open, *close;
    const char *list_open, *list_close, *between;
    const char *not_in_text, *not_in_element;
    bool is_quoting;
} rows[FORM_KIND_COUNT] = {
    [FORM_PLAIN] = {"", "", "", "", ",", "", ",", false},
    [FORM_INI] = {"", "", "", "", ",", ";#", ",;#", false},
    [FORM_SHELL] = {"'", "'", "'", "'", " ", "", " ", false},
    [FORM_JSON] = {"\"", "\"", "[", "]", ", ", "", "", true},
    [FORM_YAML] = {"\"", "\"", "[", "]", ", ", "", "", true},
    [FORM_TOML] = {"\"", "\"", "[", "]", ", ", "", "", true},
};

bool form_kind_is_quoting(enum form_kind kind)
{
    return rows[kind].is_quoting;
}

const char *form_kind_refusal(enum form_kind kind, bool is_element, const char *text)
{
    size_t length = strlen(text);

    if (strpbrk(text, is_element ? rows[kind].not_in_element : rows[kind].not_in_text) != NULL)
        return is_element ? "an element has a character that would end it there"
                          : "it has a character that begins a comment there";
    if (kind == FORM_INI && length > 0 && (text[0] == ' ' || text[length - 1] == ' '))
        return "it begins or ends with a blank, which would be lost there";
    return NULL;
}

static void write_escaped(enum form_kind kind, const char *value, size_t length, struct text *to)
{
    for (size_t i = 0; i < length; i++) {
        if (kind == FORM_SHELL && value[i] == '\'')
            text_add(to, "'\\''");
        else if (rows[kind].is_quoting && (value[i] == '"' || value[i] == '\\'))
            text_add(to, "\\%c", value[i]);
        else
            text_add_bytes(to, &value[i], 1);
    }
}

static void write_list(enum form_kind kind, const char *value, struct text *to)
{
    const struct row *row = &rows[kind];
    bool is_quoted = row->is_quoting;

    text_add(to, "%s", row->list_open);
    while (*value != '\0') {
        size_t length = strcspn(value, "\n");
        text_add(to, "%s", is_quoted ? row->open : "");
        write_escaped(kind, value, length, to);
        text_add(to, "%s", is_quoted ? row->close : "");
        value += length + (value[length] == '\n');
        text_add(to, "%s", *value != '\0' ? row->between : "");
    }
    text_add(to, "%s", row->list_close);
}

void form_kind_write(enum form_kind kind, const char *value, bool is_bare, bool is_list, bool is_quoted,
                     struct text *to)
{
    bool has_quotes = !is_bare && !is_quoted;

    if (is_list) {
        write_list(kind, value, to);
        return;
    }
    text_add(to, "%s", has_quotes ? rows[kind].open : "");
    write_escaped(kind, value, strlen(value), to);
    text_add(to, "%s", has_quotes ? rows[kind].close : "");
}

static bool begins(const char *text, size_t length, const char *with)
{
    return length >= strlen(with) && strncmp(text, with, strlen(with)) == 0;
}

/* Behind "NAME=", without a blank in it. */
static const char *refuse_literal(const char *text, size_t length)
{
    char quote = '\0';

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '`' || (text[i] == '$' && i + 1 < length && text[i + 1] == '('))
            return "runs a command";
        bool is_escape = text[i] == '\\' && quote != '\'';
        if (is_escape && i + 1 == length)
            return "goes on in the next line";
        if (is_escape)
            i++;
        else if (quote == '\0' && (text[i] == '\'' || text[i] == '"'))
            quote = text[i];
        else if (text[i] == quote)
            quote = '\0';
    }
    return quote == '\0' ? NULL : "has a quote that does not end";
}

const char *form_kind_refuse_line(const char *line, size_t length)
{
    size_t lead = 0;

    while (lead < length && (line[lead] == ' ' || line[lead] == '\t'))
        lead++;
    line += lead;
    length -= lead;
    if (length == 0 || line[0] == '#')
        return NULL;
    size_t from = begins(line, length, "export ") ? strlen("export ") : 0;
    size_t name = strspn(line + from, LETTERS DIGITS);
    if (name == 0 || strchr(DIGITS, line[from]) != NULL || from + name >= length || line[from + name] != '=')
        return "is neither NAME=value nor a comment";
    const char *value = line + from + name + 1;
    size_t rest = length - from - name - 1;
    const char *open = memmem(value, rest, "{{", 2);
    if (open == NULL)
        return refuse_literal(value, rest);
    const char *close = memmem(value, rest, "}}", 2);
    return open == value && close == value + rest - 2 ? NULL : "has more than one blank behind NAME=";
}
