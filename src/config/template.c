/* template.c - {{name}} in texts.
 * SPDX-License-Identifier: MIT */
#include "config/template.h"

#include "config/config.h"

#include <string.h>

static const char *const sidewise[] = {"version", "previous", "slot", "host", "address", "resolution"};

bool template_is_sidewise(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(sidewise); i++)
        if (strcmp(sidewise[i], name) == 0)
            return true;
    return false;
}

bool template_has(const char *text, const char *name)
{
    struct placeholder found = placeholder_find(text);

    while (found.kind == PLACEHOLDER_NAME) {
        if (strcmp(found.name, name) == 0)
            return true;
        found = placeholder_find(found.after);
    }
    return false;
}

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

static void add_url(struct text *text, char c)
{
    if (is_unreserved(c))
        text_add_bytes(text, &c, 1);
    else
        text_add(text, "%%%02X", (unsigned char)c);
}

/* Inside a quoted text, whichever of the three quotes it has. */
static void add_promql(struct text *text, char c)
{
    if (c == '\n')
        text_add(text, "\\n");
    else if (strchr("\\'\"`", c) != NULL)
        text_add(text, "\\%c", c);
    else
        text_add_bytes(text, &c, 1);
}

static void add_json(struct text *text, char c)
{
    if (c == '"' || c == '\\')
        text_add(text, "\\%c", c);
    else if ((unsigned char)c < 0x20)
        text_add(text, "\\u%04x", (unsigned char)c);
    else
        text_add_bytes(text, &c, 1);
}

static void add_escaped(struct text *text, const char *value, enum template_escape escape)
{
    for (; *value != '\0'; value++) {
        switch (escape) {
        case TEMPLATE_PLAIN:
            text_add_bytes(text, value, 1);
            break;
        case TEMPLATE_URL:
            add_url(text, *value);
            break;
        case TEMPLATE_PROMQL:
            add_promql(text, *value);
            break;
        case TEMPLATE_JSON:
            add_json(text, *value);
            break;
        }
    }
}

static const char *find_pair(const char *name, const char *const *pairs, size_t pair_count)
{
    for (size_t i = 0; i < pair_count; i++)
        if (strcmp(pairs[2 * i], name) == 0)
            return pairs[2 * i + 1];
    return NULL;
}

bool template_fill(const char *text, const char *const *pairs, size_t pair_count, enum template_escape escape,
                   char *to, size_t size, struct err *err)
{
    struct text filled;
    struct placeholder found = placeholder_find(text);

    text_init(&filled, to, size);
    for (; found.kind == PLACEHOLDER_NAME; found = placeholder_find(text)) {
        const char *value = find_pair(found.name, pairs, pair_count);
        if (value == NULL)
            return err_set(err, ERR_INVALID, "{{%s}} is not filled", found.name);
        text_add_bytes(&filled, text, found.before);
        add_escaped(&filled, value, escape);
        text = found.after;
    }
    if (found.kind == PLACEHOLDER_BROKEN)
        return err_set(err, ERR_INVALID, "{{ needs a name and }} behind it");
    text_add_bytes(&filled, text, found.before);
    if (filled.is_cut)
        return err_set(err, ERR_LIMIT, "longer than %zu bytes when it is filled in", size - 1);
    return true;
}
