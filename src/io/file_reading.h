/* file_reading.h - a whole file, read on a worker thread so that a slow disk delays nobody.
 * SPDX-License-Identifier: MIT */
#ifndef IO_FILE_READING_H
#define IO_FILE_READING_H

#include "base/err.h"
#include "io/loop.h"

#include <stddef.h>

struct file_reading;

/* What is called once, from the loop: `failure` is NULL where `bytes` (with a NUL behind them) hold the file,
 * until the function returns; else ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_LIMIT (longer than asked for),
 * ERR_INVALID (no regular file) or ERR_IO. The handle is gone when it is called. */
typedef void file_read(void *data, const char *bytes, size_t length, const struct err *failure);

/* `path` is copied. */
struct file_reading *file_reading_start(struct loop *loop, const char *path, size_t size_max, file_read *done,
                                        void *data);
void file_reading_cancel(struct file_reading *reading); /* `done` is not called; NULL is fine */

#endif
