/* rrd_columns.h - the columns of RRD files by name; part of rrd_file.
 * SPDX-License-Identifier: MIT
 *
 * A column of a bucket is named by its upper bound, at most 19 of [A-Za-z0-9_] as librrd wants: "le" and the
 * shortest decimal that is that bound, with p for the point and m for minus ("le0p25", "le1em05", "leInf"),
 * or "lx" and the 16 hex digits of the double where no decimal is short enough. So a file alone tells its
 * bounds, exactly. */
#ifndef IO_RRD_COLUMNS_H
#define IO_RRD_COLUMNS_H

#include "base/attributes.h"
#include "io/rrd_file.h"

#include <stdbool.h>
#include <stddef.h>

enum { RRD_COLUMN_NAME_SIZE = 20 };

/* The name of column `index` of the shape. */
const char *rrd_column_name(const struct rrd_file_shape *shape, size_t index, char to[RRD_COLUMN_NAME_SIZE]);

/* False: no column of a bucket. */
MUST_CHECK bool rrd_column_bound(const char *name, double *ret_bound);

/* Whether they are so many upper bounds, ascending. */
bool rrd_columns_are_bounds(const double *bounds, size_t count);

#endif
