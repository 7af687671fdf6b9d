/* exposition.h - reads Prometheus' text exposition (0.0.4) and OpenMetrics (1.0) value by value.
 * SPDX-License-Identifier: MIT
 *
 * Pure, on the caller's memory. Strict about lines: what is no comment and no sample is an error that names
 * its line. Comments are left out, `# TYPE` as well: who asks knows what he asks for. A text that ends with
 * "# EOF" is OpenMetrics: its times are seconds, otherwise milliseconds. Refused: NUL bytes, what is no
 * UTF-8, lines of more than LABELLED_LINE_MAX bytes, more labels than LABELLED_LABELS_MAX, a label twice,
 * names in quotes. */
#ifndef COLLECTORS_EXPOSITION_H
#define COLLECTORS_EXPOSITION_H

#include "base/err.h"
#include "collectors/labelled.h"

struct exposition {
    const char *at, *end; /* what is left */
    size_t line;          /* that is read, from 1 */
    bool is_open_metrics;
    char texts[LABELLED_LINE_MAX + 1];
};

/* False: `must_be_whole` (it was said to be OpenMetrics), and no "# EOF" ends it, so a part is missing. The
 * bytes are the caller's until the end. */
MUST_CHECK bool exposition_begin(struct exposition *exposition, const char *bytes, size_t length,
                                 bool must_be_whole, struct err *err);

/* WRONG: "line 17: ..."; nothing more can be read then. */
enum labelled_step exposition_next(struct exposition *exposition, struct labelled *ret_value,
                                   struct err *err);

/* The same of one line, where something is left (`at` is not `end`); END: it holds no value. */
enum labelled_step exposition_line(struct exposition *exposition, struct labelled *ret_value,
                                   struct err *err);

/* Whole text as a number of this format: finite ones, and its words NaN, +Inf, Inf, -Inf. */
MUST_CHECK bool exposition_number(const char *text, double *ret_number);

#endif
