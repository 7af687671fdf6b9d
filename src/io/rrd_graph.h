/* rrd_graph.h - a picture of series files, by librrd's own graphs. Its code leaks and knows no threads: only
 * a process that ends after one picture may call it.
 * SPDX-License-Identifier: MIT */
#ifndef IO_RRD_GRAPH_H
#define IO_RRD_GRAPH_H

#include "base/attributes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RRD_GRAPH_LINES_MAX = 4,
    RRD_GRAPH_MARKS_MAX = 48,
    RRD_GRAPH_BOUNDS_MAX = 8,
    RRD_GRAPH_TEXT_MAX = 256 /* of a title, a legend or a unit */
};

struct rrd_graph_line {
    const char *path; /* absolute */
    bool is_count;    /* events per total, in percent; else its value */
    const char *name;
};

/* Each has its colour, and steps are dashed; of several in one second the last of these is seen. */
enum rrd_graph_mark_kind { RRD_GRAPH_STEP, RRD_GRAPH_EVENT, RRD_GRAPH_PASS, RRD_GRAPH_BAD };
enum { RRD_GRAPH_MARK_KINDS = RRD_GRAPH_BAD + 1 };

extern const char *const rrd_graph_mark_names[RRD_GRAPH_MARK_KINDS];

struct rrd_graph_mark {
    int64_t time_s;
    const char *name;
    enum rrd_graph_mark_kind kind;
};

struct rrd_graph_bound {
    double value;
    const char *name;
};

struct rrd_graph {
    bool is_png; /* else SVG */
    const char *title, *unit;
    int64_t start_s, end_s;
    size_t line_count, mark_count, bound_count;
    struct rrd_graph_line lines[RRD_GRAPH_LINES_MAX];
    struct rrd_graph_mark marks[RRD_GRAPH_MARKS_MAX];
    struct rrd_graph_bound bounds[RRD_GRAPH_BOUNDS_MAX];
};

/* The picture's bytes, malloc'ed. */
MUST_CHECK bool rrd_graph_draw(const struct rrd_graph *graph, unsigned char **ret_bytes, size_t *ret_length,
                               struct err *err);

#endif
