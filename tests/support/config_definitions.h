/* config_definitions.h - definitions out of rule files that have no findings; for cmocka tests.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_CONFIG_DEFINITIONS_H
#define SUPPORT_CONFIG_DEFINITIONS_H

#include "support/config_files.h"
#include "support/config_schemas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct config_report report;

static inline struct config *read_example(void)
{
    static const char *const files[] = {"tests/unit/data/example.rules"};

    memset(&report, 0, sizeof(report));
    struct config *config = config_read_files(files, 1, &test_schemas, &report);
    assert_int_equal(report.count, 0);
    return config;
}

static inline struct config *read_text(const char *text)
{
    struct folder folder;

    folder_make(&folder);
    folder_write(&folder, "x.rules", text);
    memset(&report, 0, sizeof(report));
    struct config *config = config_read_folder(folder.path, NULL, &test_schemas, &report);
    folder_drop(&folder);
    if (report.count > 0)
        fail_msg("line %u: %s", report.findings[0].line, report.findings[0].text);
    return config;
}

static inline struct definition *resolve(const struct config *config, const char *service,
                                         const char *environment, const char *strategy, bool is_record)
{
    struct err err = {0};
    struct definition *definition = config_resolve(config, service, environment, strategy, is_record, &err);

    if (definition == NULL)
        fail_msg("%s", err.text);
    return definition;
}

#endif
