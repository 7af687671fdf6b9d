/* replay.c - `main` of a fuzzer without its library: each file of the folders that are named, and what is
 * left of it where it is cut short.
 * SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 64 * 1024, PATH_SIZE = 4096, CUTS = 7 };

int LLVMFuzzerInitialize(int *count, char ***arguments) __attribute__((weak));
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A copy of just its size, so that whoever reads behind it is seen. */
static void try_one(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));

    if (copy == NULL)
        abort();
    memcpy(copy, bytes, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void try_file(const char *path)
{
    static uint8_t bytes[INPUT_MAX];
    FILE *file = fopen(path, "rb");

    if (file == NULL)
        return;
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    for (size_t cut = 0; cut <= CUTS; cut++)
        try_one(bytes, size - size * cut / CUTS);
}

static size_t try_folder(const char *folder)
{
    char path[PATH_SIZE];
    struct dirent *entry = NULL;
    size_t count = 0;
    DIR *all = opendir(folder);

    if (all == NULL)
        return 0;
    while ((entry = readdir(all)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        try_file(path);
        count++;
    }
    (void)closedir(all);
    return count;
}

int main(int count, char **arguments)
{
    if (LLVMFuzzerInitialize != NULL)
        (void)LLVMFuzzerInitialize(&count, &arguments);
    for (int i = 1; i < count; i++) {
        size_t tried = try_folder(arguments[i]);
        printf("%s: %zu files\n", arguments[i], tried);
        if (tried == 0)
            return 1;
    }
    return count > 1 ? 0 : 2;
}
