/* pulumi_config.c - values by their paths.
 * SPDX-License-Identifier: MIT */
#include "iac/pulumi_config.h"

#include "io/json.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 4096 };

static bool check_name(const struct json_node *member, bool is_top, struct err *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-*";
    const char *name = json_name(member);
    const char *rest = name + strspn(name, letters);

    if (is_top && *rest == ':') /* what belongs to a provider */
        rest += 1 + strspn(rest + 1, letters);
    return (name[0] != '\0' && *rest == '\0') ||
           err_set(err, ERR_INVALID, "variables: '%.64s' is no name that pulumi can be told", name);
}

static bool add_values(struct pulumi_config *config, const struct json_node *parent, const char *path,
                       struct err *err);

static bool add_scalar(struct pulumi_config *config, const struct json_node *value, const char *path,
                       struct err *err)
{
    char word[PULUMI_PATH_MAX + TEXT_SIZE];
    char text[TEXT_SIZE];
    const char *as_text = "";

    if (!json_value_text(value->item, text, sizeof(text)))
        return err_set(err, ERR_LIMIT, "variables: %.64s is too long", path);
    if (text[0] == '\0' && !json_as_text(value, 0, &as_text, err))
        return err_set(err, ERR_INVALID, "variables: %.64s is nothing", path);
    if (config->count == PULUMI_VALUES_MAX)
        return err_set(err, ERR_LIMIT, "variables: more than %d values", PULUMI_VALUES_MAX);
    (void)snprintf(word, sizeof(word), "%s=%s", path, text);
    config->words[config->count++] = memory_copy_text(word);
    return true;
}

static bool add_value(struct pulumi_config *config, const struct json_node *value, const char *path,
                      struct err *err)
{
    return json_is_object(value) || json_is_array(value) ? add_values(config, value, path, err)
                                                         : add_scalar(config, value, path, err);
}

static bool add_values(struct pulumi_config *config, const struct json_node *parent, const char *path,
                       struct err *err)
{
    bool is_top = path[0] == '\0';
    struct json_node one = json_first(parent);

    if (one.item == NULL && !is_top)
        return err_set(err, ERR_INVALID, "variables: %.64s is empty, and pulumi has no word for that", path);
    for (; one.item != NULL; one = json_next(parent, &one)) {
        char longer[PULUMI_PATH_MAX];
        int length = 0;
        if (json_name(&one) == NULL)
            length = snprintf(longer, sizeof(longer), "%s[%zu]", path, one.index);
        else if (check_name(&one, is_top, err))
            length = snprintf(longer, sizeof(longer), "%s%s%s", path, is_top ? "" : ".", json_name(&one));
        else
            return false;
        if (length >= PULUMI_PATH_MAX)
            return err_set(err, ERR_LIMIT, "variables: %.64s has too long a path", path);
        if (!add_value(config, &one, longer, err))
            return false;
    }
    return true;
}

bool pulumi_config_read(const char *variables, struct pulumi_config *ret_config, struct err *err)
{
    CLEANUP(json_free_at) struct cJSON *tree = NULL;

    *ret_config = (struct pulumi_config){.count = 0};
    if (!json_parse(variables, strlen(variables), NULL, &tree, err))
        return err_wrap(err, "variables");
    struct json_node root = json_root(tree);
    return json_as_object(&root, err) && add_values(ret_config, &root, "", err);
}

void pulumi_config_done(struct pulumi_config *config)
{
    for (size_t i = 0; i < config->count; i++)
        free(config->words[i]);
    config->count = 0;
}
