/* config_cases.h - tables of broken rule files and what is said about them; for cmocka tests.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_CONFIG_CASES_H
#define SUPPORT_CONFIG_CASES_H

#include "config/run_definition.h"
#include "support/config_files.h"
#include "support/config_schemas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* A service that loads, for texts that only add something to it. */
#define METRIC                                                                                               \
    "metrics: { up: { source = \"mqtt:plant\"; topic = \"t/{{slot}}\"; }; "                                  \
    "errors: { source = \"prometheus:main\"; kind = \"counter\"; events = \"e{v='{{version}}'}\"; "          \
    "total = \"t{v='{{version}}'}\"; }; "                                                                    \
    "slow: { source = \"prometheus:main\"; kind = \"histogram\"; unit = \"s\"; buckets = "                   \
    "\"b{v='{{version}}'}\"; }; "                                                                            \
    "flat: { source = \"prometheus:main\"; query = \"q\"; }; };\n"
#define SLOTS           "slots: { blue: { address = \"a:1\"; }; green: { address = \"b:1\"; }; };"
#define SERVICE(inside) "services: { shop: { environments: { prod: {\n" inside "\n}; }; }; };\n"

struct finding_case {
    const char *text;
    const char *expected; /* "" : none */
};

static struct config_report report; /* too large for the stack of some machines */

static inline struct config *read_text(const char *text, size_t length, char *found, size_t size)
{
    struct folder folder;
    char path[256];

    folder_make(&folder);
    folder_write_bytes(&folder, "x.rules", text, length);
    (void)folder_path(&folder, "x.rules", path);
    const char *const paths[] = {path};
    memset(&report, 0, sizeof(report));
    struct config *config = config_read_files(paths, 1, &test_schemas, &report);
    (void)report_text(&report, found, size);
    folder_drop(&folder);
    return config;
}

static inline void assert_cases(const struct finding_case *cases, size_t count)
{
    char found[8192];

    for (size_t i = 0; i < count; i++) {
        config_free(read_text(cases[i].text, strlen(cases[i].text), found, sizeof(found)));
        if (strcmp(found, cases[i].expected) != 0)
            fail_msg("case %zu\n%s\n--- says\n%s\n--- not\n%s\n", i, cases[i].text, found, cases[i].expected);
    }
}

static inline struct config *read_good(const char *text)
{
    char found[1024];
    struct config *config = read_text(text, strlen(text), found, sizeof(found));

    assert_string_equal(found, "");
    return config;
}

/* Frees the text. */
static inline struct run_definition *unseal(char *sealed, struct err *err)
{
    if (sealed == NULL)
        fail_msg("%s", err->text);
    struct run_definition *definition = config_unseal_pipeline(sealed, err);
    free(sealed);
    if (definition == NULL)
        fail_msg("%s", err->text);
    return definition;
}

#endif
