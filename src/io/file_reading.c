/* file_reading.c - open, look, read, close: elsewhere.
 * SPDX-License-Identifier: MIT */
#include "io/file_reading.h"

#include "io/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_reading {
    struct loop *loop;
    char *path;
    char *bytes; /* of size_max + 2: one more than may be, and the NUL */
    size_t size_max, length;
    struct err err;
    file_read *done; /* NULL: cancelled */
    void *data;
};

static void free_reading(struct file_reading *reading)
{
    free(reading->path);
    free(reading->bytes);
    free(reading);
}

static bool fail(struct file_reading *reading)
{
    int error = errno;
    enum err_code code = error == ENOENT || error == ENOTDIR ? ERR_NOT_FOUND
                         : error == EACCES || error == EPERM ? ERR_FORBIDDEN
                                                             : ERR_IO;

    return err_set(&reading->err, code, "%s: %s", reading->path, strerror(error));
}

static bool read_all(struct file_reading *reading, int fd)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return fail(reading);
    if (!S_ISREG(status.st_mode))
        return err_set(&reading->err, ERR_INVALID, "%s: is no file", reading->path);
    while (reading->length <= reading->size_max) {
        ssize_t got = read(fd, reading->bytes + reading->length, reading->size_max + 1 - reading->length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(reading);
        if (got == 0)
            return true;
        reading->length += (size_t)got;
    }
    return err_set(&reading->err, ERR_LIMIT, "%s: is longer than %zu bytes", reading->path,
                   reading->size_max);
}

static void work(void *data)
{
    struct file_reading *reading = data;
    int fd = open(reading->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        (void)fail(reading);
        return;
    }
    (void)read_all(reading, fd);
    (void)close(fd);
}

static void worked(void *data)
{
    struct file_reading *reading = data;

    if (reading->done != NULL)
        reading->done(reading->data, reading->bytes, reading->length,
                      reading->err.code == ERR_NONE ? NULL : &reading->err);
    free_reading(reading);
}

struct file_reading *file_reading_start(struct loop *loop, const char *path, size_t size_max, file_read *done,
                                        void *data)
{
    struct file_reading *reading = memory_take(sizeof(*reading));

    reading->loop = loop;
    reading->path = memory_copy_text(path);
    reading->bytes = memory_take(size_max + 2);
    reading->size_max = size_max;
    reading->done = done;
    reading->data = data;
    if (!loop_work(loop, work, worked, reading, &reading->err))
        loop_defer(loop, worked, reading);
    return reading;
}

void file_reading_cancel(struct file_reading *reading)
{
    if (reading == NULL)
        return;
    reading->done = NULL;
}
