/* assembly.c - manifests of the CDK.
 * SPDX-License-Identifier: MIT */
#include "iac/assembly.h"

#include "base/text.h"
#include "io/json.h"

#include <string.h>

enum {
    NAME_MAX_BYTES = 128,
    PATH_MAX_BYTES = ASSEMBLY_FILE_SIZE - 1,
    WORD_MAX = 1024,
    LIST_SIZE = 256,
    LISTED_MAX = 1000,
    KEYS_MAX = 200000,
    VALUES_MAX = 400000
};

static const struct json_limits limits = {.size_max = ASSEMBLY_SIZE_MAX,
                                          .depth_max = JSON_DEPTH_MAX,
                                          .keys_max = KEYS_MAX,
                                          .values_max = VALUES_MAX,
                                          .allows_rounding = true,
                                          .allows_infinity = true};

#define STACK_TYPE  "aws:cloudformation:stack"
#define ASSETS_TYPE "cdk:asset-manifest"

/* A file beside the manifest. */
static bool take_file(const struct json_node *properties, const char *name, char to[ASSEMBLY_FILE_SIZE],
                      struct err *err)
{
    const char *path = "";

    if (!json_text(properties, name, JSON_REQUIRED, PATH_MAX_BYTES, &path, err))
        return false;
    return (path[0] != '\0' && path[0] != '.' && strchr(path, '/') == NULL &&
            text_copy(to, ASSEMBLY_FILE_SIZE, path)) ||
           err_set(err, ERR_INVALID, "%s/%s: '%s' is no file beside the manifest", JSON_POINTER(properties),
                   name, path);
}

/* "aws://ACCOUNT/REGION"; what is unknown is open. */
static bool take_place(const struct json_node *artifact, struct assembly_stack *stack, struct err *err)
{
    const char *text = "aws://unknown-account/unknown-region";

    if (!json_text(artifact, "environment", JSON_OPTIONAL, WORD_MAX, &text, err))
        return false;
    const char *account = strncmp(text, "aws://", 6) == 0 ? text + 6 : "";
    size_t length = strcspn(account, "/");
    if (length == 0 || length >= ASSEMBLY_PLACE_SIZE || account[length] == '\0' ||
        strlen(account + length + 1) >= ASSEMBLY_PLACE_SIZE)
        return err_set(err, ERR_INVALID, "%s/environment: '%.100s' is not like aws://ACCOUNT/REGION",
                       JSON_POINTER(artifact), text);
    const char *region = account + length + 1;
    memcpy(stack->account, account, length);
    stack->account[length] = '\0';
    if (strcmp(stack->account, "unknown-account") == 0)
        stack->account[0] = '\0';
    return text_copy(stack->region, sizeof(stack->region),
                     strcmp(region, "unknown-region") == 0 ? "" : region);
}

/* As older apps tell of assets: in the metadata of a stack. */
static bool check_metadata(const struct json_node *artifact, struct err *err)
{
    struct json_node all = {0};

    if (!json_object(artifact, "metadata", JSON_OPTIONAL, &all, err))
        return false;
    if (all.item == NULL)
        return true;
    for (struct json_node path = json_first(&all); path.item != NULL; path = json_next(&all, &path))
        for (struct json_node one = json_first(&path); one.item != NULL; one = json_next(&path, &one)) {
            const char *type = "";
            if (!json_as_object(&one, err) || !json_text(&one, "type", JSON_REQUIRED, WORD_MAX, &type, err))
                return false;
            if (strcmp(type, "aws:cdk:asset") == 0)
                return err_set(
                    err, ERR_INVALID,
                    "%.200s has an asset, and publishing one is not done here: take it to its bucket or "
                    "registry before, and name it there",
                    json_name(&path));
        }
    return true;
}

static bool type_of(const struct json_node *artifact, const char **ret_type, struct err *err)
{
    return json_as_object(artifact, err) &&
           json_text(artifact, "type", JSON_REQUIRED, WORD_MAX, ret_type, err);
}

/* The file of an asset list that the stack depends on. */
static bool take_assets(const struct json_node *artifacts, const struct json_node *artifact,
                        struct assembly_stack *stack, struct err *err)
{
    struct json_node names = {0};
    size_t count = 0;

    if (!json_array(artifact, "dependencies", JSON_OPTIONAL, LISTED_MAX, &names, &count, err))
        return false;
    for (struct json_node one = json_first(&names); names.item != NULL && one.item != NULL;
         one = json_next(&names, &one)) {
        const char *name = "";
        const char *type = "";
        struct json_node properties = {0};
        if (!json_as_text(&one, WORD_MAX, &name, err))
            return false;
        struct json_node other = json_member(artifacts, name);
        if (other.item == NULL)
            return err_set(err, ERR_INVALID, "%s: there is no artifact '%.100s'", JSON_POINTER(&one), name);
        if (!type_of(&other, &type, err))
            return false;
        if (strcmp(type, ASSETS_TYPE) == 0 &&
            (!json_object(&other, "properties", JSON_REQUIRED, &properties, err) ||
             !take_file(&properties, "file", stack->assets_file, err)))
            return false;
    }
    return true;
}

static bool take_stack(const struct json_node *artifacts, const struct json_node *artifact,
                       struct assembly_stack *stack, struct err *err)
{
    struct json_node properties = {0};
    const char *name = json_name(artifact); /* what it is called unless it says otherwise */

