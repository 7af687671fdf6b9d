/* report.c - findings with their places and source lines.
 * SPDX-License-Identifier: MIT */
#include "config/report.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_same(const struct config_finding *a, const struct config_finding *b)
{
    return a->line == b->line && strcmp(a->text, b->text) == 0 && strcmp(a->file, b->file) == 0;
}

static void cut_copy(char *to, size_t size, const char *from, size_t length)
{
    struct text text;

    text_init(&text, to, size);
    text_add_bytes(&text, from, length);
}

/* Line number `line` (from 1) of the text, without what stands around it. */
static void copy_line(char *to, size_t size, const char *text, unsigned line)
{
    for (unsigned i = 1; i < line && text != NULL; i++) {
        text = strchr(text, '\n');
        text = text == NULL ? NULL : text + 1;
    }
    if (text == NULL)
        return;
    text += strspn(text, " \t");
    size_t length = strcspn(text, "\r\n");
    cut_copy(to, size, text, length);
}

static bool add(struct config_report *report, const struct source *source, unsigned line, bool is_hidden,
                const char *format, va_list arguments)
{
    struct config_finding finding = {.line = line};

    report->said++;
    cut_copy(finding.file, sizeof(finding.file), source->path, strlen(source->path));
    (void)vsnprintf(finding.text, sizeof(finding.text), format, arguments);
    if (line > 0 && !is_hidden && source->text != NULL)
        copy_line(finding.source, sizeof(finding.source), source->text, line);
    for (size_t i = 0; i < report->count && i < CONFIG_FINDINGS_MAX; i++)
        if (is_same(&report->findings[i], &finding))
            return false;
    if (report->count < CONFIG_FINDINGS_MAX)
        report->findings[report->count] = finding;
    report->count++;
    return false;
}

bool report_add(struct config_report *report, const struct source *source, unsigned line, const char *format,
                ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)add(report, source, line, false, format, arguments);
    va_end(arguments);
    return false;
}

bool report_node(struct config_report *report, const struct node *node, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)add(report, node->source, node->line, false, format, arguments);
    va_end(arguments);
    return false;
}

void report_warn(struct config_report *report, const struct node *node, const char *format, ...)
{
    struct config_finding finding = {.line = node->line};
    va_list arguments;

    cut_copy(finding.file, sizeof(finding.file), node->source->path, strlen(node->source->path));
    va_start(arguments, format);
    (void)vsnprintf(finding.text, sizeof(finding.text), format, arguments);
    va_end(arguments);
    for (size_t i = 0; i < report->warning_count; i++)
        if (is_same(&report->warnings[i], &finding))
            return;
    if (report->warning_count < CONFIG_WARNINGS_MAX)
        report->warnings[report->warning_count++] = finding;
}

bool report_hidden(struct config_report *report, const struct node *node, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)add(report, node->source, node->line, true, format, arguments);
    va_end(arguments);
    return false;
}

bool report_unknown(struct config_report *report, const struct node *node, const char *what, const char *name,
                    const char *const *candidates, size_t count)
{
    const char *nearest = text_nearest(name, candidates, count);

    if (nearest == NULL)
        return report_node(report, node, "unknown %s '%s'", what, name);
    return report_node(report, node, "unknown %s '%s'; did you mean '%s'?", what, name, nearest);
}

static int by_place(const void *left, const void *right)
{
    const struct config_finding *a = left;
    const struct config_finding *b = right;
    int order = strcmp(a->file, b->file);

    if (order == 0)
        order = (a->line > b->line) - (a->line < b->line);
    return order != 0 ? order : strcmp(a->text, b->text);
}

void report_sort(struct config_report *report)
{
    size_t count = report->count < CONFIG_FINDINGS_MAX ? report->count : CONFIG_FINDINGS_MAX;

    qsort(report->findings, count, sizeof(report->findings[0]), by_place);
    qsort(report->warnings, report->warning_count, sizeof(report->warnings[0]), by_place);
}

const char *config_finding_format(const struct config_finding *finding, char *to, size_t size)
{
    struct text text;

    text_init(&text, to, size);
    text_add(&text, "%s", finding->file);
    if (finding->line > 0)
        text_add(&text, ":%u", finding->line);
    text_add(&text, ": %s", finding->text);
    if (finding->source[0] != '\0')
        text_add(&text, "\n    %s", finding->source);
    return to;
}
