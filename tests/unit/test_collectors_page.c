/* test_collectors_page.c - collectors/README.md has each source with an example, what happens when it is
 * down, and the very options of its tables. With the word `print` it prints what these tables say, to be put
 * there.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "collectors/collector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { PAGE_SIZE = 256 * 1024, TABLE_SIZE = 16 * 1024, HEADING_SIZE = 64, ROW_SIZE = 1024 };

static const char path[] = "collectors/README.md";

/* ---- what the option tables say ---- */

/* A bar would end the cell. */
static void add_cell(struct text *table, const char *text)
{
    for (; *text != '\0'; text++)
        text_add(table, *text == '|' ? "\\%c" : "%c", *text);
}

static void add_shape(struct text *table, const struct option *option)
{
    static const char *const shapes[] = {
        [OPTION_TEXT] = "text",
        [OPTION_SECRET] = "`\"cred:NAME\"`",
        [OPTION_INTEGER] = "whole number",
        [OPTION_NUMBER] = "number",
        [OPTION_DURATION] = "duration",
        [OPTION_BOOL] = "true, false",
        [OPTION_CHOICE] = "",
        [OPTION_LIST] = "list",
        [OPTION_MAP] = "`{ NAME = \"...\"; }`",
        [OPTION_SECRET_MAP] = "`{ NAME = \"cred:NAME\"; }`",
    };

    text_add(table, "%s", shapes[option->type]);
    for (size_t i = 0; option->choices != NULL && option->choices[i] != NULL; i++)
        text_add(table, "%s`%s`", i == 0 ? "" : ", ", option->choices[i]);
}

static void add_rows(struct text *table, const char *where, const struct option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *fallback = options[i].fallback;
        text_add(table, "| `%s` | %s | ", options[i].name, where);
        add_shape(table, &options[i]);
        text_add(table, " | ");
        add_cell(table, options[i].help);
        if (options[i].is_required)
            text_add(table, " (needed)");
        if (fallback != NULL && fallback[0] != '\0')
            text_add(table, " (default %s)", fallback);
        text_add(table, " |\n");
    }
}

/* Empty where the source has no options of its own. */
static void format_table(const struct collector_type *type, struct text *table)
{
    if (type->instance_option_count + type->metric_option_count == 0)
        return;
    text_add(table, "| option | of | takes | what it is |\n|---|---|---|---|\n");
    add_rows(table, "source", type->instance_options, type->instance_option_count);
    add_rows(table, "metric", type->metric_options, type->metric_option_count);
    assert_false(table->is_cut);
}

static void print_tables(void)
{
    static char memory[TABLE_SIZE];
    struct text table;

    for (size_t i = 0; collector_types[i] != NULL; i++) {
        text_init(&table, memory, sizeof(memory));
        format_table(collector_types[i], &table);
        (void)printf("### %s\n\n%s\n", collector_types[i]->name, table.data);
    }
}

/* ---- what the page says ---- */

static const char *read_page(void)
{
    static char page[PAGE_SIZE];
    FILE *file = fopen(path, "re");

    assert_non_null(file);
    size_t length = fread(page, 1, sizeof(page) - 1, file);
    assert_true(length > 0 && length < sizeof(page) - 1);
    page[length] = '\0';
    assert_int_equal(fclose(file), 0);
    return page;
}

/* From its heading to the next one. */
static const char *section_of(const char *page, const char *name)
{
    static char section[PAGE_SIZE];
    char heading[HEADING_SIZE];

    (void)snprintf(heading, sizeof(heading), "\n### %s\n", name);
    const char *start = strstr(page, heading);
    if (start == NULL)
        fail_msg("%s has no section '### %s'", path, name);
    const char *rest = start + strlen(heading);
    const char *next = strstr(rest, "\n### ");
    const char *chapter = strstr(rest, "\n## ");
    if (next == NULL || (chapter != NULL && chapter < next))
        next = chapter;
    (void)snprintf(section, sizeof(section), "%.*s\n",
                   next == NULL ? (int)strlen(start) : (int)(next - start), start);
    return section;
}

static void assert_says(const char *section, const char *name, const char *what)
{
    if (strstr(section, what) == NULL)
        fail_msg("%s, %s: lacks this:\n%s", path, name, what);
}

/* Row by row, so that it is said which one is missing; then all of them in their order. */
static void assert_has_table(const char *section, const char *name, const char *table)
{
    char row[ROW_SIZE];

    for (const char *line = table; *line != '\0'; line = strchr(line, '\n') + 1) {
        (void)snprintf(row, sizeof(row), "\n%.*s\n", (int)strcspn(line, "\n"), line);
        assert_says(section, name, row);
    }
    assert_says(section, name, table);
}

static void test_each_source_has_its_page(void **state)
{
    static char memory[TABLE_SIZE];
    const char *page = read_page();
    struct text table;

    (void)state;
    for (size_t i = 0; collector_types[i] != NULL; i++) {
        const char *name = collector_types[i]->name;
        const char *section = section_of(page, name);
        text_init(&table, memory, sizeof(memory));
        format_table(collector_types[i], &table);
        assert_has_table(section, name, table.data);
        assert_says(section, name, "\n```\n");
        assert_says(section, name, "\nNeeds: ");
        assert_says(section, name, "\nWhen it is down: ");
    }
}

/* What is posted by others' programs, without a type of its own. */
static void test_alerts_have_their_page(void **state)
{
    const char *section = section_of(read_page(), "alertmanager");

    (void)state;
    assert_says(section, "alertmanager", "\n```\n");
    assert_says(section, "alertmanager", "\nNeeds: ");
    assert_says(section, "alertmanager", "\nWhen it is down: ");
}

/* An option that went away stands nowhere: as many rows as the tables have. */
static void test_no_row_too_many(void **state)
{
    size_t expected = 0;
    size_t rows = 0;

    (void)state;
    for (size_t i = 0; collector_types[i] != NULL; i++)
        expected += collector_types[i]->instance_option_count + collector_types[i]->metric_option_count;
    const char *line = read_page();
    for (const char *next = line; next != NULL; next = strchr(next + 1, '\n')) {
        const char *end = strchr(next + 1, '\n');
        const char *source = strstr(next, "` | source | ");
        const char *metric = strstr(next, "` | metric | ");
        bool is_row = strncmp(next, "\n| `", 4) == 0 &&
                      ((source != NULL && source < end) || (metric != NULL && metric < end));
        rows += is_row ? 1 : 0;
    }
    assert_int_equal(rows, expected);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_source_has_its_page),
        cmocka_unit_test(test_alerts_have_their_page),
        cmocka_unit_test(test_no_row_too_many),
    };

    if (argc == 2 && strcmp(argv[1], "print") == 0) {
        print_tables();
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
