/* place.c - from a name to the node that defines it. SPDX-License-Identifier: MIT */
#include "config/place.h"

#include "base/text.h"
#include "config/files.h"

#include <string.h>

static bool begins(const char *text, const char *with, const char **ret_rest)
{
    size_t length = strlen(with);

    *ret_rest = text + length;
    return strncmp(text, with, length) == 0;
}

/* The name up to a slash, which leads to a part of it. */
static const char *first_name(const char *text, char name[NAME_MAX_LENGTH + 1])
{
    struct text to;

    text_init(&to, name, NAME_MAX_LENGTH + 1);
    text_add_bytes(&to, text, strcspn(text, "/"));
    return name;
}

static const struct node *find(const struct config *config, const struct node *environment, const char *what)
{
    char name[NAME_MAX_LENGTH + 1];
    const char *rest = NULL;

    if (begins(what, "metric ", &rest))
        return config_find(config, "metrics", rest);
    if (begins(what, "command ", &rest))
        return tree_find(tree_find(environment, "commands"), first_name(rest, name));
    if (begins(what, "smoke test ", &rest))
        return config_find(config, "smoke_tests", first_name(rest, name));
    return tree_find(environment, what);
}

bool config_place_of(const struct config *config, const char *service, const char *environment,
                     const char *what, struct config_place *ret_place)
{
    const struct node *of_service = config_find(config, "services", service);
    const struct node *of_environment = tree_find(tree_find(of_service, "environments"), environment);
    const struct node *node = find(config, of_environment, what);

    if (node == NULL)
        node = of_environment;
    if (node == NULL)
        return false;
    *ret_place = (struct config_place){node->source->path, node->line};
    return true;
}
