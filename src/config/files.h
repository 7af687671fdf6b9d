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

/* A reference to a secret, at its first place. */
struct config_secret_use {
    char *reference;
    const char *file; /* of its own text; of one that was filled in the environment's or the pipeline's */
    unsigned line;
};

struct config {
    const struct option_schemas *schemas;
    size_t file_count;
    struct config_file *files; /* [file_count], in their order */
    const char **metric_names; /* of all files that are in */
    size_t metric_name_count;
    struct form_files *form_files;     /* templates of the rule files, as they are looked for */
    struct config_secret_use *secrets; /* [secret_count], made by config_check */
    size_t secret_count;
};

/* Notes those that the files have as they are; then those of a command or a task that stands at `at`, pairs
 * of names and references. */
void config_note_written(struct config *config);
void config_note_secrets(struct config *config, const struct node *at, const char *const *pairs,
                         size_t count);
void config_forget_secrets(struct config *config);

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
