/* files.h - what a struct config is made of: rule files and the look-up of names across them.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_FILES_H
#define CONFIG_FILES_H

#include "config/config.h"
#include "config/reader.h"

struct config_file {
    char *path;
    char *text;
    struct source source;
    struct tree tree;  /* root NULL: could not be read */
    bool is_out;       /* has findings: not part of the config */
    bool is_previous;  /* an older text of it stays, because the new one has findings */
    bool is_misshapen; /* has findings already, whatever is found inside */
    bool has_findings; /* in the present round of checking */
};

struct config {
    const struct option_schemas *schemas;
    size_t file_count;
    struct config_file *files; /* [file_count], in their order */
    const char **metric_names; /* of all files that are in */
    size_t metric_name_count;
};

/* The definition of that name in the group ("metrics", "services", ...), or NULL. */
const struct node *config_find(const struct config *config, const char *group, const char *name);

/* Up to `max` names of a group's definitions; returns how many. */
size_t config_names(const struct config *config, const char *group, const char **names, size_t max);

/* Reports `name` as unknown at the node, with the nearest that is known. Returns false. */
bool config_unknown(const struct config *config, struct config_report *report, const struct node *node,
                    const char *group, const char *what, const char *name);

/* Looks into every definition of the files that are in, and marks the files in which something is wrong:
 * has_findings. Services that do not resolve are marked only where all definitions are right. */
void config_check(struct config *config, struct config_report *report);

/* Names, keys and kinds of one file, before anything is looked up. False: what should be groups are none, and
 * nothing in the file can be looked into. */
bool config_check_shape(const struct config_file *file, struct config_report *report);

#endif
