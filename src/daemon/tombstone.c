/* tombstone.c - one empty file per deployment whose way back left ahead of its journal row.
 * SPDX-License-Identifier: MIT */
#include "daemon/tombstone.h"

#include "base/text.h"

#include <stdio.h>
#include <unistd.h>

static void path_of(const struct daemon *daemon, uint64_t deployment, char path[DAEMON_PATH_MAX])
{
    struct text text;

    text_init(&text, path, DAEMON_PATH_MAX);
    text_add(&text, "%s/ahead.%llu", daemon->runtime_folder, (unsigned long long)deployment);
}

void tombstone_leave(const struct daemon *daemon, uint64_t deployment)
{
    char path[DAEMON_PATH_MAX];

    path_of(daemon, deployment, path);
    FILE *file = fopen(path, "we");
    if (file == NULL || fclose(file) != 0)
        log_say(&daemon->log, LOG_LEVEL_ERROR, "cannot write %s", path);
}

bool tombstone_is_there(const struct daemon *daemon, uint64_t deployment)
{
    char path[DAEMON_PATH_MAX];

    path_of(daemon, deployment, path);
    return access(path, F_OK) == 0;
}

void tombstone_remove(const struct daemon *daemon, uint64_t deployment)
{
    char path[DAEMON_PATH_MAX];

    path_of(daemon, deployment, path);
    (void)unlink(path);
}
