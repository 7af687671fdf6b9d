/* rrd_files.h - the files of a folder as the one thread that writes them knows them; part of rrd_writer.
 * SPDX-License-Identifier: MIT */
#ifndef IO_RRD_FILES_H
#define IO_RRD_FILES_H

#include "base/err.h"
#include "io/rrd_batch.h"
#include "io/rrd_writer.h"

struct rrd_files;

/* What writing a batch did. */
struct rrd_written {
    struct rrd_writer_counts counts; /* what it added */
    size_t failed_files;
    const char *failed_path; /* of the first that failed; in the batch */
    struct err err;          /* of it */
};

/* `root` and the open folder must outlive it. */
struct rrd_files *rrd_files_new(int root_fd, const char *root);
void rrd_files_free(struct rrd_files *files);

/* Blocks. Lets files grow where they have to, and goes on behind one that fails. */
void rrd_files_write(struct rrd_files *files, struct rrd_batch *batch, struct rrd_written *ret_written);

#endif
