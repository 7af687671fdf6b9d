/* form_files.c - templates read and hashed.
 * SPDX-License-Identifier: MIT */
#include "config/form_files.h"

#include "base/form.h"
#include "base/text.h"
#include "config/block.h"
#include "config/reader.h"

#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct form_files {
    size_t count;
    struct form_file files[FORM_FILES_MAX];
};

struct form_files *form_files_new(void)
{
    return block_new(sizeof(struct form_files));
}

void form_files_free(struct form_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->files[i].path);
        free(files->files[i].text);
    }
    free(files);
}

static void hash(const char *text, char to[FORM_FILE_HASH_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;

    if (EVP_Digest(text, strlen(text), digest, &length, EVP_sha256(), NULL) != 1)
        abort();
    for (size_t i = 0; i < length && 2 * i + 2 < FORM_FILE_HASH_SIZE; i++)
        (void)snprintf(to + 2 * i, 3, "%02x", digest[i]);
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(block_new(size), text, size);
}

/* Takes the text over. */
static const struct form_file *add(struct form_files *files, const char *path, char *text)
{
    struct form_file *file = &files->files[files->count++];

    *file = (struct form_file){.path = copy_text(path), .text = text};
    file->source = (struct source){.path = file->path, .text = file->text};
    hash(text, file->hash);
    return file;
}

void form_files_copy(struct form_files *files, const struct form_files *from)
{
    for (size_t i = 0; i < from->count; i++)
        (void)add(files, from->files[i].path, copy_text(from->files[i].text));
}

/* As it is reached from the folder of the file that names it. */
static bool reach(const struct node *node, const char *path, char to[PATH_MAX], struct config_report *report)
{
    char memory[PATH_MAX];
    const char *file = node->source->path;
    const char *slash = strrchr(file, '/');
    struct text text;

    text_init(&text, memory, sizeof(memory));
    if (path[0] != '/' && slash != NULL)
        text_add_bytes(&text, file, (size_t)(slash + 1 - file));
    text_add(&text, "%s", path);
    if (!text.is_cut && realpath(memory, to) != NULL)
        return true;
    return report_node(report, node, "template: %s cannot be opened: %s", memory,
                       text.is_cut ? "its path is too long" : strerror(errno));
}

const struct form_file *form_files_find(struct form_files *files, const struct node *node, const char *path,
                                        struct config_report *report)
{
    char whole[PATH_MAX];

    if (!reach(node, path, whole, report))
        return NULL;
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->files[i].path, whole) == 0)
            return &files->files[i];
    if (files->count == FORM_FILES_MAX) {
        (void)report_node(report, node, "more than %d templates", FORM_FILES_MAX);
        return NULL;
    }
    char *text = reader_load(whole, report);
    return text == NULL ? NULL : add(files, whole, text);
}
