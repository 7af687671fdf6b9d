/* rrd_graph.c - a graph as the arguments that librrd knows.
 * SPDX-License-Identifier: MIT */
#include "io/rrd_graph.h"

#include "base/text.h"
#include "io/memory.h"

#include <rrd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS_MAX = 24 + 6 * RRD_GRAPH_LINES_MAX + 2 * RRD_GRAPH_MARKS_MAX + RRD_GRAPH_BOUNDS_MAX };
enum { ARGUMENT_SIZE = 2048, QUOTED_SIZE = 1024 };

static const char *const colours[RRD_GRAPH_LINES_MAX] = {"1f6fb5", "d98324", "2a9d5c", "8e5bb5"};

const char *const rrd_graph_mark_names[RRD_GRAPH_MARK_KINDS] = {[RRD_GRAPH_STEP] = "step",
                                                                [RRD_GRAPH_EVENT] = "event",
                                                                [RRD_GRAPH_PASS] = "pass",
                                                                [RRD_GRAPH_BAD] = "bad"};

static const struct {
    const char *colour, *style;
} looks[RRD_GRAPH_MARK_KINDS] = {[RRD_GRAPH_STEP] = {"5c6770", ":dashes=2,3"},
                                 [RRD_GRAPH_EVENT] = {"9aa5ad", ""},
                                 [RRD_GRAPH_PASS] = {"1e9e4a", ""},
                                 [RRD_GRAPH_BAD] = {"c0392b", ""}};

struct arguments {
    size_t count;
    const char *values[ARGUMENTS_MAX + 1];
    char texts[ARGUMENTS_MAX][ARGUMENT_SIZE];
};

static void add(struct arguments *arguments, const char *format, ...) PRINTF_LIKE(2, 3);

static void add(struct arguments *arguments, const char *format, ...)
{
    char *to = arguments->texts[arguments->count];
    va_list list;

    va_start(list, format);
    (void)vsnprintf(to, ARGUMENT_SIZE, format, list);
    va_end(list);
    arguments->values[arguments->count++] = to;
}

/* A colon parts arguments and a backslash begins a word of librrd's; what is no line of text is a space. */
static const char *quoted(const char *text, char to[QUOTED_SIZE])
{
    size_t length = 0;

    for (size_t i = 0; text[i] != '\0' && i < RRD_GRAPH_TEXT_MAX && length + 2 < QUOTED_SIZE; i++) {
        if (text[i] == ':' || text[i] == '\\')
            to[length++] = '\\';
        to[length++] = (unsigned char)text[i] < ' ' ? ' ' : text[i];
    }
    to[length] = '\0';
    return to;
}

static void add_line(struct arguments *arguments, const struct rrd_graph_line *line, size_t index)
{
    char path[QUOTED_SIZE];
    char name[QUOTED_SIZE];

    (void)quoted(line->path, path);
    (void)quoted(line->name, name);
    if (line->is_count) {
        add(arguments, "DEF:e%zu=%s:events:AVERAGE", index, path);
        add(arguments, "DEF:t%zu=%s:total:AVERAGE", index, path);
        add(arguments, "CDEF:v%zu=e%zu,t%zu,/,100,*", index, index, index);
    } else {
        add(arguments, "DEF:v%zu=%s:value:AVERAGE", index, path);
    }
    add(arguments, "LINE2:v%zu#%s:%s\\l", index, colours[index], name);
}

static void add_frame(struct arguments *arguments, const struct rrd_graph *graph)
{
    add(arguments, "graph");
    add(arguments, "-");
    add(arguments, "--imgformat");
    add(arguments, graph->is_png ? "PNG" : "SVG");
    add(arguments, "--start");
    add(arguments, "%lld", (long long)graph->start_s);
    add(arguments, "--end");
    add(arguments, "%lld", (long long)graph->end_s);
    add(arguments, "--width");
    add(arguments, "860");
    add(arguments, "--height");
    add(arguments, "280");
    add(arguments, "--title");
    add(arguments, "%.*s", RRD_GRAPH_TEXT_MAX, graph->title);
    add(arguments, "--vertical-label");
    add(arguments, "%.*s", RRD_GRAPH_TEXT_MAX, graph->unit);
    add(arguments, "--alt-autoscale-max");
    add(arguments, "--left-axis-format");
    add(arguments, "%%.4lg");
}

static void add_once_more(struct arguments *arguments, const struct rrd_graph *graph,
                          enum rrd_graph_mark_kind kind)
{
    for (size_t i = 0; i < graph->mark_count; i++)
        if (graph->marks[i].kind == kind)
            add(arguments, "VRULE:%lld#%s", (long long)graph->marks[i].time_s, looks[kind].colour);
}

static void add_all(struct arguments *arguments, const struct rrd_graph *graph)
{
    char name[QUOTED_SIZE];

    add_frame(arguments, graph);
    for (size_t i = 0; i < graph->line_count; i++)
        add_line(arguments, &graph->lines[i], i);
    for (size_t i = 0; i < graph->bound_count; i++)
        add(arguments, "HRULE:%.15g#c0392b:%s\\l:dashes", graph->bounds[i].value,
            quoted(graph->bounds[i].name, name));
    for (size_t i = 0; i < graph->mark_count; i++)
        add(arguments, "VRULE:%lld#%s:%s\\l%s", (long long)graph->marks[i].time_s,
            looks[graph->marks[i].kind].colour, quoted(graph->marks[i].name, name),
            looks[graph->marks[i].kind].style);
    /* Verdicts stay on top of what else came in their second. */
    add_once_more(arguments, graph, RRD_GRAPH_PASS);
    add_once_more(arguments, graph, RRD_GRAPH_BAD);
    arguments->values[arguments->count] = NULL;
}

static bool take_image(const rrd_info_t *info, unsigned char **ret_bytes, size_t *ret_length, struct err *err)
{
    for (; info != NULL; info = info->next)
        if (strcmp(info->key, "image") == 0 && info->type == RD_I_BLO && info->value.u_blo.size > 0) {
            *ret_length = info->value.u_blo.size;
            *ret_bytes = memory_take(*ret_length);
            memcpy(*ret_bytes, info->value.u_blo.ptr, *ret_length);
            return true;
        }
    return err_set(err, ERR_INTERNAL, "librrd drew nothing");
}

bool rrd_graph_draw(const struct rrd_graph *graph, unsigned char **ret_bytes, size_t *ret_length,
                    struct err *err)
{
    struct arguments *arguments = memory_take(sizeof(*arguments));

    add_all(arguments, graph);
    rrd_clear_error();
    rrd_info_t *info = rrd_graph_v((int)arguments->count, (char **)(uintptr_t)arguments->values);
    free(arguments);
    if (info == NULL)
        return err_set(err, ERR_INTERNAL, "%s", rrd_test_error() ? rrd_get_error() : "librrd failed");
    bool is_drawn = take_image(info, ret_bytes, ret_length, err);
    rrd_info_free(info);
    return is_drawn;
}
