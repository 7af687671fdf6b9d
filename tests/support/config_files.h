/* config_files.h - rule files in a temporary folder, and what reading them found.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_CONFIG_FILES_H
#define SUPPORT_CONFIG_FILES_H

#include "base/text.h"
#include "config/config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct folder {
    char path[64];
};

static inline void folder_make(struct folder *folder)
{
    (void)snprintf(folder->path, sizeof(folder->path), "/tmp/verdictd-config-XXXXXX");
    if (mkdtemp(folder->path) == NULL)
        abort();
}

/* Path of a file in the folder; `to` holds 256 bytes. */
static inline const char *folder_path(const struct folder *folder, const char *name, char *to)
{
    struct text path;

    text_init(&path, to, 256);
    text_add(&path, "%s/%s", folder->path, name);
    return to;
}

static inline void folder_write_bytes(const struct folder *folder, const char *name, const char *bytes,
                                      size_t length)
{
    char path[256];
    FILE *file = fopen(folder_path(folder, name, path), "we");

    if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        abort();
}

static inline void folder_write(const struct folder *folder, const char *name, const char *text)
{
    folder_write_bytes(folder, name, text, strlen(text));
}

static inline void folder_remove(const struct folder *folder, const char *name)
{
    char path[256];

    (void)unlink(folder_path(folder, name, path));
}

static inline void folder_drop(const struct folder *folder)
{
    DIR *entries = opendir(folder->path);
    struct dirent *entry = NULL;

    while (entries != NULL && (entry = readdir(entries)) != NULL)
        if (entry->d_name[0] != '.')
            folder_remove(folder, entry->d_name);
    if (entries != NULL)
        (void)closedir(entries);
    (void)rmdir(folder->path);
}

/* All findings, "NAME:LINE: text" per line, without the folder. */
static inline const char *report_text(const struct config_report *report, char *to, size_t size)
{
    struct text text;

    text_init(&text, to, size);
    for (size_t i = 0; i < report->count && i < CONFIG_FINDINGS_MAX; i++) {
        const struct config_finding *finding = &report->findings[i];
        const char *slash = strrchr(finding->file, '/');
        text_add(&text, "%s%s:%u: %s", i == 0 ? "" : "\n", slash == NULL ? finding->file : slash + 1,
                 finding->line, finding->text);
    }
    return to;
}

#endif
