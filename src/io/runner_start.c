/* runner_start.c - posix_spawn of verdict-runner, with backoff. SPDX-License-Identifier: MIT */
#include "io/runner_start.h"

#include "io/memory.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BACKOFF_LEAST_MS = 1000, BACKOFF_MOST_MS = 60 * 1000, ARGUMENTS_MAX = 8 };

static void forget_paths(struct runner_start *start)
{
    free(start->binary);
    free(start->config);
    free(start->data);
    start->binary = start->config = start->data = NULL;
}

bool runner_start_init(struct runner_start *start, const char *binary, const char *config, const char *data,
                       struct err *err)
{
    if (binary[0] != '/' || data[0] != '/' || (config != NULL && config[0] != '/'))
        return err_set(err, ERR_INVALID, "starting the runner: every path is absolute");
    forget_paths(start);
    start->binary = memory_copy_text(binary);
    start->config = memory_copy_text(config);
    start->data = memory_copy_text(data);
    start->backoff_ms = BACKOFF_LEAST_MS;
    start->not_before_ms = 0;
    return true;
}

void runner_start_done(struct runner_start *start)
{
    forget_paths(start);
}

static bool spawn(struct runner_start *start, const char *socket)
{
    char *const none[] = {NULL}; /* our environment may hold secrets */
    const char *arguments[ARGUMENTS_MAX] = {
        start->binary, "--socket", socket, "--data", start->data, start->config != NULL ? "--config" : NULL,
        start->config, NULL};
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    sigset_t mask, all;
    sigemptyset(&mask);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &mask);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    /* posix_spawn takes what it does not change without const. */
    int error = posix_spawn(&start->pid, start->binary, &files, &attributes,
                            (char *const *)(uintptr_t)arguments, none);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (error != 0)
        start->pid = 0;
    return error == 0;
}

bool runner_start_again(struct runner_start *start, const char *socket, int64_t now_ms)
{
    if (start->pid > 0 && waitpid(start->pid, NULL, WNOHANG) != 0)
        start->pid = 0;
    if (start->binary == NULL || start->pid > 0 || now_ms < start->not_before_ms)
        return false;
    start->not_before_ms = now_ms + start->backoff_ms;
    start->backoff_ms = start->backoff_ms * 2 < BACKOFF_MOST_MS ? start->backoff_ms * 2 : BACKOFF_MOST_MS;
    return spawn(start, socket);
}

void runner_start_stop(struct runner_start *start, int fd)
{
    struct ucred peer = {.pid = start->pid};
    socklen_t size = sizeof(peer);
    if (fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        peer.pid = 0;
    forget_paths(start);
    if (peer.pid > 0)
        kill(peer.pid, SIGTERM);
}
