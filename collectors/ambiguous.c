/* ambiguous.c - names series by the labels in which they differ.
 * SPDX-License-Identifier: MIT */
#include "collectors/ambiguous.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { LABEL_END = '\x1e', NAME_END = '\x1f', SET_SIZE = 72, VALUE_MAX = 40, NUMBER_SIZE = 24 };

static const char more[] = ", ...";

/* One label of a set: `name NAME_END value`, ends with LABEL_END. */
struct piece {
    const char *text;
    size_t length; /* with its end */
};

static bool next_piece(const char **place, struct piece *ret_piece)
{
    const char *end = strchr(*place, LABEL_END);

    if (end == NULL)
        return false;
    *ret_piece = (struct piece){.text = *place, .length = (size_t)(end + 1 - *place)};
    *place = end + 1;
    return true;
}

static bool has_piece(const char *labels, const struct piece *wanted)
{
    struct piece piece;

    while (next_piece(&labels, &piece))
        if (piece.length == wanted->length && memcmp(piece.text, wanted->text, wanted->length) == 0)
            return true;
    return false;
}

static bool is_common(const struct prometheus_sample *samples, size_t count, const struct piece *piece)
{
    size_t i = 0;

    while (i < count && has_piece(samples[i].labels, piece))
        i++;
    return i == count;
}

/* At most VALUE_MAX bytes of it, and no part of a character. */
static size_t cut_length(const char *value, size_t length)
{
    if (length <= VALUE_MAX)
        return length;
    length = VALUE_MAX;
    while (length > 0 && ((unsigned char)value[length] & 0xC0) == 0x80)
        length--;
    return length;
}

static void add_piece(struct text *set, const struct piece *piece)
{
    size_t length = piece->length - 1;
    const char *name_end = memchr(piece->text, NAME_END, length);

    if (set->length > 1)
        text_add_text(set, ",");
    if (name_end == NULL) {
        text_add_bytes(set, piece->text, length);
        return;
    }
    const char *value = name_end + 1;
    size_t value_length = (size_t)(piece->text + length - value);
    size_t shown = cut_length(value, value_length);
    text_add_bytes(set, piece->text, (size_t)(name_end - piece->text));
    text_add_text(set, "=\"");
    text_add_bytes(set, value, shown);
    text_add_text(set, shown < value_length ? "...\"" : "\"");
}

/* As many of its labels as there is room for, each as a whole. */
static void format_set(struct text *set, const struct prometheus_sample *samples, size_t count, size_t which)
{
    const char *place = samples[which].labels;
    struct piece piece;

    text_add_text(set, "{");
    while (next_piece(&place, &piece)) {
        struct text tried = *set;
        if (piece.length == 1 || is_common(samples, count, &piece))
            continue;
        add_piece(&tried, &piece);
        if (tried.is_cut || tried.length + sizeof(",...}") > tried.size) {
            set->data[set->length] = '\0';
            text_add_text(set, set->length > 1 ? ",..." : "...");
            break;
        }
        *set = tried;
    }
    text_add_text(set, "}");
}

void ambiguous_format(char why[AMBIGUOUS_WHY_SIZE], const char *what, const struct prometheus_sample *samples,
                      size_t sample_count, size_t count)
{
    size_t named = sample_count < AMBIGUOUS_NAMED_MAX ? sample_count : AMBIGUOUS_NAMED_MAX;
    char number[NUMBER_SIZE] = "several";
    struct text text;

    if (count > 0)
        (void)snprintf(number, sizeof(number), "%zu", count);
    text_init(&text, why, AMBIGUOUS_WHY_SIZE);
    text_add(&text, "%.24s has %s series where one is expected; choose one, or combine them: ", what, number);
    for (size_t i = 0; i < named; i++) {
        char memory[SET_SIZE];
        struct text set;
        bool is_last = i + 1 == count;
        text_init(&set, memory, sizeof(memory));
        format_set(&set, samples, named, i);
        if (text.length + 2 + set.length + (is_last ? 0 : sizeof(more) - 1) >= text.size) {
            text_add_text(&text, more);
            return;
        }
        text_add(&text, "%s%s", i == 0 ? "" : ", ", set.data);
    }
    if (named < count)
        text_add_text(&text, more);
}
