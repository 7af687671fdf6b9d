/* synthesis.c - the app's words, its context, its one run, and the template that it leaves.
 * SPDX-License-Identifier: MIT */
#include "iac/synthesis.h"

#include "iac/assembly.h"
#include "iac/surroundings.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORDS_MAX = 32, APP_SIZE = 4096, FILE_MAX = 1024 * 1024, PATH_SIZE = WORK_PATH_MAX + 512 };

#define OUT "cdk.out" /* its name in the run's folder */

struct synthesis {
    struct job *job;
    char app[APP_SIZE];
    const char *words[WORDS_MAX + 1];
    cJSON *context;
    char out[PATH_SIZE];
};

/* ---- cdk.json ---- */

/* *ret_tree NULL: there is no such file. */
static bool read_json(const char *path, bool is_optional, cJSON **ret_tree, struct err *err)
{
    static const struct json_limits limits = {.size_max = FILE_MAX,
                                              .depth_max = JSON_DEPTH_MAX,
                                              .keys_max = FILE_MAX / 16,
                                              .allows_rounding = true};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    CLEANUP(memory_free_at) char *text = memory_take(FILE_MAX + 2);
    ssize_t count = 0;
    size_t length = 0;

    if (fd < 0 && errno == ENOENT && is_optional)
        return true;
    if (fd < 0)
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path, strerror(errno));
    while (length <= FILE_MAX && (count = read(fd, text + length, FILE_MAX + 1 - length)) > 0)
        length += (size_t)count;
    (void)close(fd);
    if (count < 0)
        return err_set(err, ERR_IO, "%s cannot be read", path);
    if (!json_parse(text, length, &limits, ret_tree, err))
        return err_wrap(err, "%s", path);
    struct json_node root = json_root(*ret_tree);
    return json_as_object(&root, err) || err_wrap(err, "%s", path);
}

/* Words with blanks between them: there is no shell that could take quotes and the like. */
static bool split_app(struct synthesis *synthesis, const char *app, struct err *err)
{
    static const char blanks[] = " \t";
    size_t count = 0;

    if (strpbrk(app, "\"'`$\\|&;<>(){}*?~\n") != NULL)
        return err_set(err, ERR_INVALID,
                       "cdk.json: app: '%.200s' wants a shell, and none is used here: put it into a script",
                       app);
    if (!text_copy(synthesis->app, sizeof(synthesis->app), app))
        return err_set(err, ERR_LIMIT, "cdk.json: app: is too long");
    for (char *at = synthesis->app + strspn(synthesis->app, blanks); *at != '\0'; at += strspn(at, blanks)) {
        size_t length = strcspn(at, blanks);
        bool is_last = at[length] == '\0';
        if (count == WORDS_MAX)
            return err_set(err, ERR_LIMIT, "cdk.json: app: more than %d words", WORDS_MAX);
        synthesis->words[count++] = at;
        at[length] = '\0';
        at += length + !is_last;
    }
    return count > 0 || err_set(err, ERR_INVALID, "cdk.json: app: is empty");
}

/* Members of `from` win. */
static void merge(cJSON *to, const cJSON *from)
{
    const cJSON *one = NULL;

    cJSON_ArrayForEach(one, from)
    {
        cJSON_DeleteItemFromObjectCaseSensitive(to, one->string);
        (void)cJSON_AddItemToObject(to, one->string, cJSON_Duplicate(one, true));
    }
}

static bool read_settings(struct synthesis *synthesis, struct err *err)
{
    CLEANUP(json_free_at) cJSON *settings = NULL;
    CLEANUP(json_free_at) cJSON *found = NULL;
    CLEANUP(json_free_at) cJSON *variables = NULL;
    struct json_node context = {0};
    const char *app = "";

    if (!read_json("cdk.json", false, &settings, err) || !read_json("cdk.context.json", true, &found, err))
        return false;
    struct json_node root = json_root(settings);
    if (!json_text(&root, "app", JSON_REQUIRED, APP_SIZE, &app, err) ||
        !json_object(&root, "context", JSON_OPTIONAL, &context, err))
        return err_wrap(err, "cdk.json");
    if (!json_parse(synthesis->job->variables, strlen(synthesis->job->variables), NULL, &variables, err))
        return err_wrap(err, "variables");
    merge(synthesis->context, context.item);
    merge(synthesis->context, found);
    merge(synthesis->context, variables);
    return split_app(synthesis, app, err);
}

/* ---- the app ---- */

static bool surround(const struct synthesis *synthesis, struct surroundings *around, struct err *err)
{
    CLEANUP(memory_free_at) char *context = json_print(synthesis->context);

    return surroundings_add(around, "CDK_OUTDIR", synthesis->out, err) &&
           surroundings_add(around, "CDK_CONTEXT_JSON", context, err) &&
           surroundings_add(around, "CDK_DEFAULT_REGION", synthesis->job->settings.region, err);
}

