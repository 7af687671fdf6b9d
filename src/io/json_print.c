/* json_print.c - JSON as text; own code, because cJSON rounds doubles to what is nearly equal.
 * SPDX-License-Identifier: MIT */
#include "io/buffer.h"
#include "io/json.h"
#include "io/utf8.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct printer {
    struct buffer buffer;
    bool is_pretty;
    size_t depth;
};

static void print_item(struct printer *printer, const cJSON *item);

static void put_bytes(struct printer *printer, const char *bytes, size_t length)
{
    bool is_added = buffer_add(&printer->buffer, bytes, length);

    assert(is_added); /* its maximum is the address space */
    (void)is_added;
}

static void put(struct printer *printer, const char *text)
{
    put_bytes(printer, text, strlen(text));
}

static bool is_whole(double number)
{
    return fabs(number) <= (double)JSON_INTEGER_MAX && number == trunc(number);
}

/* The fewest digits that read back equal; inside the "C" locale. */
static void format_fraction(double number, char to[JSON_NUMBER_MAX])
{
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(to, JSON_NUMBER_MAX, "%.*g", digits, number);
        if (strtod(to, NULL) == number)
            return;
    }
}

const char *json_format_number(double number, char to[JSON_NUMBER_MAX])
{
    if (is_whole(number) || !isfinite(number)) { /* looks alike in all locales */
        (void)snprintf(to, JSON_NUMBER_MAX, isfinite(number) ? "%.0f" : "null", number);
        return to;
    }
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before = uselocale(plain);
    format_fraction(number, to);
    (void)uselocale(before);
    freelocale(plain);
    return to;
}

/* One character of a text; broken UTF-8 becomes the replacement character. Returns the bytes it took. */
static size_t print_character(struct printer *printer, const char *at, size_t left)
{
    static const char escapes[] = "\"\"\\\\b\bf\fn\nr\rt\t";
    size_t length = utf8_length(at, left);
    char escaped[8];

    if (length == 0) {
        put(printer, "\xEF\xBF\xBD");
        return 1;
    }
    for (size_t i = 0; escapes[i] != '\0'; i += 2) {
        if (escapes[i + 1] != *at)
            continue;
        put_bytes(printer, (const char[]){'\\', escapes[i]}, 2);
        return 1;
    }
    if ((unsigned char)*at < ' ' || *at == 0x7f) {
        (void)snprintf(escaped, sizeof(escaped), "\\u%04x", (unsigned)*at);
        put(printer, escaped);
        return 1;
    }
    put_bytes(printer, at, length);
    return length;
}

/* How much of it stands for itself. */
static size_t plain_length(const char *text, size_t left)
{
    size_t length = 0;

    while (length < left && text[length] >= ' ' && text[length] < '\x7f' && text[length] != '"' &&
           text[length] != '\\')
        length++;
    return length;
}

static void print_text(struct printer *printer, const char *text)
{
    size_t left = strlen(text);

    put(printer, "\"");
    while (left > 0) {
        size_t taken = plain_length(text, left);
        if (taken > 0)
            put_bytes(printer, text, taken);
        else
            taken = print_character(printer, text, left);
        text += taken;
        left -= taken;
    }
    put(printer, "\"");
}

static void break_line(struct printer *printer)
{
    if (!printer->is_pretty)
        return;
    put(printer, "\n");
    for (size_t i = 0; i < printer->depth; i++)
        put(printer, "  ");
}

static void print_children(struct printer *printer, const cJSON *parent, const char *open, const char *close)
{
    put(printer, open);
    printer->depth++;
    for (const cJSON *child = parent->child; child != NULL; child = child->next) {
        break_line(printer);
        if (cJSON_IsObject(parent)) {
            print_text(printer, child->string);
            put(printer, printer->is_pretty ? ": " : ":");
        }
        print_item(printer, child);
        if (child->next != NULL)
            put(printer, ",");
    }
    printer->depth--;
    if (parent->child != NULL)
        break_line(printer);
    put(printer, close);
}

static void print_item(struct printer *printer, const cJSON *item)
{
    char number[JSON_NUMBER_MAX];

    if (cJSON_IsObject(item))
        print_children(printer, item, "{", "}");
    else if (cJSON_IsArray(item))
        print_children(printer, item, "[", "]");
    else if (cJSON_IsString(item))
        print_text(printer, item->valuestring);
    else if (cJSON_IsNumber(item))
        put(printer, json_format_number(item->valuedouble, number));
    else if (cJSON_IsRaw(item))
        put(printer, item->valuestring);
    else if (cJSON_IsBool(item))
        put(printer, cJSON_IsTrue(item) ? "true" : "false");
    else
        put(printer, "null");
}

static char *print(const cJSON *root, bool is_pretty)
{
    struct printer printer = {.is_pretty = is_pretty};

    buffer_init(&printer.buffer, SIZE_MAX / 4);
    print_item(&printer, root);
    if (is_pretty)
        put(&printer, "\n");
    return buffer_take(&printer.buffer);
}

char *json_print(const struct cJSON *root)
{
    return print(root, false);
}

char *json_print_pretty(const struct cJSON *root)
{
    return print(root, true);
}
