/* man_settings.c - verdict man verdictd.conf: the manual of the daemon's settings, from the tables that read
 * them.
 * SPDX-License-Identifier: MIT */
#include "cli/man_settings.h"

#include "base/manual.h"
#include "cli/schemas.h"
#include "config/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_SIZE = 128, HELP_SIZE = 512, SHAPE_SIZE = 128 };

static const char about[] =
    "The settings of verdictd(8), in the syntax of libconfig: texts in quotes, durations too (\"5s\"), no "
    "comma after\n"
    "the last of a list. `verdictd --check` says what is wrong in it. What is judged, and how traffic moves, "
    "stands in\n"
    "rule files. Settings are read at the start; rule files and secrets also at a SIGHUP.";

static const char secrets[] = "A secret is never written here. It is a reference: cred:NAME (LoadCredential= "
                              "of systemd), file:PATH, env:NAME, or vault:MOUNT/PATH#KEY.";

static const char *shape_of(const struct option *option)
{
    static const char *const shapes[] = {
        [OPTION_TEXT] = "\"...\"",
        [OPTION_SECRET] = "\"cred:NAME\"",
        [OPTION_INTEGER] = "N",
        [OPTION_NUMBER] = "NUMBER",
        [OPTION_DURATION] = "\"5s\"",
        [OPTION_BOOL] = "true|false",
        [OPTION_CHOICE] = "",
        [OPTION_LIST] = "[ \"...\", ... ]",
        [OPTION_MAP] = "{ NAME = \"...\"; }",
        [OPTION_SECRET_MAP] = "{ NAME = \"cred:NAME\"; }",
    };

    return shapes[option->type];
}

static void add_option(struct text *page, const struct option *option)
{
    char tag_memory[TAG_SIZE], help_memory[HELP_SIZE];
    struct text tag, help;

    text_init(&tag, tag_memory, sizeof(tag_memory));
    text_add(&tag, "%s = %s", option->name, shape_of(option));
    for (size_t i = 0; option->choices != NULL && option->choices[i] != NULL; i++)
        text_add(&tag, "%s\"%s\"", i == 0 ? "" : "|", option->choices[i]);
    text_init(&help, help_memory, sizeof(help_memory));
    text_add(&help, "%s%s", option->help, option->is_required ? " (needed)" : "");
    if (option->fallback != NULL && option->fallback[0] != '\0')
        text_add(&help, " (default %s)", option->fallback);
    manual_tagged(page, tag.data, help.data);
}

static void add_options(struct text *page, const struct option *options, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_option(page, &options[i]);
}

static void add_tables(struct text *page)
{
    struct settings_table tables[SETTINGS_TABLES_MAX];
    size_t count = settings_tables(tables);

    text_add(page, ".SH SETTINGS\n");
    for (size_t i = 0; i < count; i++) {
        if (tables[i].group[0] != '\0') {
            text_add(page, ".SS %s\n", tables[i].group);
            manual_lines(page, tables[i].shape);
        }
        add_options(page, tables[i].options, tables[i].count);
    }
    text_add(page, ".SS people\n");
    manual_lines(page, "people = { GROUP = [ \"alice\", \"bob\" ]; };\nWho may approve, by group.");
    text_add(page, ".SS archives\n");
    manual_lines(page, "archives = [ \"exact for 2d\", \"1m for 30d\", \"1h for 2y\" ];\n"
                       "How far back the files of series reach, and in which rows.");
}

/* One family of kinds: what an instance of each may have. */
static void add_family(struct text *page, const char *title, const char *group,
                       const struct option_schema *schemas, size_t count)
{
    text_add(page, ".SH %s\n", title);
    for (size_t i = 0; i < count; i++) {
        const struct option_schema *schema = &schemas[i];
        char shape[SHAPE_SIZE];
        struct text text;
        text_init(&text, shape, sizeof(shape));
        text_add(&text, "%s: { %s: { NAME: { ... }; }; };", group, schema->name);
        text_add(page, ".SS %s\n", schema->name);
        manual_lines(page, schema->is_implicit ? "Needs no entry here." : shape);
        add_options(page, schema->instance, schema->instance_count);
    }
}

void man_settings(struct text *page)
{
    struct option_schemas *schemas = schemas_new();

    manual_title(page, "verdictd.conf", 5);
    text_add(page, ".SH NAME\nverdictd.conf \\- settings of verdictd\n.SH DESCRIPTION\n");
    manual_lines(page, about);
    text_add(page, ".PP\n");
    manual_lines(page, secrets);
    add_tables(page);
    add_family(page, "SOURCES", "sources", schemas->collectors, schemas->collector_count);
    add_family(page, "LEVERS", "traffic", schemas->drivers, schemas->driver_count);
    add_family(page, "RECEIVERS", "notifiers", schemas->notifiers, schemas->notifier_count);
    add_family(page, "GATES", "gates", schemas->gates, schemas->gate_count);
    text_add(page, ".SH FILES\n");
    manual_tagged(page, "/etc/verdictd/verdictd.conf", "where verdictd looks for it");
    manual_section(page, "SEE ALSO", "verdictd(8), verdict(1)");
    free(schemas);
}
