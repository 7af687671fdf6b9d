/* options.c - groups read over option tables.
 * SPDX-License-Identifier: MIT */
#include "config/options.h"

#include "base/placeholder.h"
#include "base/reference.h"
#include "base/text.h"

#include <string.h>

enum { CANDIDATES_MAX = 128 };

bool options_full(const struct build *build, const struct node *node)
{
    return report_node(build->report, node,
                       "the definitions are larger than their memory; make them smaller");
}

const char *options_keep(const struct build *build, const struct node *node, const char *text)
{
    const char *copy = arena_copy_text(build->arena, text);

    if (copy == NULL)
        (void)options_full(build, node);
    return copy;
}

void *options_array(const struct build *build, const struct node *node, size_t count, size_t size)
{
    void *array = arena_take_array(build->arena, count, size);

    if (array == NULL)
        (void)options_full(build, node);
    return array;
}

const char *options_split(const char *text, char *kind, size_t size)
{
    const char *colon = strchr(text, ':');
    struct text copy;

    if (colon == NULL || colon[1] == '\0')
        return NULL;
    if (colon[1 + strspn(colon + 1, "abcdefghijklmnopqrstuvwxyz0123456789_-")] != '\0')
        return NULL;
    text_init(&copy, kind, size);
    text_add_bytes(&copy, text, (size_t)(colon - text));
    return copy.is_cut ? NULL : colon + 1;
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (size_t i = 0; names != NULL && names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void report_unknown_key(const struct build *build, const struct node *node, const struct shape *shape)
{
    const char *names[CANDIDATES_MAX];
    size_t count = 0;

    for (size_t i = 0; i < shape->count && count < CANDIDATES_MAX; i++)
        names[count++] = shape->options[i].name;
    for (size_t i = 0; i < shape->more_count && count < CANDIDATES_MAX; i++)
        names[count++] = shape->more[i].name;
    for (size_t i = 0; shape->parts != NULL && shape->parts[i] != NULL && count < CANDIDATES_MAX; i++)
        names[count++] = shape->parts[i];
    (void)report_unknown(build->report, node, "key", node->name, names, count);
}

static bool out_of_length(const struct option *option, size_t length)
{
    return (option->min != 0 || option->max != 0) &&
           ((double)length < option->min || (double)length > option->max);
}

/* False (and a finding, that never shows what is no reference): it has not the form of one. */
static bool check_reference(const struct build *build, const struct node *node, const char *name)
{
    struct err err;

    if (node->kind == NODE_TEXT && reference_kind(node->text) != REFERENCE_NONE) {
        bool is_open = strstr(node->text, "{{") != NULL;
        if (is_open && !build->is_loose)
            return report_node(build->report, node, "%s: what differs by side cannot stand in a reference",
                               name);
        return is_open || reference_check(node->text, &err) ||
               report_node(build->report, node, "%s: %s", name, err.text);
    }
    return report_hidden(
        build->report, node,
        "%s: a secret is a reference, " REFERENCE_FORMS " in quotes, never the secret itself", name);
}

static bool note_reference(const struct build *build, const struct node *node, const char *kept)
{
    struct references *references = build->references;

    if (references == NULL)
        return true;
    if (references->count == REFERENCES_MAX)
        return report_node(build->report, node, "more than %d references to secrets", REFERENCES_MAX);
    references->uses[references->count++] = (struct reference_use){.text = kept, .line = node->line};
    return true;
}

static bool read_elements(const struct build *build, const struct node *node, const struct option *option,
                          struct option_value *value)
{
    const char **list = options_array(build, node, node->count + 1, sizeof(*list));

    if (list == NULL)
        return false;
    for (size_t i = 0; i < node->count; i++) {
        const struct node *element = &node->children[i];
        if (element->kind != NODE_TEXT)
            return report_node(build->report, element, "%s: takes a list of texts in quotes", option->name);
        list[i] = options_keep(build, element, element->text);
        if (list[i] == NULL)
            return false;
    }
    *value = (struct option_value){.is_set = true, .list = list, .list_length = node->count};
    return true;
}

static bool read_list(const struct build *build, const struct node *node, const struct option *option,
                      struct option_value *value)
{
    struct node alone = {
        .kind = NODE_LIST, .source = node->source, .line = node->line, .count = 1, .children = node};

    if (node->kind == NODE_TEXT)
        node = &alone;
    if (node->kind != NODE_LIST)
        return report_node(build->report, node, "%s: takes a list of texts, like [ \"a\", \"b\" ]",
                           option->name);
    if (out_of_length(option, node->count))
        return report_node(build->report, node, "%s: %zu elements; %g to %g are allowed", option->name,
                           node->count, option->min, option->max);
    return read_elements(build, node, option, value);
}

static bool read_map(const struct build *build, const struct node *node, const struct option *option,
                     struct option_value *value)
{
    if (node->kind != NODE_GROUP)
        return report_node(build->report, node, "%s: takes a group { name = \"text\"; }", option->name);
    if (out_of_length(option, node->count))
        return report_node(build->report, node, "%s: %zu elements; %g to %g are allowed", option->name,
                           node->count, option->min, option->max);
    const char **list = options_array(build, node, 2 * node->count + 1, sizeof(*list));
    if (list == NULL)
        return false;
    for (size_t i = 0; i < node->count; i++) {
        const struct node *element = &node->children[i];
        if (element->kind != NODE_TEXT)
            return report_node(build->report, element, "%s.%s: takes a text in quotes", option->name,
                               element->name);
        if (option->type == OPTION_SECRET_MAP && !check_reference(build, element, element->name))
            return false;
        list[2 * i] = options_keep(build, element, element->name);
        list[2 * i + 1] = options_keep(build, element, element->text);
        if (list[2 * i] == NULL || list[2 * i + 1] == NULL)
            return false;
        if (option->type == OPTION_SECRET_MAP && !note_reference(build, element, list[2 * i + 1]))
            return false;
    }
    *value = (struct option_value){.is_set = true, .list = list, .list_length = 2 * node->count};
    return true;
}

/* Nobody wants to find out by a message that says nothing. */
static bool check_blanks(const struct build *build, const struct node *node, const struct option *option)
{
    struct placeholder found = placeholder_find(node->text);
    size_t count = 0;

    while (option->blanks[count] != NULL)
        count++;
    for (; found.kind == PLACEHOLDER_NAME; found = placeholder_find(found.after))
        if (!is_one_of(found.name, option->blanks))
            return report_unknown(build->report, node, "blank", found.name, option->blanks, count);
    return found.kind != PLACEHOLDER_BROKEN ||
           report_node(build->report, node, "%s: {{ needs a name and }} behind it", option->name);
}

static bool read_scalar(const struct build *build, const struct node *node, const struct option *option,
                        struct option_value *value)
{
    struct err err;

    if (build->is_loose && node->kind == NODE_TEXT && option->type != OPTION_TEXT &&
        strstr(node->text, "{{") != NULL)
        return true;
    if (option->type == OPTION_SECRET && !check_reference(build, node, option->name))
        return false;
    if (!node_is_scalar(node) || (option->type == OPTION_TEXT && node->kind != NODE_TEXT))
        return report_node(build->report, node, "%s: takes %s, not %s", option->name,
                           option->type == OPTION_TEXT ? "a text in quotes" : "one value",
                           node_kind_name(node->kind));
    if (option->blanks != NULL && !check_blanks(build, node, option))
        return false;
    if (!option_parse(option, node->text, build->arena, value, &err))
        return report_node(build->report, node, "%s", err.text);
    return option->type != OPTION_SECRET || note_reference(build, node, value->text);
}

bool options_value(const struct build *build, const struct node *node, const struct option *option,
                   struct option_value *value)
{
    if (option->type == OPTION_LIST)
        return read_list(build, node, option, value);
    if (option->type == OPTION_MAP || option->type == OPTION_SECRET_MAP)
        return read_map(build, node, option, value);
    return read_scalar(build, node, option, value);
}

static void read_key(const struct build *build, const struct node *node, const struct shape *shape,
                     struct option_value *values, struct option_value *more)
{
    size_t own = option_find(shape->options, shape->count, node->name);
    size_t other = option_find(shape->more, shape->more_count, node->name);

    if (own < shape->count)
        (void)options_value(build, node, &shape->options[own], &values[own]);
    else if (other < shape->more_count)
        (void)options_value(build, node, &shape->more[other], &more[other]);
    else if (is_one_of(node->name, shape->later))
        (void)report_node(build->report, node, "'%s' is not supported by this version", node->name);
    else if (!is_one_of(node->name, shape->parts))
        report_unknown_key(build, node, shape);
}

/* Defaults, and what must be there. */
static void complete(const struct build *build, const struct node *group, const struct option *options,
                     size_t count, struct option_value *values)
{
    struct err err;

    for (size_t i = 0; i < count; i++) {
        if (values[i].is_set || tree_find(group, options[i].name) != NULL)
            continue;
        if (options[i].is_required)
            (void)report_node(build->report, group, "%s is missing (%s)", options[i].name, options[i].help);
        else if (options[i].fallback != NULL &&
                 !option_parse(&options[i], options[i].fallback, build->arena, &values[i], &err))
            (void)report_node(build->report, group, "%s", err.text);
    }
}

bool options_read(const struct build *build, const struct node *group, const struct shape *shape,
                  struct option_value *values, struct option_value *more)
{
    size_t before = build->report->said;

    if (group->kind != NODE_GROUP)
        return report_node(build->report, group, "takes a group { }, not %s", node_kind_name(group->kind));
    for (size_t i = 0; i < group->count; i++)
        read_key(build, &group->children[i], shape, values, more);
    complete(build, group, shape->options, shape->count, values);
    complete(build, group, shape->more, shape->more_count, more);
    return build->report->said == before;
}
