/* blueprint.c - templates in files.
 * SPDX-License-Identifier: MIT */
#include "iac/blueprint.h"

#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLACE   "blueprint.json"
#define APPLIED "applied.json"

enum { PLACE_MAX = 4096 };

void blueprint_done(struct blueprint *blueprint)
{
    free(blueprint->text);
    blueprint->text = NULL;
}

bool blueprint_name(const struct job *job, const char *otherwise, char to[STACK_NAME_MAX + 1],
                    struct err *err)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    enum { FIRST = 52 /* letters that a name begins with */ };
    const char *name = job->settings.name == NULL ? otherwise : job->settings.name;
    bool is_good = name[strspn(name, letters)] == '\0' && strcspn(name, letters + FIRST) > 0;

    return (is_good && name[0] != '\0' && text_copy(to, STACK_NAME_MAX + 1, name)) ||
           err_set(err, ERR_INVALID,
                   "stack_name: '%.140s' is no name of a stack: letters, digits, -, at most %d", name,
                   STACK_NAME_MAX);
}

bool blueprint_place(struct job *job, struct blueprint *ret_blueprint, struct err *err)
{
    char whole[2 * NAME_MAX_LENGTH + 2];

    (void)snprintf(whole, sizeof(whole), "%.63s-%.63s", job->stack, job->environment);
    return blueprint_name(job, whole, ret_blueprint->name, err);
}

/* ---- a file ---- */

bool blueprint_read_template(const char *path, char **ret_text, size_t *ret_length, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = memory_take(AMAZON_TEMPLATE_MAX + 2);
    size_t length = 0;
    ssize_t count = 0;

    while (fd >= 0 && length <= AMAZON_TEMPLATE_MAX &&
           (count = read(fd, text + length, AMAZON_TEMPLATE_MAX + 1 - length)) > 0)
        length += (size_t)count;
    bool is_read = fd >= 0 && count >= 0;
    if (!is_read)
        (void)err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "template %.300s: %s", path,
                      strerror(errno));
    else if (length > AMAZON_TEMPLATE_MAX)
        (void)err_set(err, ERR_LIMIT,
                      "template %.300s: longer than %d bytes, which is what CloudFormation takes without S3",
                      path, AMAZON_TEMPLATE_MAX);
    else if (memchr(text, '\0', length) != NULL)
        (void)err_set(err, ERR_INVALID, "template %.300s: has a NUL byte", path);
    if (fd >= 0)
        (void)close(fd);
    if (!is_read || length > AMAZON_TEMPLATE_MAX || memchr(text, '\0', length) != NULL) {
        free(text);
        return false;
    }
    *ret_text = text;
    *ret_length = length;
    return true;
}

bool blueprint_from_file(struct job *job, struct blueprint *ret_blueprint, struct err *err)
{
    return blueprint_place(job, ret_blueprint, err) &&
           blueprint_read_template(job->settings.template, &ret_blueprint->text, &ret_blueprint->length, err);
}

/* ---- the run's folder ---- */

bool blueprint_save(const struct job *job, const struct blueprint *blueprint, struct err *err)
{
    cJSON *place = cJSON_CreateObject();

    (void)cJSON_AddStringToObject(place, "name", blueprint->name);
    (void)cJSON_AddStringToObject(place, "account", blueprint->account);
    CLEANUP(memory_free_at) char *text = json_print(place);
    cJSON_Delete(place);
    work_remove(&job->work, APPLIED);
    return work_save(&job->work, BLUEPRINT_TEMPLATE, blueprint->text, blueprint->length, err) &&
           work_save(&job->work, PLACE, text, strlen(text), err);
}

void blueprint_is_applied(const struct job *job)
{
    (void)renameat(job->work.run, PLACE, job->work.run, APPLIED);
}

void blueprint_remove(const struct job *job)
{
    work_remove(&job->work, BLUEPRINT_TEMPLATE);
    work_remove(&job->work, PLACE);
    work_remove(&job->work, APPLIED);
}

static bool read_place(const char *text, size_t length, struct blueprint *blueprint, struct err *err)
{
    CLEANUP(json_free_at) cJSON *tree = NULL;
    const char *name = "";
    const char *account = "";

    if (!json_parse(text, length, NULL, &tree, err))
        return false;
    struct json_node root = json_root(tree);
    return json_as_object(&root, err) &&
           json_text(&root, "name", JSON_REQUIRED, STACK_NAME_MAX, &name, err) &&
           json_text(&root, "account", JSON_REQUIRED, BLUEPRINT_ACCOUNT_SIZE - 1, &account, err) &&
           text_copy(blueprint->name, sizeof(blueprint->name), name) &&
           text_copy(blueprint->account, sizeof(blueprint->account), account);
}

bool blueprint_load_applied(const struct job *job, struct blueprint *ret_blueprint, struct err *err)
{
    struct blueprint blueprint = {0};
    CLEANUP(memory_free_at) char *text = NULL;
    size_t length = 0;

    if (!work_load(&job->work, APPLIED, PLACE_MAX, &text, &length, err) ||
        !read_place(text, length, &blueprint, err) ||
        !work_load(&job->work, BLUEPRINT_TEMPLATE, AMAZON_TEMPLATE_MAX, &blueprint.text, &blueprint.length,
                   err))
        return false;
    *ret_blueprint = blueprint;
    return true;
}
