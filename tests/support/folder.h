/* folder.h - temporary folders and small files for tests.
 * SPDX-License-Identifier: MIT
 *
 * Every failure fails the running test. */
#ifndef SUPPORT_FOLDER_H
#define SUPPORT_FOLDER_H

#include <stddef.h>

enum { FOLDER_PATH_MAX = 512 };

struct folder {
    char path[FOLDER_PATH_MAX]; /* absolute, without a slash at the end */
};

/* A new empty folder (0700) in TMPDIR or the system's place for such. */
struct folder folder_make(void);

/* Removes it with all that is in it. */
void folder_remove(const struct folder *folder);

/* "FOLDER/name" in `to`, which holds FOLDER_PATH_MAX; returns `to`. */
char *folder_path(const struct folder *folder, const char *name, char *to);

/* Writes a text file there (0600), replacing it. */
void folder_write(const struct folder *folder, const char *name, const char *text);

/* Reads a file there, cut to size - 1 and ended with a NUL; returns its length. */
size_t folder_read(const struct folder *folder, const char *name, char *to, size_t size);

#endif
