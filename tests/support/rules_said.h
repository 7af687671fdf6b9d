/* rules_said.h - a rule file read with the sources that this build really has, and what was found in it.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_RULES_SAID_H
#define SUPPORT_RULES_SAID_H

#include "cli/schemas.h"
#include "config/config.h"
#include "io/memory.h"
#include "support/folder.h"

#include <stdio.h>
#include <stdlib.h>

/* All findings, a line each; frees what was read unless it is wanted: then it refers to the schemas. */
static inline char *read_rules(const char *text, const struct option_schemas *schemas,
                               struct config **ret_config)
{
    struct folder folder = folder_make();
    struct config_report *report = memory_take(sizeof(*report));
    char path[FOLDER_PATH_MAX];
    char *said = NULL;
    size_t size = 0;

    folder_write(&folder, "x.rules", text);
    const char *files[] = {folder_path(&folder, "x.rules", path)};
    struct config *config = config_read_files(files, 1, schemas, report);
    FILE *to = open_memstream(&said, &size);
    for (size_t i = 0; i < report->count; i++)
        (void)fprintf(to, "%u: %s\n", report->findings[i].line, report->findings[i].text);
    (void)fclose(to);
    folder_remove(&folder);
    free(report);
    if (ret_config != NULL)
        *ret_config = config;
    else
        config_free(config);
    return said;
}

/* The findings alone. */
static inline char *rules_said(const char *text)
{
    struct option_schemas *schemas = schemas_new();
    char *said = read_rules(text, schemas, NULL);

    free(schemas);
    return said;
}

#endif
