/* place.c - files read without following links, and replaced.
 * SPDX-License-Identifier: MIT */
#include "configure/place.h"

#include "base/text.h"
#include "io/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(struct err *err, const char *what)
{
    return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", what, strerror(errno));
}

bool place_open(const char *path, struct place *ret_place, struct err *err)
{
    char folder[PATH_MAX];
    const char *name = strrchr(path, '/') + 1;

    if (!text_copy(folder, sizeof(folder), path))
        return err_set(err, ERR_LIMIT, "the path is too long");
    folder[name - path] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(err, folder);
    *ret_place = (struct place){.folder = fd, .name = name};
    return true;
}

void place_close(struct place *place)
{
    if (place->folder >= 0)
        (void)close(place->folder);
    place->folder = -1;
}

static bool read_bytes(int fd, struct place_content *content, struct err *err)
{
    content->bytes = memory_take(PLACE_BYTES_MAX + 2);
    while (content->length <= PLACE_BYTES_MAX) {
        ssize_t got = read(fd, content->bytes + content->length, PLACE_BYTES_MAX + 1 - content->length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(err, "read");
        if (got == 0)
            break;
        content->length += (size_t)got;
    }
    if (content->length > PLACE_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "it is longer than %d bytes", PLACE_BYTES_MAX);
    content->bytes[content->length] = '\0';
    digest_sha256_hex(content->bytes, content->length, content->hash);
    return true;
}

static bool read_open(int fd, struct place_content *content, struct err *err)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return fail(err, "fstat");
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_INVALID, "what stands there is no regular file");
    content->is_there = true;
    content->look = (struct replace_look){status.st_mode & 07777, status.st_uid, status.st_gid};
    return read_bytes(fd, content, err);
}

bool place_read(const struct place *place, struct place_content *ret_content, struct err *err)
{
    struct place_content content = {.hash = PLACE_ABSENT};
    int fd = openat(place->folder, place->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 && errno == ELOOP)
        return err_set(err, ERR_INVALID,
                       "what stands there is a symbolic link; name the file that it leads to");
    if (fd < 0 && errno != ENOENT)
        return fail(err, place->name);
    bool is_good = fd < 0 || read_open(fd, &content, err);
    if (fd >= 0)
        (void)close(fd);
    if (is_good)
        *ret_content = content;
    else
        place_drop(&content);
    return is_good;
}

void place_drop(struct place_content *content)
{
    if (content->bytes != NULL)
        explicit_bzero(content->bytes, content->length);
    free(content->bytes);
    content->bytes = NULL;
}

static struct runner_bytes bytes_of(const struct place_content *content)
{
    return (struct runner_bytes){(const unsigned char *)content->bytes, content->length};
}

bool place_put(const struct place *place, const struct place_content *content, struct err *err)
{
    if (content->is_there)
        return (replace_write(place->folder, place->name, &content->look, bytes_of(content)) &&
                replace_move(place->folder, place->name)) ||
               fail(err, "replacing it");
    return ((unlinkat(place->folder, place->name, 0) == 0 || errno == ENOENT) && fsync(place->folder) == 0) ||
           fail(err, "removing it");
}
