/* placed_files_select.c - files and their templates side by side.
 * SPDX-License-Identifier: MIT */
#include "config/placed_files.h"

#include "base/form.h"
#include "base/text.h"
#include "config/form_files.h"

#include <string.h>

/* One file with its template. */
struct pairing {
    struct vars *vars;
    const struct node *file;
    const struct form_file *template;
    struct form form;
    bool is_good;
};

static void *take(struct vars *vars, const struct node *node, size_t count, size_t size)
{
    void *array = arena_take_array(vars->arena, count, size);

    if (array == NULL)
        (void)report_node(vars->report, node,
                          "the definitions are larger than their memory; make them smaller");
    return array;
}

/* A list as one text, an element a line. */
static const char *join(struct vars *vars, const struct node *list)
{
    char memory[FORM_VALUE_SIZE];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    for (size_t i = 0; i < list->count; i++)
        text_add(&text, "%s%s", i == 0 ? "" : "\n",
                 list->children[i].text == NULL ? "" : list->children[i].text);
    if (text.is_cut) {
        (void)report_node(vars->report, list, "%s: longer than %d bytes", list->name, FORM_VALUE_SIZE - 1);
        return NULL;
    }
    return arena_copy_text(vars->arena, memory);
}

/* Values as texts, whatever they were written as. */
static bool write_values(struct vars *vars, struct node *values)
{
    struct node *to = take(vars, values, values->count + 1, sizeof(*to));
    bool is_good = to != NULL;

    for (size_t i = 0; i < values->count && to != NULL; i++) {
        const struct node *from = &values->children[i];
        to[i] = *from;
        to[i].kind = NODE_TEXT;
        to[i].children = NULL;
        to[i].count = 0;
        if (from->kind == NODE_LIST)
            to[i].text = join(vars, from);
        else if (!node_is_scalar(from))
            (void)report_node(vars->report, from, "%s: takes one value or a list of them", from->name);
        is_good = is_good && to[i].text != NULL;
    }
    values->children = to;
    return is_good;
}

static const struct form_blank *find_blank(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (strcmp(form->blanks[i].name, name) == 0)
            return &form->blanks[i];
    return NULL;
}

