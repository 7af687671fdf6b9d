/* labelled.h - one value of a text with many: its name, its labels, its number.
 * SPDX-License-Identifier: MIT
 *
 * What the readers of text formats (exposition.h, influx_line.h) give and a selector (selector.h) chooses
 * from. */
#ifndef COLLECTORS_LABELLED_H
#define COLLECTORS_LABELLED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LABELLED_LINE_MAX = 16 * 1024, /* bytes */
    LABELLED_LABELS_MAX = 64,
    LABELLED_AGE_MAX_MS =
        5 * 60 * 1000 /* what says of itself that it is older, or as far ahead, does not count */
};

struct label {
    const char *name;
    const char *value; /* UTF-8, escapes undone */
};

/* Its texts belong to the reader, until it is asked for the next. */
struct labelled {
    const char *name;
    size_t label_count;
    struct label labels[LABELLED_LABELS_MAX]; /* as the text has them, no name twice */
    bool is_number;                           /* false: a text, which some formats have */
    double value;                             /* may be NAN or infinite */
    bool has_time;
    int64_t time_ms; /* since 1970 */
};

enum labelled_step { LABELLED_VALUE, LABELLED_END, LABELLED_WRONG };

#endif
