/* archives.c - how long series files keep what.
 * SPDX-License-Identifier: MIT */
#include "config/archives.h"

#include "base/duration.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 16, ROW_MAX_S = 86400, ROWS_MAX = 2700 * 1000 };

#define DAY_S       INT64_C(86400)
#define EXACT_MAX_S (31 * DAY_S)
#define SPAN_MIN_S  INT64_C(3600)
#define SPAN_MAX_S  (INT64_C(5) * 365 * DAY_S)

static bool parse_seconds(const char *text, int64_t *ret_s)
{
    int64_t ms = 0;

    if (!duration_parse(text, &ms) || ms % 1000 != 0)
        return false;
    *ret_s = ms / 1000;
    return true;
}

/* "2y" too: years are of 365 days, and longer than any other duration. */
static bool parse_span(const char *text, int64_t *ret_s)
{
    char number[WORD_MAX] = "";
    int64_t years = 0;
    size_t length = strlen(text);

    if (length < 2 || length > sizeof(number) || text[length - 1] != 'y')
        return parse_seconds(text, ret_s);
    memcpy(number, text, length - 1);
    if (!text_to_integer(number, 1, SPAN_MAX_S / (365 * DAY_S), &years))
        return false;
    *ret_s = years * 365 * DAY_S;
    return true;
}

static bool parse(const char *text, bool is_first, struct settings_archive *ret_archive)
{
    char row[WORD_MAX] = "";
    char span[WORD_MAX] = "";
    int end = 0;

    if (sscanf(text, "%15s for %15s%n", row, span, &end) != 2 || text[end] != '\0')
        return false;
    ret_archive->row_s = 0;
    bool is_row = is_first ? strcmp(row, "exact") == 0 : parse_seconds(row, &ret_archive->row_s);
    return is_row && parse_span(span, &ret_archive->span_s);
}

static bool check_first(const struct build *build, const struct node *node,
                        const struct settings_archive *archive)
{
    if (archive->span_s < SPAN_MIN_S || archive->span_s > EXACT_MAX_S)
        return report_node(build->report, node, "archives: '%s': exact values are kept for 1h to 31d",
                           node->text);
    return true;
}

static bool check_next(const struct build *build, const struct node *node,
                       const struct settings_archive *archive)
{
    const struct settings_archive *former = archive - 1;

    if (archive->row_s <= former->row_s || archive->row_s > ROW_MAX_S)
        return report_node(build->report, node,
                           "archives: '%s': its rows must be longer than those before, and a day at most",
                           node->text);
    if (archive->span_s <= former->span_s || archive->span_s > SPAN_MAX_S)
        return report_node(build->report, node,
                           "archives: '%s': it must reach back further than the one before, and 5y at most",
                           node->text);
    if (archive->span_s / archive->row_s > ROWS_MAX)
        return report_node(build->report, node, "archives: '%s': more than %d rows", node->text, ROWS_MAX);
    return true;
}

static bool take(const struct build *build, const struct node *node, struct settings *settings)
{
    struct settings_archive *archive = &settings->archives[settings->archive_count];
    bool is_first = settings->archive_count == 0;

    if (node->kind != NODE_TEXT || !parse(node->text, is_first, archive))
        return report_node(build->report, node, "archives: %s is not like \"%s\"",
                           node->kind == NODE_TEXT ? node->text : node_kind_name(node->kind),
                           is_first ? "exact for 2d" : "1m for 30d");
    settings->archive_count++;
    return is_first ? check_first(build, node, archive) : check_next(build, node, archive);
}

static void take_default(struct settings *settings)
{
    static const struct settings_archive usual[] = {{0, 2 * DAY_S}, {60, 30 * DAY_S}, {3600, 730 * DAY_S}};

    memcpy(settings->archives, usual, sizeof(usual));
    settings->archive_count = ARRAY_LENGTH(usual);
}

bool archives_read(const struct build *build, const struct node *root, struct settings *settings)
{
    const struct node *list = tree_find(root, "archives");

    if (list == NULL) {
        take_default(settings);
        return true;
    }
    if (list->kind != NODE_LIST)
        return report_node(build->report, list, "archives: takes a list [ %s ]", ARCHIVES_DEFAULT);
    if (list->count < 1 || list->count > SETTINGS_ARCHIVES_MAX)
        return report_node(build->report, list, "archives: 1 to %d of them", SETTINGS_ARCHIVES_MAX);
    for (size_t i = 0; i < list->count; i++)
        if (!take(build, &list->children[i], settings))
            return false;
    return true;
}
