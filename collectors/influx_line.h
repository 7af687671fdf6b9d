/* influx_line.h - reads InfluxDB's line protocol value by value.
 * SPDX-License-Identifier: MIT
 *
 * Pure, on the caller's memory. A field of a measurement is a value called "measurement.field", its labels
 * are the tags; integers (1i, 1u) and truths are numbers, texts are none. Times are in s, ms, us or ns, told
 * apart by their size. Strict about lines, as exposition.h is; a text does not go on in the next line. */
#ifndef COLLECTORS_INFLUX_LINE_H
#define COLLECTORS_INFLUX_LINE_H

#include "base/err.h"
#include "collectors/labelled.h"

enum { INFLUX_FIELDS_MAX = 256 /* of one line */ };

struct influx_field {
    const char *name;
    bool is_number;
    double value;
};

struct influx_lines {
    const char *at, *end;      /* what is left */
    size_t line;               /* that is read, from 1 */
    struct labelled head;      /* what all values of the line share; its name is the measurement's */
    size_t field_count, field; /* of the line, and the next to give */
    struct influx_field fields[INFLUX_FIELDS_MAX];
    char texts[LABELLED_LINE_MAX + 1];
    char name[LABELLED_LINE_MAX + 1]; /* of the value that was given last */
};

/* The bytes are the caller's until the end. */
void influx_lines_begin(struct influx_lines *lines, const char *bytes, size_t length);

/* WRONG: "line 17: ..."; nothing more can be read then. */
enum labelled_step influx_lines_next(struct influx_lines *lines, struct labelled *ret_value, struct err *err);

#endif
