/* state_file.c - writes beside, syncs, renames, syncs the folder; reads and hashes.
 * SPDX-License-Identifier: MIT */
#include "store/state_file.h"

#include "io/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 1024, UNIQUE_BYTES = 8, NAME_SIZE = DIGEST_SHA256_HEX_SIZE + 48, LEVELS = 2 };

#define UNFINISHED ".part"

static bool system_failed(struct err *err, const char *doing, const char *path)
{
    return err_set(err, ERR_IO, "%s %s: %s", doing, path, strerror(errno));
}

static bool sync_folder(int folder)
{
    return fsync(folder) == 0;
}

/* `name` in `parent` (which is closed), made where it is missing, and then on the disk. -1: errno. */
static int enter(int parent, const char *name)
{
    bool is_new = parent >= 0 && mkdirat(parent, name, S_IRWXU) == 0;
    bool is_there = parent >= 0 && (is_new ? sync_folder(parent) : errno == EEXIST);
    int fd = is_there ? openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) : -1;
    int code = errno;

    if (parent >= 0)
        (void)close(parent);
    errno = code;
    return fd;
}

/* The folder itself stands in one that is there. */
static int open_top(const char *folder)
{
    char parent[PATH_SIZE];
    const char *slash = strrchr(folder, '/');
    struct text text;

    text_init(&text, parent, sizeof(parent));
    if (slash == NULL)
        text_add(&text, ".");
    else
        text_add_bytes(&text, folder, slash == folder ? 1 : (size_t)(slash - folder));
    if (text.is_cut) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return enter(fd, slash == NULL ? folder : slash + 1);
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

static void name_of(const struct stack_state *state, char to[NAME_SIZE])
{
    char hash[DIGEST_SHA256_HEX_SIZE];

    digest_hex(state->sha256, sizeof(state->sha256), hash);
    (void)snprintf(to, NAME_SIZE, "%s.tfstate", hash);
}

/* Of its own for each try: two may bring the same state at once. */
static void name_unfinished(char to[NAME_SIZE])
{
    unsigned char unique[UNIQUE_BYTES];
    char text[2 * UNIQUE_BYTES + 1];

    digest_random(unique, sizeof(unique));
    digest_hex(unique, sizeof(unique), text);
    (void)snprintf(to, NAME_SIZE, "%s" UNFINISHED, text);
}

static bool write_file(int folder, const struct stack_state *state, const char *bytes)
{
    char unfinished[NAME_SIZE];
    char name[NAME_SIZE];

    name_unfinished(unfinished);
    name_of(state, name);
    int fd =
        openat(folder, unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return false;
    bool is_written = write_all(fd, bytes, (size_t)state->length) && fsync(fd) == 0;
    int code = errno;
    is_written = close(fd) == 0 && is_written;
    if (is_written && renameat(folder, unfinished, folder, name) == 0)
        return sync_folder(folder);
    code = is_written ? errno : code;
    (void)unlinkat(folder, unfinished, 0);
    errno = code;
    return false;
}

bool state_file_write(const char *folder, const char *stack, const char *environment,
                      const struct stack_state *state, const char *bytes, struct err *err)
{
    int fd = enter(enter(open_top(folder), stack), environment);

    if (fd < 0)
        return system_failed(err, "making a folder in", folder);
    bool is_good = write_file(fd, state, bytes) || system_failed(err, "writing a state to", folder);
    (void)close(fd);
    return is_good;
}

static bool read_all(int fd, char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t got = read(fd, bytes, length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        bytes += got;
        length -= (size_t)got;
    }
    return true;
}

/* The row says how long it is and what its hash is; whoever gets it builds on it. */
static bool is_whole(const struct stack_state *state, const char *bytes)
{
    unsigned char hash[DIGEST_SHA256_SIZE];

    digest_sha256(bytes, (size_t)state->length, hash);
    return digest_equal(hash, sizeof(hash), state->sha256, sizeof(state->sha256));
}

bool state_file_read(const char *folder, const char *stack, const char *environment,
                     const struct stack_state *state, char **ret_bytes, struct err *err)
{
    char name[NAME_SIZE];
    char path[PATH_SIZE];

    name_of(state, name);
    int written = snprintf(path, sizeof(path), "%s/%s/%s/%s", folder, stack, environment, name);
    if (written < 0 || (size_t)written >= sizeof(path))
        return err_set(err, ERR_LIMIT, "%s: the path of a state is too long", folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return system_failed(err, "reading", path);
    char *bytes = memory_take((size_t)state->length + 1);
    bool is_read = read_all(fd, bytes, (size_t)state->length);
    (void)close(fd);
    if (is_read && is_whole(state, bytes)) {
        *ret_bytes = bytes;
        return true;
    }
    free(bytes);
    return err_set(err, ERR_INTERNAL, "%s is not what was written: restore it from a backup", path);
}

static bool is_unfinished(const char *name)
{
    size_t length = strlen(name);

    return length > strlen(UNFINISHED) && strcmp(name + length - strlen(UNFINISHED), UNFINISHED) == 0;
}

static void sweep(int parent, const char *name, int depth)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *files = fd < 0 ? NULL : fdopendir(fd);

    if (files == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    for (struct dirent *file = readdir(files); file != NULL; file = readdir(files)) {
        if (depth < LEVELS && file->d_name[0] != '.')
            sweep(fd, file->d_name, depth + 1);
        else if (depth == LEVELS && is_unfinished(file->d_name))
            (void)unlinkat(fd, file->d_name, 0);
    }
    (void)closedir(files);
}

void state_file_sweep(const char *folder)
{
    sweep(AT_FDCWD, folder, 0);
}
