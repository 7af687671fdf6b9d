/* test_broken.c - rule files with one mistake each, and what is said of it: where, what, and what to do. The
 * files lie in data/broken, the expected words beside each. SPDX-License-Identifier: MIT */
#include "support/config_cases.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_LEAST = 30, TEXT_SIZE = 4096 };

static const char folder_path_[] = "tests/unit/data/broken";

static int is_rules(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > 6 && strcmp(entry->d_name + length - 6, ".rules") == 0;
}

static void read_expected(const char *path, char *to, size_t size)
{
    FILE *file = fopen(path, "re");

    if (file == NULL)
        fail_msg("%s is missing", path);
    to[fread(to, 1, size - 1, file)] = '\0';
    (void)fclose(file);
    for (size_t length = strlen(to); length > 0 && to[length - 1] == '\n'; length--)
        to[length - 1] = '\0';
}

/* Every finding names its line, shows it, and is one sentence without a full stop. */
static void check_finding(const struct config_finding *finding)
{
    assert_true(finding->line > 0);
    assert_true(finding->source[0] != '\0');
    assert_null(strchr(finding->text, '\n'));
    assert_true(finding->text[strlen(finding->text) - 1] != '.');
}

static void check_file(const char *name)
{
    char path[256];
    char expected[TEXT_SIZE];
    char found[TEXT_SIZE];

    (void)snprintf(path, sizeof(path), "%s/%.*s.expected", folder_path_, (int)strlen(name) - 6, name);
    read_expected(path, expected, sizeof(expected));
    (void)snprintf(path, sizeof(path), "%s/%s", folder_path_, name);
    const char *const paths[] = {path};
    memset(&report, 0, sizeof(report));
    config_free(config_read_files(paths, 1, &test_schemas, &report));
    (void)report_text(&report, found, sizeof(found));
    if (strcmp(found, expected) != 0)
        fail_msg("%s says\n%s\nnot\n%s", name, found, expected);
    for (size_t i = 0; i < report.count; i++)
        check_finding(&report.findings[i]);
}

static void test_broken_files(void **state)
{
    struct dirent **names = NULL;
    int count = scandir(folder_path_, &names, is_rules, alphasort);

    (void)state;
    assert_true(count >= FILES_LEAST);
    for (int i = 0; i < count; i++) {
        check_file(names[i]->d_name);
        free(names[i]);
    }
    free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_broken_files)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