    if (!json_object(artifact, "properties", JSON_REQUIRED, &properties, err) ||
        !json_text(&properties, "stackName", JSON_OPTIONAL, NAME_MAX_BYTES, &name, err) ||
        !take_file(&properties, "templateFile", stack->template_file, err) ||
        !take_place(artifact, stack, err) || !check_metadata(artifact, err) ||
        !take_assets(artifacts, artifact, stack, err))
        return false;
    return text_copy(stack->name, sizeof(stack->name), name) ||
           err_set(err, ERR_INVALID, "%s: the stack's name is too long", JSON_POINTER(artifact));
}

static bool is_wanted(const struct json_node *artifact, const char *wanted)
{
    struct json_node properties = json_member(artifact, "properties");
    const char *name = json_name(artifact);

    if (properties.item != NULL)
        (void)!json_text(&properties, "stackName", JSON_OPTIONAL, NAME_MAX_BYTES, &name, NULL);
    return wanted == NULL || strcmp(name, wanted) == 0;
}

/* The one stack that is meant: *ret_found->item NULL where there are none or several. */
static bool find_stack(const struct json_node *artifacts, const char *wanted, struct json_node *ret_found,
                       struct err *err)
{
    char memory[LIST_SIZE];
    struct text all;
    size_t count = 0;

    text_init(&all, memory, sizeof(memory));
    for (struct json_node one = json_first(artifacts); one.item != NULL; one = json_next(artifacts, &one)) {
        const char *type = "";
        if (!type_of(&one, &type, err))
            return false;
        if (strcmp(type, STACK_TYPE) != 0)
            continue;
        text_add(&all, "%s%s", all.length == 0 ? "" : ", ", json_name(&one));
        if (!is_wanted(&one, wanted))
            continue;
        *ret_found = one;
        count++;
    }
    if (count == 1)
        return true;
    return err_set(err, ERR_INVALID,
                   "the app makes %s stack%s%.100s (it makes: %s); say which by `stack_name`",
                   count == 0 ? "no" : "more than one", wanted == NULL ? "" : " ",
                   wanted == NULL ? "" : wanted, all.length == 0 ? "none" : memory);
}

static bool check_missing(const struct json_node *root, struct err *err)
{
    struct json_node missing = {0};
    size_t count = 0;
    const char *key = "";

    if (!json_array(root, "missing", JSON_OPTIONAL, LISTED_MAX, &missing, &count, err))
        return false;
    if (count == 0)
        return true;
    struct json_node first = json_first(&missing);
    if (!json_as_object(&first, err) || !json_text(&first, "key", JSON_REQUIRED, WORD_MAX, &key, err))
        return false;
    return err_set(
        err, ERR_INVALID,
        "the app asks for context that nobody has looked up (%.200s): keep cdk.context.json with the code",
        key);
}

bool assembly_read(const char *json, size_t length, const char *wanted, struct assembly_stack *ret_stack,
                   struct err *err)
{
    CLEANUP(json_free_at) struct cJSON *tree = NULL;
    struct assembly_stack stack = {0};
    struct json_node artifacts = {0};
    struct json_node found = {0};
    const char *version = "";

    if (!json_parse(json, length, &limits, &tree, err))
        return false;
    struct json_node root = json_root(tree);
    if (!json_as_object(&root, err) || !json_text(&root, "version", JSON_REQUIRED, WORD_MAX, &version, err) ||
        !json_object(&root, "artifacts", JSON_REQUIRED, &artifacts, err) || !check_missing(&root, err) ||
        !find_stack(&artifacts, wanted, &found, err) || !take_stack(&artifacts, &found, &stack, err))
        return false;
    *ret_stack = stack;
    return true;
}

static bool is_template(const struct json_node *file, const char *template_file)
{
    struct json_node source = json_member(file, "source");
    const char *path = "";

    return source.item != NULL && json_is_object(&source) &&
           json_text(&source, "path", JSON_OPTIONAL, WORD_MAX, &path, NULL) &&
           strcmp(path, template_file) == 0;
}

static bool check_list(const struct json_node *root, const char *list, const char *template_file,
                       struct err *err)
{
    struct json_node all = {0};

    if (!json_object(root, list, JSON_OPTIONAL, &all, err))
        return false;
    for (struct json_node one = all.item == NULL ? all : json_first(&all); one.item != NULL;
         one = json_next(&all, &one)) {
        const char *name = json_name(&one);
        if (!json_as_object(&one, err))
            return false;
        (void)!json_text(&one, "displayName", JSON_OPTIONAL, WORD_MAX, &name, NULL);
        if (!is_template(&one, template_file))
            return err_set(
                err, ERR_INVALID,
                "the stack needs the asset %.150s, and publishing one is not done here: take it to its "
                "bucket or registry before, and name it there",
                name);
    }
    return true;
}

bool assembly_check_assets(const char *json, size_t length, const char *template_file, struct err *err)
{
    CLEANUP(json_free_at) struct cJSON *tree = NULL;

    if (!json_parse(json, length, &limits, &tree, err))
        return false;
    struct json_node root = json_root(tree);
    return json_as_object(&root, err) && check_list(&root, "files", template_file, err) &&
           check_list(&root, "dockerImages", template_file, err);
}
