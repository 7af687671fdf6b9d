/* peer.h - another process for a test: started with its first line read, stopped by its id.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_PEER_H
#define SUPPORT_PEER_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PEER_START_MS = 20000 };

struct peer {
    pid_t pid;
    char line[64]; /* the first line of its output, without the newline */
};

static inline bool peer_read_line(int fd, char *to, size_t size)
{
    for (size_t length = 0; length + 1 < size; length++) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, PEER_START_MS) != 1 || read(fd, to + length, 1) != 1)
            return false;
        if (to[length] == '\n') {
            to[length] = '\0';
            return true;
        }
    }
    return false;
}

/* argv ends with NULL; argv[0] is a path. False where it does not say its line in time. */
static inline bool peer_start(struct peer *peer, char *const *argv)
{
    int ends[2];

    if (pipe(ends) != 0)
        return false;
    peer->pid = fork();
    if (peer->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        (void)execv(argv[0], argv);
        _exit(127);
    }
    (void)close(ends[1]);
    bool is_ready = peer->pid > 0 && peer_read_line(ends[0], peer->line, sizeof(peer->line));
    (void)close(ends[0]);
    return is_ready;
}

static inline void peer_stop(struct peer *peer)
{
    if (peer->pid <= 0)
        return;
    (void)kill(peer->pid, SIGKILL);
    (void)waitpid(peer->pid, NULL, 0);
    peer->pid = 0;
}

#endif
