/* folder.c - temporary folders of tests.
 * SPDX-License-Identifier: MIT */
#include "support/folder.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { OPEN_FOLDERS_MAX = 16 };

struct folder folder_make(void)
{
    struct folder folder;
    const char *place = getenv("TMPDIR");

    int length = snprintf(folder.path, sizeof(folder.path), "%s/verdict-test-XXXXXX",
                          place != NULL && place[0] == '/' ? place : "/tmp");
    assert_in_range(length, 1, sizeof(folder.path) - 1);
    assert_non_null(mkdtemp(folder.path));
    return folder;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void folder_remove(const struct folder *folder)
{
    assert_int_equal(nftw(folder->path, remove_one, OPEN_FOLDERS_MAX, FTW_DEPTH | FTW_PHYS), 0);
}

char *folder_path(const struct folder *folder, const char *name, char *to)
{
    int length = snprintf(to, FOLDER_PATH_MAX, "%s/%s", folder->path, name);

    assert_in_range(length, 1, FOLDER_PATH_MAX - 1);
    return to;
}

void folder_write(const struct folder *folder, const char *name, const char *text)
{
    char path[FOLDER_PATH_MAX];
    int fd = open(folder_path(folder, name, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
}

size_t folder_read(const struct folder *folder, const char *name, char *to, size_t size)
{
    char path[FOLDER_PATH_MAX];
    size_t length = 0;
    int fd = open(folder_path(folder, name, path), O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    while (length < size - 1) {
        ssize_t got = read(fd, to + length, size - 1 - length);
        assert_true(got >= 0);
        if (got == 0)
            break;
        length += (size_t)got;
    }
    (void)close(fd);
    to[length] = '\0';
    return length;
}
