/* rrd_file_parts.h - what the files of rrd_file.h share.
 * SPDX-License-Identifier: MIT */
#ifndef IO_RRD_FILE_PARTS_H
#define IO_RRD_FILE_PARTS_H

#include "base/attributes.h"
#include "base/err.h"

#include <stdbool.h>

enum { RRD_FILE_FULL_PATH_MAX = 4096 };

/* librrd keeps its error per thread until the next; gives it over as ours. Always false. */
bool rrd_file_failed(struct err *err, const char *path, const char *doing);

/* `to` holds RRD_FILE_FULL_PATH_MAX. ERR_LIMIT. */
MUST_CHECK bool rrd_file_full_path(const char *root, const char *path, char *to, struct err *err);

#endif
