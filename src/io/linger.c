/* linger.c - ends a connection in a worker: half of it at once, the rest when the other side has ended too.
 * SPDX-License-Identifier: MIT */
#include "io/linger.h"

#include "io/memory.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void read_away(void *data)
{
    const int *fd = data;
    struct pollfd watched = {.fd = *fd, .events = POLLIN};
    int64_t end_ms = loop_now_ms() + LINGER_MS;
    char scratch[4096];

    for (int64_t left_ms = LINGER_MS; left_ms > 0; left_ms = end_ms - loop_now_ms())
        if (poll(&watched, 1, (int)left_ms) != 1 || recv(*fd, scratch, sizeof(scratch), MSG_DONTWAIT) <= 0)
            break;
}

static void end(void *data)
{
    int *fd = data;

    (void)close(*fd);
    free(fd);
}

void linger_close(struct loop *loop, int fd)
{
    int *kept = memory_take(sizeof(*kept));
    struct err err = {0};

    *kept = fd;
    if (shutdown(fd, SHUT_WR) != 0 || !loop_work(loop, read_away, end, kept, &err))
        end(kept);
}
