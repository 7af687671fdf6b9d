/* secrets.c - the references in rule files.
 * SPDX-License-Identifier: MIT */
#include "base/reference.h"
#include "config/block.h"
#include "config/files.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SECRETS = 16 };

static bool is_noted(const struct config *config, const char *reference)
{
    for (size_t i = 0; i < config->secret_count; i++)
        if (strcmp(config->secrets[i].reference, reference) == 0)
            return true;
    return false;
}

/* Doubled when it is full. */
static struct config_secret_use *next_use(struct config *config)
{
    size_t count = config->secret_count;

    if (count == 0 || (count >= FIRST_SECRETS && (count & (count - 1)) == 0)) {
        size_t room = count == 0 ? FIRST_SECRETS : 2 * count;
        struct config_secret_use *uses = block_new(room * sizeof(*uses));
        if (count > 0)
            memcpy(uses, config->secrets, count * sizeof(*uses));
        free(config->secrets);
        config->secrets = uses;
    }
    return &config->secrets[config->secret_count++];
}

static void note(struct config *config, const char *reference, const struct node *at)
{
    size_t size = strlen(reference) + 1;

    if (config->secret_count == CONFIG_SECRETS_MAX || is_noted(config, reference))
        return;
    struct config_secret_use *use = next_use(config);
    use->reference = block_new(size);
    memcpy(use->reference, reference, size);
    use->file = at->source->path;
    use->line = at->line;
}

void config_note_secrets(struct config *config, const struct node *at, const char *const *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        note(config, pairs[2 * i + 1], at);
}

/* A command or a metric may be called so, too: then its texts are no references. */
static void look_into(struct config *config, const struct node *node)
{
    bool is_it = node->name != NULL && strcmp(node->name, "secrets") == 0;

    for (size_t i = 0; i < node->count; i++) {
        const struct node *child = &node->children[i];
        if (is_it && child->kind == NODE_TEXT && reference_kind(child->text) != REFERENCE_NONE &&
            strstr(child->text, "{{") == NULL)
            note(config, child->text, child);
        look_into(config, child);
    }
}

void config_note_written(struct config *config)
{
    for (size_t i = 0; i < config->file_count; i++)
        if (!config->files[i].is_out && config->files[i].tree.root != NULL)
            look_into(config, config->files[i].tree.root);
}

void config_forget_secrets(struct config *config)
{
    for (size_t i = 0; i < config->secret_count; i++)
        free(config->secrets[i].reference);
    free(config->secrets);
    config->secrets = NULL;
    config->secret_count = 0;
}

void config_each_secret(const struct config *config, config_secret *each, void *data)
{
    for (size_t i = 0; i < config->secret_count; i++)
        each(data, config->secrets[i].reference, config->secrets[i].file, config->secrets[i].line);
}
