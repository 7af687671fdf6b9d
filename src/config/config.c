/* config.c - rule files read together: what loads, what stays from before, and definitions out of them.
 * SPDX-License-Identifier: MIT */
#include "config/config.h"

#include "base/text.h"
#include "config/assemble.h"
#include "config/block.h"
#include "config/files.h"
#include "config/form_files.h"
#include "config/seal.h"
#include "config/select.h"
#include "config/strategies.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 512, PATH_LENGTH_MAX = 4096 };

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = block_new(size);

    memcpy(copy, text, size);
    return copy;
}

const struct node *config_find(const struct config *config, const char *group, const char *name)
{
    const struct node *found = NULL;

    for (size_t i = 0; i < config->file_count && found == NULL; i++)
        if (!config->files[i].is_out)
            found = tree_find(tree_find(config->files[i].tree.root, group), name);
    return found;
}

size_t config_names(const struct config *config, const char *group, const char **names, size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i < config->file_count; i++) {
        const struct node *found =
            config->files[i].is_out ? NULL : tree_find(config->files[i].tree.root, group);
        for (size_t j = 0; found != NULL && j < found->count && count < max; j++)
            names[count++] = found->children[j].name;
    }
    return count;
}

bool config_unknown(const struct config *config, struct config_report *report, const struct node *node,
                    const char *group, const char *what, const char *name)
{
    const char *names[NAMES_MAX];
    size_t count = config_names(config, group, names, NAMES_MAX);

    return report_unknown(report, node, what, name, names, count);
}

static void clear_file(struct config_file *file)
{
    free(file->tree.memory);
    free(file->path);
    free(file->text);
    memset(file, 0, sizeof(*file));
}

/* `text` becomes the file's; NULL: it could not be read. False: nothing in it can be looked into. */
static bool take_text(struct config_file *file, const char *path, char *text, struct config_report *report)
{
    clear_file(file);
    file->path = copy_text(path);
    file->text = text;
    file->source = (struct source){.path = file->path, .text = file->text};
    file->is_out = true;
    size_t before = report->said;
    if (text == NULL || !reader_read(&file->source, &file->tree, report) || !config_check_shape(file, report))
        return false;
    file->is_misshapen = report->said != before;
    file->source.vars = tree_find(file->tree.root, "vars");
    file->is_out = false;
    return true;
}

static const struct config_file *find_file(const struct config *config, const char *path)
{
    for (size_t i = 0; config != NULL && i < config->file_count; i++)
        if (!config->files[i].is_out && strcmp(config->files[i].path, path) == 0)
            return &config->files[i];
    return NULL;
}

/* The last good text of the file, where there is one. It was read before, so nothing is said about it. */
static bool take_previous(struct config_file *file, const struct config *previous)
{
    const struct config_file *old = find_file(previous, file->path);
    struct config_report *silent = NULL;

    if (old == NULL || file->is_previous)
        return false;
    silent = block_new(sizeof(*silent));
    char *path = copy_text(file->path);
    bool is_good = take_text(file, path, copy_text(old->text), silent);
    file->is_previous = true;
    free(path);
    free(silent);
    return is_good;
}

static bool is_unchanged(const struct config_file *file, const struct config *previous)
{
    const struct config_file *old = find_file(previous, file->path);

    return old != NULL && strcmp(old->text, file->text) == 0;
}

static void list_metrics(struct config *config)
{
    size_t count = 0;

    for (size_t i = 0; i < config->file_count; i++) {
        const struct node *metrics = tree_find(config->files[i].tree.root, "metrics");
        count += metrics == NULL ? 0 : metrics->count;
    }
    free((void *)config->metric_names);
    config->metric_names = block_new((count + 1) * sizeof(*config->metric_names));
    config->metric_name_count = config_names(config, "metrics", config->metric_names, count);
}

static struct config *config_new(const struct option_schemas *schemas, size_t file_count)
{
    struct config *config = block_new(sizeof(*config));

    config->schemas = schemas;
    config->files = block_new((file_count + 1) * sizeof(*config->files));
    config->form_files = form_files_new();
    return config;
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->file_count; i++)
        clear_file(&config->files[i]);
    free(config->files);
    free((void *)config->metric_names);
    form_files_free(config->form_files);
    config_forget_secrets(config);
    free(config);
}

/* One round: everything is looked at once more, and what has findings goes back to its last good text, or
 * out. */
struct round {
    bool is_quiet;      /* nothing has findings */
    bool is_old_broken; /* a file that did not change has findings: another one's change broke it */
};

static struct round check_once(struct config *config, const struct config *previous,
                               struct config_report *report)
{
    struct round round = {.is_quiet = true};

