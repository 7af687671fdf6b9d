/* metric_page.c - sorts samples into their families.
 * https://prometheus.io/docs/instrumenting/exposition_formats,
 * https://github.com/prometheus/OpenMetrics. SPDX-License-Identifier: MIT */
#include "api/metric_page.h"

#include "api/metric_families.h"
#include "base/text.h"
#include "io/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct line {
    const char *text;
    size_t length; /* with its end */
    struct line *next;
};

struct family_lines {
    struct line *first, **end;
};

/* ---- what is wanted ---- */

/* "q=0.5" among the parameters of a media range; 1 where there is none. */
static double quality_of(const char *range, size_t length)
{
    char number[16] = "";
    double quality = 1.0;

    for (size_t at = 0; at < length; at++) {
        const char *from = range + at + 1 + strspn(range + at + 1, " \t");
        if (range[at] != ';' || strncasecmp(from, "q=", 2) != 0)
            continue;
        size_t digits = strspn(from + 2, "0123456789.");
        (void)snprintf(number, sizeof(number), "%.*s", (int)(digits < 15 ? digits : 15), from + 2);
        return text_to_number(number, &quality) ? quality : 0.0;
    }
    return quality;
}

/* The best quality of a type, or -1 where it is not named. */
static double wish_for(const char *accept, const char *type)
{
    double best = -1.0;

    for (const char *at = accept; *at != '\0';) {
        at += strspn(at, " \t,");
        size_t length = strcspn(at, ",");
        size_t name = strcspn(at, " \t;,");
        if (name == strlen(type) && strncasecmp(at, type, name) == 0 && quality_of(at, length) > best)
            best = quality_of(at, length);
        at += length;
    }
    return best;
}

bool metric_page_wants_open(const char *accept)
{
    if (accept == NULL)
        return false;
    double wish = wish_for(accept, "application/openmetrics-text");
    return wish > 0.0 && wish >= wish_for(accept, "text/plain");
}

/* ---- families ---- */

static int compare_names(const void *name, const void *family)
{
    return strcmp(name, ((const struct metric_family *)family)->name);
}

static const struct metric_family *find_exactly(const char *name)
{
    return bsearch(name, metric_families, metric_family_count, sizeof(*metric_families), compare_names);
}

static const struct metric_family *find_family(const char *line)
{
    static const char *const parts[] = {"_bucket", "_sum", "_count"};
    char name[METRIC_MAX_LENGTH + 1];
    size_t length = strcspn(line, "{ ");

    if (length >= sizeof(name))
        return NULL;
    (void)snprintf(name, sizeof(name), "%.*s", (int)length, line);
    const struct metric_family *family = find_exactly(name);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && family == NULL; i++) {
        size_t tail = strlen(parts[i]);
        if (length <= tail || strcmp(name + length - tail, parts[i]) != 0)
            continue;
        name[length - tail] = '\0';
        family = find_exactly(name);
        name[length - tail] = '_';
        if (family != NULL && family->type != METRIC_HISTOGRAM)
            family = NULL;
    }
    return family;
}

static void add_line(struct family_lines *lines, struct line *line)
{
    *lines->end = line;
    lines->end = &line->next;
}

/* By family, those of none last. */
static void sort_lines(const char *samples, struct line *lines, struct family_lines *sorted)
{
    for (size_t i = 0; i <= metric_family_count; i++)
        sorted[i] = (struct family_lines){.end = &sorted[i].first};
    for (const char *at = samples; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        length += at[length] == '\n';
        const struct metric_family *family = find_family(at);
        *lines = (struct line){.text = at, .length = length};
        add_line(&sorted[family == NULL ? metric_family_count : (size_t)(family - metric_families)], lines++);
        at += length;
    }
}

static void write_head(const struct metric_family *family, bool is_open, FILE *to)
{
    static const char *const types[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
    int length = (int)strlen(family->name);

    /* OpenMetrics names a counter without what its samples end in. */
    if (is_open && family->type == METRIC_COUNTER)
        length -= (int)strlen("_total");
    (void)fprintf(to, "# HELP %.*s %s\n# TYPE %.*s %s\n", length, family->name, family->help, length,
                  family->name, types[family->type]);
}

char *metric_page(const char *samples, bool is_open)
{
    struct family_lines *sorted = memory_take_array(metric_family_count + 1, sizeof(*sorted));
    char *page = NULL;
    size_t size = 0;
    size_t count = 1;
    FILE *to = open_memstream(&page, &size);

    for (const char *at = samples; *at != '\0'; at++)
        count += *at == '\n';
    struct line *lines = memory_take_array(count, sizeof(*lines));
    sort_lines(samples, lines, sorted);
    for (size_t i = 0; to != NULL && i <= metric_family_count; i++) {
        if (i < metric_family_count && sorted[i].first != NULL)
            write_head(&metric_families[i], is_open, to);
        for (const struct line *line = sorted[i].first; line != NULL; line = line->next)
            (void)fwrite(line->text, 1, line->length, to);
    }
    if (to != NULL && is_open)
        (void)fputs("# EOF\n", to);
    if (to != NULL)
        (void)fclose(to);
    free(lines);
    free(sorted);
    return page == NULL ? memory_copy_text("") : page;
}
