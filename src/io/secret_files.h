/* secret_files.h - values of file: and cred: references in memory, so that nobody on the loop waits for a
 * disk.
 * SPDX-License-Identifier: MIT
 *
 * A worker reads all of them once a second: what was exchanged counts from then on, and what cannot be read
 * any more is the error that it is. */
#ifndef IO_SECRET_FILES_H
#define IO_SECRET_FILES_H

#include "io/secret.h"

#include <stddef.h>

struct loop;

enum { SECRET_FILES_MAX = 1024, SECRET_FILES_READ_MS = 1000 };

/* Told each value that is new, before anybody gets it. */
struct secret_files_ear {
    void *data;
    void (*learned)(void *data, const char *bytes, size_t length);
};

struct secret_files *secret_files_new(struct loop *loop, const struct secret_files_ear *ear);
void secret_files_free(struct secret_files *files); /* wipes; NULL is fine */

/* Reads it now, and keeps what came of it. */
void secret_files_read(struct secret_files *files, const char *reference);

/* What was read last, as of secret_load(). One that is not kept is read now. */
MUST_CHECK bool secret_files_find(struct secret_files *files, const char *reference,
                                  struct secret *ret_secret, struct err *err);

/* Between these two whatever is still named is read; what is not is forgotten. */
void secret_files_round_begin(struct secret_files *files);
void secret_files_round_end(struct secret_files *files);

#endif