    for (size_t i = 0; i < config->file_count; i++)
        config->files[i].has_findings = config->files[i].is_misshapen;
    list_metrics(config);
    config_check(config, report);
    for (size_t i = 0; i < config->file_count; i++) {
        struct config_file *file = &config->files[i];
        if (!file->has_findings || file->is_out)
            continue;
        round.is_quiet = false;
        bool is_old = file->is_previous || is_unchanged(file, previous);
        round.is_old_broken = round.is_old_broken || is_old;
        if (is_old && previous != NULL)
            (void)report_add(report, &file->source, 0,
                             "no longer fits the other files as they are now; all files keep their last good "
                             "versions");
        if (is_old || !take_previous(file, previous))
            file->is_out = true;
    }
    return round;
}

/* All of the previous files, and behind them those that are new and good by themselves. */
static struct config *fall_back(struct config *config, const struct config *previous)
{
    struct config_report *silent = block_new(sizeof(*silent));
    struct config *back = config_new(config->schemas, previous->file_count + config->file_count);

    form_files_copy(back->form_files, previous->form_files);
    for (size_t i = 0; i < previous->file_count; i++) {
        const struct config_file *old = &previous->files[i];
        if (old->is_out)
            continue;
        struct config_file *file = &back->files[back->file_count++];
        (void)take_text(file, old->path, copy_text(old->text), silent);
        file->is_previous = true;
    }
    for (size_t i = 0; i < config->file_count; i++) {
        const struct config_file *file = &config->files[i];
        if (!file->is_out && find_file(previous, file->path) == NULL)
            (void)take_text(&back->files[back->file_count++], file->path, copy_text(file->text), silent);
    }
    free(silent);
    config_free(config);
    list_metrics(back);
    return back;
}

static struct config *settle(struct config *config, const struct config *previous,
                             struct config_report *report)
{
    bool is_back = previous == NULL;
    struct round round = check_once(config, previous, report);

    while (!round.is_quiet) {
        if (round.is_old_broken && !is_back) {
            config = fall_back(config, previous);
            is_back = true;
        }
        round = check_once(config, previous, report);
    }
    report_sort(report);
    return config;
}

static void load(struct config *config, const char *path, const struct config *previous,
                 struct config_report *report)
{
    struct config_file *file = &config->files[config->file_count++];

    if (!take_text(file, path, reader_load(path, report), report))
        (void)take_previous(file, previous);
}

static struct config *read_all(const char *const *paths, size_t count, const struct config *previous,
                               const struct option_schemas *schemas, struct config_report *report)
{
    struct config *config = config_new(schemas, count);

    for (size_t i = 0; i < count; i++) {
        if (i < CONFIG_FILES_MAX) {
            load(config, paths[i], previous, report);
            continue;
        }
        struct source source = {.path = paths[i]};
        (void)report_add(report, &source, 0, "more than %d files; the rest is not read", CONFIG_FILES_MAX);
    }
    return settle(config, previous, report);
}

struct config *config_read_files(const char *const *files, size_t count, const struct option_schemas *schemas,
                                 struct config_report *report)
{
    return read_all(files, count, NULL, schemas, report);
}

static int is_rules_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return entry->d_name[0] != '.' && length > strlen(".rules") &&
           strcmp(entry->d_name + length - strlen(".rules"), ".rules") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

struct config *config_read_folder(const char *folder, const struct config *previous,
                                  const struct option_schemas *schemas, struct config_report *report)
{
    struct dirent **entries = NULL;
    int found = scandir(folder, &entries, is_rules_file, by_bytes);
    size_t count = found < 0 ? 0 : (size_t)found;
    char **paths = block_new((count + 1) * sizeof(*paths));

    if (found < 0) {
        struct source source = {.path = folder};
        (void)report_add(report, &source, 0, "cannot be read: %s", strerror(errno));
    }
    for (size_t i = 0; i < count; i++) {
        char memory[PATH_LENGTH_MAX];
        struct text path;
        text_init(&path, memory, sizeof(memory));
        text_add(&path, "%s/%s", folder, entries[i]->d_name);
        paths[i] = copy_text(memory);
        free(entries[i]);
    }
    free((void *)entries);
    struct config *config = found < 0 && previous != NULL
                                ? fall_back(config_new(schemas, 0), previous)
                                : read_all((const char *const *)paths, count, previous, schemas, report);
    for (size_t i = 0; i < count; i++)
        free(paths[i]);
    free((void *)paths);
    return config;
}

