/* reader.h - text → tree. The only place that knows libconfig.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_READER_H
#define CONFIG_READER_H

#include "config/report.h"

/* Everything that one text says; freed with free(memory). */
struct tree {
    void *memory;
    struct node *root; /* a group */
};

/* False: the report says why. `source` outlives the tree. */
bool reader_read(const struct source *source, struct tree *ret_tree, struct config_report *report);

/* The text of a whole file, malloc'ed; NULL where it cannot be read or is larger than CONFIG_FILE_BYTES_MAX.
 */
char *reader_load(const char *path, struct config_report *report);

#endif
