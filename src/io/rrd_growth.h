/* rrd_growth.h - archives of an RRD file become larger as they fill; part of rrd_writer, on its thread.
 * SPDX-License-Identifier: MIT
 *
 * A file begins with the first rows of its archives alone (rrd_file_rows_first), since most series live for
 * an hour and librrd writes every row when it makes a file. An archive that is three quarters full gets four
 * times the room, up to what its shape wants, before anything in it is overwritten: the file is written anew
 * beside itself, synced, and renamed. librrd's own way (rrdtool tune) fills the new rows with averages of
 * coarser archives, which would be values that nobody measured. */
#ifndef IO_RRD_GROWTH_H
#define IO_RRD_GROWTH_H

#include "base/attributes.h"
#include "base/err.h"
#include "io/rrd_file.h"

#include <stdbool.h>
#include <stdint.h>

enum { RRD_GROWTH_FACTOR = 4 };

#define RRD_GROWTH_NEVER INT64_MAX

struct rrd_growth_turn {
    bool may_grow;
    int64_t until_s; /* end of the newest step that is about to be written; 0: none is */
};

/* Looks at the file and lets grow what is nearly full, or would lose what it has to the gap before `until_s`.
 * Archives that the shape does not know, or wants shorter, stay as they are; so does a file that librrd laid
 * out in another way.
 * `*ret_look_s`: the end of the step from which on it is worth to look again; RRD_GROWTH_NEVER: nothing more
 * to grow. ERR_IO (also a full disk): the file is as it was. */
MUST_CHECK bool rrd_growth_tend(int root_fd, const char *path, const struct rrd_file_shape *shape,
                                const struct rrd_growth_turn *turn, bool *ret_has_grown, int64_t *ret_look_s,
                                struct err *err);

#endif