void config_each_service(const struct config *config,
                         void (*each)(void *data, const char *service, const char *environment), void *data)
{
    for (size_t i = 0; i < config->file_count; i++) {
        const struct node *services = NULL;
        if (!config->files[i].is_out)
            services = tree_find(config->files[i].tree.root, "services");
        for (size_t j = 0; services != NULL && j < services->count; j++) {
            const struct node *environments = tree_find(&services->children[j], "environments");
            for (size_t k = 0; k < environments->count; k++)
                each(data, services->children[j].name, environments->children[k].name);
        }
    }
}

static bool err_unknown(struct err *err, const char *what, const char *name, const char *const *names,
                        size_t count)
{
    const char *nearest = text_nearest(name, names, count);

    if (nearest == NULL)
        return err_set(err, ERR_NOT_FOUND, "unknown %s '%s'", what, name);
    return err_set(err, ERR_NOT_FOUND, "unknown %s '%s'; did you mean '%s'?", what, name, nearest);
}

static bool err_finding(struct err *err, const struct config_report *report)
{
    const struct config_finding *finding = &report->findings[0];

    if (report->count == 0)
        return err_set(err, ERR_INTERNAL, "it could not be resolved");
    if (finding->line == 0)
        return err_set(err, ERR_INVALID, "%s: %s", finding->file, finding->text);
    return err_set(err, ERR_INVALID, "%s:%u: %s", finding->file, finding->line, finding->text);
}

/* Names that do not exist are the caller's mistake; everything else is the files'. */
static bool check_selection(const struct selection *selection, struct err *err)
{
    const char *names[NAMES_MAX];
    const struct config *config = selection->config;
    const struct node *service = config_find(config, "services", selection->service);

    if (service == NULL)
        return err_unknown(err, "service", selection->service, names,
                           config_names(config, "services", names, NAMES_MAX));
    const struct node *environments = tree_find(service, "environments");
    if (tree_find(environments, selection->environment) == NULL) {
        size_t count = environments->count < NAMES_MAX ? environments->count : NAMES_MAX;
        for (size_t i = 0; i < count; i++)
            names[i] = environments->children[i].name;
        return err_unknown(err, "environment", selection->environment, names, count);
    }
    if (selection->strategy == NULL || strategies_is_kind(selection->strategy) ||
        config_find(config, "strategies", selection->strategy) != NULL)
        return true;
    size_t count = config_names(config, "strategies", names, NAMES_MAX / 2);
    for (size_t i = 0; strategy_kinds[i] != NULL; i++)
        names[count++] = strategy_kinds[i];
    return err_unknown(err, "strategy", selection->strategy, names, count);
}

/* The selected tree on a block that the caller frees with free(arena->memory); NULL: nothing is to be freed.
 */
static const struct node *select_one(const struct selection *selection, struct arena *arena,
                                     struct config_report *report, struct err *err)
{
    if (!check_selection(selection, err))
        return NULL;
    block_arena(arena, SELECT_BYTES_MAX);
    const struct node *root = select_tree(selection, arena, report);
    if (root != NULL)
        return root;
    free(arena->memory);
    (void)err_finding(err, report);
    return NULL;
}

struct definition *config_resolve(const struct config *config, const char *service, const char *environment,
                                  const char *strategy, bool is_record, struct err *err)
{
    struct selection selection = {config, service, environment, strategy, is_record, NULL};
    struct config_report *report = block_new(sizeof(*report));
    struct definition *definition = NULL;
    struct arena arena;
    const struct node *root = select_one(&selection, &arena, report, err);

    if (root != NULL) {
        definition = assemble(root, config->schemas, config->metric_names, config->metric_name_count, report);
        free(arena.memory);
        if (definition == NULL)
            (void)err_finding(err, report);
    }
    free(report);
    return definition;
}

char *config_seal(const struct config *config, const char *service, const char *environment,
                  const char *strategy, bool is_record, struct err *err)
{
    struct selection selection = {config, service, environment, strategy, is_record, NULL};
    struct config_report *report = block_new(sizeof(*report));
    char *text = NULL;
    struct arena arena;
    const struct node *root = select_one(&selection, &arena, report, err);

    if (root != NULL) {
        text = seal_write(root);
        free(arena.memory);
    }
    free(report);
    return text;
}

struct definition *config_unseal(const char *sealed, const struct option_schemas *schemas, struct err *err)
{
    struct source source = {.path = "sealed", .text = sealed};
    struct config_report *report = block_new(sizeof(*report));
    struct definition *definition = NULL;
    struct tree tree = {0};

    if (reader_read(&source, &tree, report))
        definition = assemble(tree.root, schemas, NULL, 0, report);
    if (definition == NULL)
        (void)err_finding(err, report);
    free(tree.memory);
    free(report);
    return definition;
}
