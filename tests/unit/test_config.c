/* test_config.c - files read together: what loads, what stays when files change.
 * SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "support/config_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Names of all services and environments, in one text. */
static void note_service(void *data, const char *service, const char *environment)
{
    text_add(data, " %s/%s", service, environment);
}

static void assert_services(const struct config *config, const char *expected)
{
    char memory[256];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    config_each_service(config, note_service, &text);
    assert_string_equal(memory, expected);
}

#define FOLLOW(name, triggers)                                                                               \
    "services: { " name ": { rules: { triggers = [ " triggers " ]; }; environments: { prod: { strategy = "   \
    "\"follow\"; }; }; }; };"
#define TRIGGER(name, bound) "triggers: { " name ": { when = \"up > " bound "\"; }; };"

static struct config *reread(const struct folder *folder, struct config *previous, const char *expected)
{
    char found[4096];
    struct config *config = NULL;

    memset(&report, 0, sizeof(report));
    config = config_read_folder(folder->path, previous, &test_schemas, &report);
    assert_string_equal(report_text(&report, found, sizeof(found)), expected);
    config_free(previous);
    return config;
}

static void assert_trigger(const struct config *config, const char *service, const char *expected)
{
    struct err err = {0};
    struct definition *definition = config_resolve(config, service, "prod", NULL, false, &err);

    if (definition == NULL)
        fail_msg("%s", err.text);
    assert_string_equal(definition->rules[0].text, expected);
    definition_free(definition);
}

static void test_last_good_version_stays(void **state)
{
    struct folder folder;

    (void)state;
    folder_make(&folder);
    folder_write(&folder, "a.rules", METRIC TRIGGER("t", "1"));
    folder_write(&folder, "b.rules", FOLLOW("shop", "\"t\""));
    folder_write(&folder, ".hidden.rules", "!");
    folder_write(&folder, "other.conf", "!");
    struct config *config = reread(&folder, NULL, "");
    assert_services(config, " shop/prod");
    assert_trigger(config, "shop", "up > 1");
    folder_write(&folder, "a.rules", METRIC TRIGGER("t", "2") "broken");
    config = reread(&folder, config, "a.rules:2: a value is missing here, but the file ends");
    assert_trigger(config, "shop", "up > 1");
    folder_write(&folder, "a.rules", METRIC TRIGGER("t", "up up"));
    config = reread(&folder, config, "a.rules:2: condition, column 9: 'up' is too much here");
    assert_trigger(config, "shop", "up > 1");
    folder_write(&folder, "a.rules", METRIC TRIGGER("t", "3"));
    config = reread(&folder, config, "");
    assert_trigger(config, "shop", "up > 3");
    config_free(config);
    folder_drop(&folder);
}

static void test_a_change_that_breaks_another_file(void **state)
{
    struct folder folder;

    (void)state;
    folder_make(&folder);
    folder_write(&folder, "a.rules", METRIC TRIGGER("t", "1"));
    folder_write(&folder, "b.rules", FOLLOW("shop", "\"t\""));
    struct config *config = reread(&folder, NULL, "");
    folder_write(&folder, "a.rules", METRIC TRIGGER("u", "2"));
    folder_write(&folder, "c.rules", FOLLOW("mail", ""));
    const char *expected =
        "b.rules:0: no longer fits the other files as they are now; all files keep their last good "
        "versions\nb.rules:1: unknown trigger 't'; did you mean 'u'?";
    config = reread(&folder, config, expected);
    assert_services(config, " shop/prod mail/prod");
    assert_trigger(config, "shop", "up > 1");
    folder_remove(&folder, "a.rules");
    config =
        reread(&folder, config,
               "b.rules:0: no longer fits the other files as they are now; all files keep their last good "
               "versions\nb.rules:1: unknown trigger 't'");
    assert_trigger(config, "shop", "up > 1");
    folder_remove(&folder, "b.rules");
    config = reread(&folder, config, "");
    assert_services(config, " mail/prod");
    config_free(config);
    folder_drop(&folder);
}

