/* reader.c - libconfig's settings copied into a tree of our own.
 * SPDX-License-Identifier: MIT */
#include "config/reader.h"

#include "base/text.h"
#include "config/block.h"
#include "config/syntax.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NUMBER_TEXT_MAX = 40 };

static const size_t slack = 32; /* what an arena may round one piece up by */
static const size_t pieces = 3; /* of one setting: name, text, children */

static size_t length_of(const config_setting_t *setting)
{
    int length = config_setting_is_aggregate(setting) ? config_setting_length(setting) : 0;

    return length > 0 ? (size_t)length : 0;
}

/* Room that copy() needs for the children and texts of a setting. */
static size_t room_for(config_setting_t *setting)
{
    size_t room = length_of(setting) * sizeof(struct node) + NUMBER_TEXT_MAX + pieces * slack;

    if (config_setting_name(setting) != NULL)
        room += strlen(config_setting_name(setting)) + 1;
    if (config_setting_type(setting) == CONFIG_TYPE_STRING)
        room += strlen(config_setting_get_string(setting)) + 1;
    for (size_t i = 0; i < length_of(setting); i++)
        room += room_for(config_setting_get_elem(setting, (unsigned)i));
    return room;
}

static enum node_kind kind_of(const config_setting_t *setting)
{
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_GROUP:
        return NODE_GROUP;
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return NODE_INTEGER;
    case CONFIG_TYPE_FLOAT:
        return NODE_NUMBER;
    case CONFIG_TYPE_STRING:
        return NODE_TEXT;
    case CONFIG_TYPE_BOOL:
        return NODE_BOOL;
    default:
        return NODE_LIST;
    }
}

/* The shortest text that reads as the same number. */
static void write_number(double number, char *to, size_t size)
{
    for (int digits = 6; digits <= 17; digits++) {
        (void)snprintf(to, size, "%.*g", digits, number);
        if (strtod(to, NULL) == number)
            return;
    }
}

static const char *scalar_text(const config_setting_t *setting, struct arena *arena)
{
    char number[NUMBER_TEXT_MAX] = "";

    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_INT:
        (void)snprintf(number, sizeof(number), "%d", config_setting_get_int(setting));
        return arena_copy_text(arena, number);
    case CONFIG_TYPE_INT64:
        (void)snprintf(number, sizeof(number), "%lld", config_setting_get_int64(setting));
        return arena_copy_text(arena, number);
    case CONFIG_TYPE_FLOAT:
        write_number(config_setting_get_float(setting), number, sizeof(number));
        return arena_copy_text(arena, number);
    case CONFIG_TYPE_BOOL:
        return config_setting_get_bool(setting) ? "true" : "false";
    case CONFIG_TYPE_STRING:
        return arena_copy_text(arena, config_setting_get_string(setting));
    default:
        return NULL;
    }
}

static void copy(const config_setting_t *setting, const struct source *source, struct arena *arena,
                 struct node *node)
{
    size_t count = length_of(setting);

    node->kind = kind_of(setting);
    node->source = source;
    node->line = config_setting_source_line(setting);
    node->text = scalar_text(setting, arena);
    if (config_setting_name(setting) != NULL)
        node->name = arena_copy_text(arena, config_setting_name(setting));
    if (count == 0)
        return;
    struct node *children = arena_take_array(arena, count, sizeof(*children));
    assert(children != NULL);
    for (size_t i = 0; i < count; i++)
        copy(config_setting_get_elem((config_setting_t *)setting, (unsigned)i), source, arena, &children[i]);
    node->children = children;
    node->count = count;
}

static const char *explain(const char *error)
{
    static const char *const texts[][2] = {
        {"duplicate setting name", "this name stands twice in its group; rename or remove one"},
        {"mismatched element type in array", "the elements of [ ] are of different kinds; use ( ) for that"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        if (strcmp(error, texts[i][0]) == 0)
            return texts[i][1];
    return error;
}

/* A comment in the last line needs a line end, or it is a syntax error to libconfig 1.5. */
static bool parse(config_t *config, const char *text)
{
    size_t size = strlen(text) + sizeof("\n");
    char *ended = block_new(size);
    struct text writer;

    text_init(&writer, ended, size);
    text_add(&writer, "%s\n", text);
    bool is_read = config_read_string(config, ended) == CONFIG_TRUE;
    free(ended);
    return is_read;
}

bool reader_read(const struct source *source, struct tree *ret_tree, struct config_report *report)
{
    config_t config;
    struct arena arena;

    if (!syntax_check(source, report))
        return false;
    config_init(&config);
    bool is_read = parse(&config, source->text);
    if (is_read) {
        config_setting_t *root = config_root_setting(&config);
        block_arena(&arena, sizeof(struct node) + slack + room_for(root));
        struct node *node = arena_take(&arena, sizeof(*node));
        copy(root, source, &arena, node);
        *ret_tree = (struct tree){.memory = arena.memory, .root = node};
    } else {
        unsigned line = config_error_line(&config) > 0 ? (unsigned)config_error_line(&config) : 0;
        report_add(report, source, line, "%s", explain(config_error_text(&config)));
    }
    config_destroy(&config);
    return is_read;
}

/* Reads up to `size` bytes; SIZE_MAX: an error. */
static size_t read_all(int file, char *to, size_t size)
{
    size_t length = 0;

    while (length < size) {
        ssize_t got = read(file, to + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return SIZE_MAX;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return length;
}

static char *load(int file, const struct source *source, struct config_report *report)
{
    struct stat status;
    size_t size = CONFIG_FILE_BYTES_MAX + 1;

    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        report_add(report, source, 0, "not a regular file");
        return NULL;
    }
    char *text = block_new(size + 1);
    size_t length = read_all(file, text, size);
    if (length == SIZE_MAX)
        report_add(report, source, 0, "cannot be read: %s", strerror(errno));
    else if (length > CONFIG_FILE_BYTES_MAX)
        report_add(report, source, 0, "larger than %d bytes; split it", CONFIG_FILE_BYTES_MAX);
    else if (strlen(text) != length)
        report_add(report, source, 0, "holds a NUL byte; it is no text");
    else
        return block_shrink(text, length + 1);
    free(text);
    return NULL;
}

char *reader_load(const char *path, struct config_report *report)
{
    struct source source = {.path = path};
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (file < 0) {
        report_add(report, &source, 0, "cannot be opened: %s", strerror(errno));
        return NULL;
    }
    char *text = load(file, &source, report);
    (void)close(file);
    return text;
}
