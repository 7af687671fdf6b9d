/* form_files.h - the templates that rule files name, each read once: they change when rule files are read.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_FORM_FILES_H
#define CONFIG_FORM_FILES_H

#include "config/report.h"

enum { FORM_FILES_MAX = 256, FORM_FILE_HASH_SIZE = 65 };

struct form_file {
    char *path; /* absolute, without links */
    char *text;
    char hash[FORM_FILE_HASH_SIZE]; /* SHA-256 */
    struct source source;
};

struct form_files;

struct form_files *form_files_new(void);
void form_files_free(struct form_files *files);
/* Those of another config, as they were then. */
void form_files_copy(struct form_files *files, const struct form_files *from);

/* `path` as it stands at the node, relative to the folder of its file; NULL: a finding was added. */
const struct form_file *form_files_find(struct form_files *files, const struct node *node, const char *path,
                                        struct config_report *report);

#endif
