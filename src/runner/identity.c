/* identity.c - reads /proc/<pid>/stat and opens pidfds. SPDX-License-Identifier: MIT */
#include "runner/identity.h"

#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

enum { START_FIELD = 22, STAT_MAX = 1024 };

static bool read_stat(pid_t pid, char *to, size_t size)
{
    char path[64];
    struct text text;
    text_init(&text, path, sizeof(path));
    text_add(&text, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t length = read(fd, to, size - 1);
    close(fd);
    if (length <= 0)
        return false;
    to[length] = '\0';
    return true;
}

bool identity_read(pid_t pid, struct identity *ret_identity)
{
    char stat[STAT_MAX];
    if (!read_stat(pid, stat, sizeof(stat)))
        return false;
    /* Field 2, the name, may hold spaces and brackets; the last bracket ends it. */
    char *field = strrchr(stat, ')');
    for (int number = 2; number < START_FIELD && field != NULL; number++)
        field = strchr(field + 1, ' ');
    if (field == NULL)
        return false;
    field++;
    field[strcspn(field, " ")] = '\0';
    int64_t start;
    if (!text_to_integer(field, 0, INT64_MAX, &start))
        return false;
    *ret_identity = (struct identity){.pid = pid, .start = start};
    return true;
}

int identity_open(const struct identity *process)
{
    int fd = pidfd_open(process->pid, 0);
    if (fd < 0)
        return -1;
    /* Asked after the opening: from then on the pid cannot pass to another process unnoticed. */
    struct identity now;
    if (identity_read(process->pid, &now) && now.start == process->start)
        return fd;
    close(fd);
    return -1;
}

int64_t identity_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