static void test_names_are_global(void **state)
{
    struct folder folder;

    (void)state;
    folder_make(&folder);
    folder_write(&folder, "b.rules", METRIC TRIGGER("t", "1"));
    folder_write(&folder, "c.rules", FOLLOW("shop", "\"t\""));
    struct config *config = reread(&folder, NULL, "");
    folder_write(&folder, "d.rules", TRIGGER("t", "2"));
    char expected[512];
    (void)snprintf(
        expected, sizeof(expected),
        "d.rules:1: 't' stands in `triggers` of %s/b.rules:2 already; names are global, rename one",
        folder.path);
    config = reread(&folder, config, expected);
    assert_trigger(config, "shop", "up > 1");
    folder_remove(&folder, "d.rules");
    folder_write(&folder, "a.rules", TRIGGER("t", "2"));
    memset(&report, 0, sizeof(report));
    struct config *next = config_read_folder(folder.path, config, &test_schemas, &report);
    assert_true(report.count > 0);
    assert_trigger(next, "shop", "up > 1");
    config_free(next);
    config_free(config);
    folder_drop(&folder);
}

static void test_a_broken_file_breaks_what_names_it(void **state)
{
    struct folder folder;

    (void)state;
    folder_make(&folder);
    folder_write(&folder, "a.rules", METRIC TRIGGER("t", "1 1"));
    folder_write(&folder, "b.rules", FOLLOW("shop", "\"t\""));
    folder_write(&folder, "c.rules", FOLLOW("mail", ""));
    struct config *config = reread(&folder, NULL,
                                   "a.rules:2: condition, column 8: '1' is too much here\n"
                                   "b.rules:1: unknown trigger 't'");
    assert_services(config, " mail/prod");
    config_free(config);
    folder_write(&folder, "a.rules", METRIC TRIGGER("t", "{{max}}"));
    config = reread(&folder, NULL,
                    "a.rules:2: {{max}} is not filled for shop/prod: set it in `vars` of the file, service, "
                    "environment or slot\n"
                    "b.rules:1: shop/prod cannot be used as long as what it names has findings");
    assert_services(config, " mail/prod");
    assert_non_null(config);
    config_free(config);
    folder_drop(&folder);
}

static void test_folder_disappears(void **state)
{
    struct folder folder;

    (void)state;
    folder_make(&folder);
    folder_write(&folder, "c.rules", FOLLOW("mail", ""));
    struct config *config = reread(&folder, NULL, "");
    folder_drop(&folder);
    memset(&report, 0, sizeof(report));
    struct config *next = config_read_folder(folder.path, config, &test_schemas, &report);
    assert_int_equal(report.count, 1);
    assert_services(next, " mail/prod");
    config_free(next);
    config_free(config);
}

static void test_too_many_files(void **state)
{
    static const char *paths[CONFIG_FILES_MAX + 1];
    char found[512];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++)
        paths[i] = "/dev/null/none";
    memset(&report, 0, sizeof(report));
    config_free(config_read_files(paths, ARRAY_LENGTH(paths), &test_schemas, &report));
    assert_string_equal(report_text(&report, found, sizeof(found)),
                        "none:0: cannot be opened: Not a directory\n"
                        "none:0: more than 256 files; the rest is not read");
}

static void test_no_file(void **state)
{
    static const char *const paths[] = {"/nowhere/x.rules", "/dev"};
    char found[1024];
    struct config *config = NULL;

    (void)state;
    memset(&report, 0, sizeof(report));
    config = config_read_files(paths, 2, &test_schemas, &report);
    assert_string_equal(report_text(&report, found, sizeof(found)),
                        "dev:0: not a regular file\nx.rules:0: cannot be opened: No such file or directory");
    config_free(config);
    memset(&report, 0, sizeof(report));
    config = config_read_folder("/nowhere", NULL, &test_schemas, &report);
    assert_int_equal(report.count, 1);
    config_free(config);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_good_version_stays),
        cmocka_unit_test(test_a_change_that_breaks_another_file),
        cmocka_unit_test(test_names_are_global),
        cmocka_unit_test(test_a_broken_file_breaks_what_names_it),
        cmocka_unit_test(test_folder_disappears),
        cmocka_unit_test(test_too_many_files),
        cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