static bool unknown_blank(struct pairing *pairing, const struct node *value)
{
    const char *names[FORM_BLANKS_MAX];

    for (size_t i = 0; i < pairing->form.count; i++)
        names[i] = pairing->form.blanks[i].name;
    const char *nearest = text_nearest(value->name, names, pairing->form.count);
    return report_node(pairing->vars->report, value, "%s has no blank {{%s:...}}%s%s%s",
                       pairing->template->path, value->name, nearest == NULL ? "" : "; did you mean '",
                       nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

/* What differs by side is looked at when it is filled in. */
static bool check_value(struct pairing *pairing, const struct node *value, bool is_secret)
{
    const struct form_blank *blank = find_blank(&pairing->form, value->name);
    struct config_report *report = pairing->vars->report;
    struct err err = {0};

    if (blank == NULL)
        return unknown_blank(pairing, value);
    if (is_secret != (blank->type == FORM_SECRET))
        return is_secret
                   ? report_node(report, value, "%s: its blank in %s is a %s and no secret", value->name,
                                 pairing->template->path, form_type_name(blank->type))
                   : report_hidden(report, value, "%s: is a secret in %s; give it by reference, in `secrets`",
                                   value->name, pairing->template->path);
    return is_secret || value->text == NULL || strstr(value->text, "{{") != NULL ||
           form_check(&pairing->form, blank, value->text, &err) || report_node(report, value, "%s", err.text);
}

static bool check_group(struct pairing *pairing, const char *name)
{
    const struct node *group = tree_find(pairing->file, name);
    bool is_good = true;

    for (size_t i = 0; group != NULL && group->kind == NODE_GROUP && i < group->count; i++)
        is_good = check_value(pairing, &group->children[i], strcmp(name, "secrets") == 0) && is_good;
    return is_good;
}

static bool check_blanks(struct pairing *pairing)
{
    bool is_good = true;

    for (size_t i = 0; i < pairing->form.count; i++) {
        const struct form_blank *blank = &pairing->form.blanks[i];
        const char *group = blank->type == FORM_SECRET ? "secrets" : "values";
        if (tree_find(tree_find(pairing->file, group), blank->name) == NULL)
            is_good = report_add(pairing->vars->report, &pairing->template->source, blank->line,
                                 "column %u: '%s' has no value; '%s' of line %u in %s gives one in `%s`",
                                 blank->column, blank->name, pairing->file->name, pairing->file->line,
                                 pairing->file->source->path, group);
    }
    return is_good;
}

static enum form_kind kind_of(const struct node *file)
{
    const struct node *kind = tree_find(file, "kind");

    for (int i = 0; kind != NULL && kind->kind == NODE_TEXT && i < FORM_KIND_COUNT; i++)
        if (strcmp(form_kind_names[i], kind->text) == 0)
            return (enum form_kind)i;
    return FORM_PLAIN;
}

static bool pair(const struct config *config, struct vars *vars, const struct node *file,
                 const struct node *template, struct pairing *ret_pairing)
{
    struct pairing pairing = {.vars = vars, .file = file};
    struct form_place place;
    struct err err = {0};

    if (strstr(template->text, "{{") != NULL)
        return report_node(vars->report, template, "template: what differs by side cannot stand in its name");
    pairing.template = form_files_find(config->form_files, template, template->text, vars->report);
    if (pairing.template == NULL)
        return false;
    if (!form_parse(pairing.template->text, kind_of(file), &pairing.form, &place, &err))
        return report_add(vars->report, &pairing.template->source, place.line, "column %u: %s", place.column,
                          err.text);
    pairing.is_good = check_blanks(&pairing);
    pairing.is_good = check_group(&pairing, "values") && pairing.is_good;
    pairing.is_good = check_group(&pairing, "secrets") && pairing.is_good;
    *ret_pairing = pairing;
    return pairing.is_good;
}

/* The template by its whole name, and beside it what it was like. */
static bool seal_template(struct vars *vars, const struct form_file *template, struct node *file)
{
    struct node *children = take(vars, file, file->count + 1, sizeof(*children));

    if (children == NULL)
        return false;
    for (size_t i = 0; i < file->count; i++) {
        children[i] = file->children[i];
        if (strcmp(children[i].name, "template") == 0)
            children[i].text = arena_copy_text(vars->arena, template->path);
    }
    children[file->count] = (struct node){.kind = NODE_TEXT,
                                          .name = "sha256",
                                          .text = arena_copy_text(vars->arena, template->hash),
                                          .source = file->source,
                                          .line = file->line};
    file->children = children;
    file->count++;
    return true;
}

static bool select_values(struct vars *vars, struct node *file)
{
    struct node *children = take(vars, file, file->count + 1, sizeof(*children));
    bool is_good = children != NULL;

    for (size_t i = 0; i < file->count && children != NULL; i++) {
        children[i] = file->children[i];
        if (strcmp(children[i].name, "values") == 0 && children[i].kind == NODE_GROUP)
            is_good = write_values(vars, &children[i]) && is_good;
    }
    if (children != NULL)
        file->children = children;
    return is_good;
}

static bool select_file(const struct config *config, struct vars *vars, struct node *file)
{
    const struct node *template = tree_find(file, "template");
    struct pairing *pairing = take(vars, file, 1, sizeof(*pairing));

    if (tree_find(file, "sha256") != NULL)
        return report_node(vars->report, tree_find(file, "sha256"), "unknown key 'sha256'");
    if (pairing == NULL || !select_values(vars, file))
        return false;
    if (template == NULL || template->kind != NODE_TEXT)
        return true;
    return pair(config, vars, file, template, pairing) && seal_template(vars, pairing->template, file);
}

static bool select_all(const struct config *config, struct vars *vars, struct node *files)
{
    struct node *children = take(vars, files, files->count + 1, sizeof(*children));
    bool is_good = children != NULL;

    for (size_t i = 0; i < files->count && children != NULL; i++) {
        children[i] = files->children[i];
        if (children[i].kind == NODE_GROUP)
            is_good = select_file(config, vars, &children[i]) && is_good;
    }
    if (children != NULL)
        files->children = children;
    return is_good;
}

bool placed_files_select(const struct config *config, struct vars *vars, struct node *children, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(children[i].name, "files") == 0 && children[i].kind == NODE_GROUP)
            return select_all(config, vars, &children[i]);
    return true;
}
