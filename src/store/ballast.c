/* ballast.c - a file of nothing.
 * SPDX-License-Identifier: MIT */
#include "store/ballast.h"

#include "io/loop.h"
#include "io/memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { RESTORE_PAUSE_MS = 10000 };

static bool take_space(struct ballast *ballast)
{
    int fd = open(ballast->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);

    if (fd < 0)
        return false;
    ballast->is_there = posix_fallocate(fd, 0, ballast->bytes) == 0;
    (void)close(fd);
    if (!ballast->is_there)
        (void)unlink(ballast->path);
    return ballast->is_there;
}

void ballast_init(struct ballast *ballast, const char *journal_path, int64_t bytes)
{
    static const char suffix[] = ".ballast";
    size_t size = strlen(journal_path) + sizeof(suffix);

    *ballast = (struct ballast){
        .path = memory_take(size),
        .journal_path = memory_copy_text(journal_path),
        .bytes = bytes,
    };
    (void)snprintf(ballast->path, size, "%s%s", journal_path, suffix);
    if (bytes > 0)
        (void)take_space(ballast);
    ballast->tried_ms = loop_now_ms();
}

void ballast_done(struct ballast *ballast)
{
    free(ballast->path);
    free(ballast->journal_path);
    *ballast = (struct ballast){0};
}

bool ballast_release(struct ballast *ballast)
{
    if (!ballast->is_there)
        return false;
    ballast->is_there = false;
    ballast->tried_ms = loop_now_ms();
    return unlink(ballast->path) == 0;
}

static bool has_room(const struct ballast *ballast)
{
    struct statvfs space;

    if (statvfs(ballast->journal_path, &space) != 0)
        return false;
    return (double)space.f_bavail * (double)space.f_frsize >= 2.0 * (double)ballast->bytes;
}

bool ballast_restore(struct ballast *ballast)
{
    if (ballast->bytes <= 0 || ballast->is_there)
        return true;
    int64_t now_ms = loop_now_ms();
    if (now_ms - ballast->tried_ms < RESTORE_PAUSE_MS)
        return false;
    ballast->tried_ms = now_ms;
    return has_room(ballast) && take_space(ballast);
}
