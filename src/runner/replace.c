/* replace.c - write, sync, rename, sync. SPDX-License-Identifier: MIT */
#include "runner/replace.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int fd, struct runner_bytes content)
{
    while (content.length > 0) {
        ssize_t length = write(fd, content.data, content.length);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return false;
        content.data += length;
        content.length -= (size_t)length;
    }
    return true;
}

static bool fill(int fd, const struct replace_look *look, struct runner_bytes content)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return false;
    if ((status.st_uid != look->uid || status.st_gid != look->gid) && fchown(fd, look->uid, look->gid) != 0)
        return false;
    return write_all(fd, content) && fchmod(fd, look->mode) == 0 && fsync(fd) == 0;
}

bool replace_beside_name(const char *name, char to[NAME_MAX + 1])
{
    struct text text;
    text_init(&text, to, NAME_MAX + 1);
    text_add(&text, ".%s.verdict-new", name);
    if (text.is_cut)
        errno = ENAMETOOLONG;
    return !text.is_cut;
}

void replace_drop(int folder, const char *name)
{
    char beside[NAME_MAX + 1];
    int error = errno;
    if (replace_beside_name(name, beside))
        unlinkat(folder, beside, 0);
    errno = error;
}

bool replace_write(int folder, const char *name, const struct replace_look *look, struct runner_bytes content)
{
    char beside[NAME_MAX + 1];
    /* What a killed writer left. */
    if (!replace_beside_name(name, beside) || (unlinkat(folder, beside, 0) != 0 && errno != ENOENT))
        return false;
    int fd = openat(folder, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool is_good = fill(fd, look, content);
    int error = errno;
    close(fd);
    errno = error;
    if (!is_good)
        replace_drop(folder, name);
    return is_good;
}

bool replace_move(int folder, const char *name)
{
    char beside[NAME_MAX + 1];
    bool is_good = replace_beside_name(name, beside) && renameat(folder, beside, folder, name) == 0 &&
                   fsync(folder) == 0;
    if (!is_good)
        replace_drop(folder, name);
    return is_good;
}

static bool replace(int folder, const char *name, const struct replace_look *look,
                    struct runner_bytes content)
{
    return replace_write(folder, name, look, content) && replace_move(folder, name);
}

bool replace_at(int folder, const char *name, struct runner_bytes content)
{
    struct replace_look look = {0600, geteuid(), getegid()};
    return replace(folder, name, &look, content);
}

static bool read_look(int folder, const char *name, mode_t mode, struct replace_look *ret_look)
{
    struct stat status;
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        *ret_look = (struct replace_look){mode, geteuid(), getegid()};
        return errno == ENOENT;
    }
    if (!S_ISREG(status.st_mode)) {
        errno = ELOOP;
        return false;
    }
    *ret_look = (struct replace_look){status.st_mode & 07777, status.st_uid, status.st_gid};
    return true;
}

bool replace_path(const char *path, mode_t mode, struct runner_bytes content)
{
    char folder_path[RUNNER_PATH_MAX];
    const char *name = strrchr(path, '/');
    if (name == NULL || name[1] == '\0' || !text_copy(folder_path, sizeof(folder_path), path)) {
        errno = EINVAL;
        return false;
    }
    folder_path[name - path + 1] = '\0';
    name++;
    int folder = open(folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return false;
    struct replace_look look;
    bool is_good = read_look(folder, name, mode, &look) && replace(folder, name, &look, content);
    int error = errno;
    close(folder);
    errno = error;
    return is_good;
}
