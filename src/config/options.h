/* options.h - a group read over option tables.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include "base/option.h"
#include "config/references.h"
#include "config/report.h"

/* What building a definition or the settings works with. */
struct build {
    const struct option_schemas *schemas;
    struct arena *arena; /* of the result */
    struct config_report *report;
    const char *const *known_metrics; /* of all files, for "did you mean"; may be NULL */
    size_t known_metric_count;
    struct references *references; /* those that are read are noted here; NULL: nowhere */
    bool is_loose; /* texts may have {{names}} that nobody knows yet: no value is read from them */
};

/* Which keys a group may have. */
struct shape {
    const struct option *options;
    size_t count;
    const struct option *more; /* a second table: a collector's or a traffic driver's; may be NULL */
    size_t more_count;
    const char *const *parts; /* keys that are read elsewhere, ends with NULL; may be NULL */
    const char *const *later; /* keys of the language that this version does not know; the same */
};

/* Reads the options into values[shape->count] and more[shape->more_count] (both zeroed by the caller), with
 * their defaults; false: findings were added. */
bool options_read(const struct build *build, const struct node *group, const struct shape *shape,
                  struct option_value *values, struct option_value *more);

/* Reads one value. */
bool options_value(const struct build *build, const struct node *node, const struct option *option,
                   struct option_value *value);

/* As report_node, for "definitions are larger than their memory". */
bool options_full(const struct build *build, const struct node *node);

/* A copy in the arena; NULL (and a finding) when it is full. */
const char *options_keep(const struct build *build, const struct node *node, const char *text);

/* Zeroed elements in the arena; NULL (and a finding) when it is full. */
void *options_array(const struct build *build, const struct node *node, size_t count, size_t size);

/* "KIND:INSTANCE" split: the kind is copied into `kind`, the instance is returned; NULL without a colon or
 * with an instance that is no name. */
const char *options_split(const char *text, char *kind, size_t size);

#endif