static bool find_program(const char *word, char to[WORK_PATH_MAX], struct err *err)
{
    if (strchr(word, '/') == NULL)
        return surroundings_program(word, to, err);
    return text_copy(to, WORK_PATH_MAX, word) || err_set(err, ERR_LIMIT, "cdk.json: app: is too long");
}

static bool run_app(const struct synthesis *synthesis, int said, struct err *err)
{
    static const char *const without[] = {"AWS_", "CDK_", NULL}; /* who makes a template needs no keys */
    CLEANUP(surroundings_free_at)
    struct surroundings *around = surroundings_new(without, synthesis->job->hidden);
    char program[WORK_PATH_MAX];
    int status = 0;

    if (!find_program(synthesis->words[0], program, err) || !surround(synthesis, around, err))
        return false;
    const struct invocation invocation = {.program = program,
                                          .arguments = synthesis->words,
                                          .environment = surroundings_pairs(around),
                                          .output = said,
                                          .said = said,
                                          .hidden = synthesis->job->hidden};
    return invocation_run(&synthesis->job->signals, &invocation, &status, err) &&
           (status == 0 ||
            err_set(err, ERR_INVALID, "the app %s ended with status %d", synthesis->words[0], status));
}

static bool synthesize(struct synthesis *synthesis, struct err *err)
{
    const struct work *work = &synthesis->job->work;

    (void)snprintf(synthesis->out, sizeof(synthesis->out), "%s/" OUT, work->run_path);
    if (mkdirat(work->run, OUT, 0700) != 0)
        return err_set(err, ERR_IO, "making %s: %s", OUT, strerror(errno));
    int said = work_create(work, "said", err);
    if (said < 0)
        return false;
    bool is_good = run_app(synthesis, said, err);
    (void)close(said);
    work_remove(work, "said");
    return is_good;
}

/* ---- what it left ---- */

static bool read_file(const struct synthesis *synthesis, const char *name, char **ret_text,
                      size_t *ret_length, struct err *err)
{
    char path[PATH_SIZE];

    (void)snprintf(path, sizeof(path), OUT "/%s", name);
    return work_load(&synthesis->job->work, path, ASSEMBLY_SIZE_MAX, ret_text, ret_length, err);
}

static bool check_assets(const struct synthesis *synthesis, const struct assembly_stack *stack,
                         struct err *err)
{
    CLEANUP(memory_free_at) char *text = NULL;
    size_t length = 0;

    if (stack->assets_file[0] == '\0')
        return true;
    return read_file(synthesis, stack->assets_file, &text, &length, err) &&
           (assembly_check_assets(text, length, stack->template_file, err) ||
            err_wrap(err, "%s", stack->assets_file));
}

static bool take_stack(const struct synthesis *synthesis, const struct assembly_stack *stack,
                       struct blueprint *blueprint, struct err *err)
{
    const char *region = synthesis->job->settings.region;
    char path[PATH_SIZE + ASSEMBLY_FILE_SIZE];

    if (stack->region[0] != '\0' && strcmp(stack->region, region) != 0)
        return err_set(err, ERR_INVALID, "the stack %s belongs into %s, and the region is %s", stack->name,
                       stack->region, region);
    if (!text_copy(blueprint->account, sizeof(blueprint->account), stack->account))
        return err_set(err, ERR_INVALID, "'%s' is no account", stack->account);
    (void)snprintf(path, sizeof(path), "%s/%s", synthesis->out, stack->template_file);
    return check_assets(synthesis, stack, err) &&
           blueprint_name(synthesis->job, stack->name, blueprint->name, err) &&
           blueprint_read_template(path, &blueprint->text, &blueprint->length, err);
}

bool synthesis_draw(struct job *job, struct blueprint *ret_blueprint, struct err *err)
{
    struct synthesis synthesis = {.job = job, .context = cJSON_CreateObject()};
    CLEANUP(memory_free_at) char *manifest = NULL;
    struct assembly_stack stack = {0};
    size_t length = 0;

    work_remove_folder(&job->work, OUT);
    bool is_good = read_settings(&synthesis, err) && synthesize(&synthesis, err) &&
                   read_file(&synthesis, "manifest.json", &manifest, &length, err);
    if (is_good)
        is_good = (assembly_read(manifest, length, job->settings.name, &stack, err) ||
                   err_wrap(err, "manifest.json")) &&
                  take_stack(&synthesis, &stack, ret_blueprint, err);
    work_remove_folder(&job->work, OUT);
    cJSON_Delete(synthesis.context);
    return is_good;
}

bool synthesis_place(struct job *job, struct blueprint *ret_blueprint, struct err *err)
{
    return job->settings.name == NULL ? synthesis_draw(job, ret_blueprint, err)
                                      : blueprint_name(job, "", ret_blueprint->name, err);
}
