/* child.c - posix_spawn between two pipes, and its end within a deadline.
 * SPDX-License-Identifier: MIT */
#include "io/child.h"

#include "io/buffer.h"
#include "io/loop.h"
#include "io/memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIECE = 64 * 1024, READ_END = 0, WRITE_END = 1 };

struct running {
    pid_t pid;
    int input, output;
};

static void close_both(const int ends[2])
{
    (void)close(ends[READ_END]);
    (void)close(ends[WRITE_END]);
}

static int spawn(const struct child *child, const int input[2], const int output[2], pid_t *ret_pid)
{
    char *const none[] = {NULL}; /* our environment may hold secrets */
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    sigset_t mask;
    sigset_t all;

    (void)sigemptyset(&mask);
    (void)sigfillset(&all);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    (void)posix_spawnattr_setsigmask(&attributes, &mask);
    (void)posix_spawnattr_setsigdefault(&attributes, &all);
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawn_file_actions_adddup2(&files, input[READ_END], STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&files, output[WRITE_END], STDOUT_FILENO);
    (void)posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    /* posix_spawn takes what it does not change without const. */
    int error = posix_spawn(ret_pid, child->argv[0], &files, &attributes,
                            (char *const *)(uintptr_t)child->argv, none);
    (void)posix_spawn_file_actions_destroy(&files);
    (void)posix_spawnattr_destroy(&attributes);
    return error;
}

static bool start(const struct child *child, struct running *ret_running, struct err *err)
{
    struct running running = {0};
    int input[2];
    int output[2];

    if (pipe2(input, O_CLOEXEC) != 0)
        return err_set(err, ERR_IO, "pipe: %s", strerror(errno));
    if (pipe2(output, O_CLOEXEC) != 0) {
        close_both(input);
        return err_set(err, ERR_IO, "pipe: %s", strerror(errno));
    }
    int error = spawn(child, input, output, &running.pid);
    (void)close(input[READ_END]);
    (void)close(output[WRITE_END]);
    running.input = input[WRITE_END];
    running.output = output[READ_END];
    if (error != 0) {
        (void)close(running.input);
        (void)close(running.output);
        return err_set(err, ERR_IO, "starting %s: %s", child->argv[0], strerror(error));
    }
    *ret_running = running;
    return true;
}

/* Waits for the next piece: its length, 0 at the end. */
static bool read_piece(int fd, int64_t until_ms, char piece[PIECE], size_t *ret_length, struct err *err)
{
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int64_t left_ms = until_ms - loop_now_ms();
        if (left_ms <= 0 || poll(&ready, 1, (int)left_ms) == 0)
            return err_set(err, ERR_TIMEOUT, "it took too long");
        ssize_t length = read(fd, piece, PIECE);
        if (length < 0 && errno != EINTR)
            return err_set(err, ERR_IO, "reading what it says: %s", strerror(errno));
        *ret_length = length < 0 ? 0 : (size_t)length;
        if (length >= 0)
            return true;
    }
}

/* Until it closes its output. False: too late, or too much. */
static bool read_all(const struct child *child, int fd, struct buffer *output, struct err *err)
{
    int64_t until_ms = loop_now_ms() + child->deadline_ms;
    char *piece = memory_take(PIECE);
    size_t length = 1;
    bool is_good = true;

    while (is_good && length > 0) {
        is_good = read_piece(fd, until_ms, piece, &length, err);
        if (is_good && length > 0 && !buffer_add(output, piece, length))
            is_good = err_set(err, ERR_LIMIT, "it says more than %zu bytes", child->output_max);
    }
    free(piece);
    return is_good;
}

/* Who has closed its output is about to end; what was not good is made to. */
static int reap(pid_t pid, bool is_good)
{
    int status = -1;

    if (!is_good)
        (void)kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

bool child_run(const struct child *child, unsigned char **ret_output, size_t *ret_length, struct err *err)
{
    size_t length = strlen(child->input);
    struct buffer output;
    struct running running = {0};

    assert(length <= CHILD_INPUT_MAX);
    buffer_init(&output, child->output_max);
    if (!start(child, &running, err))
        return false;
    bool is_good = write(running.input, child->input, length) == (ssize_t)length;
    (void)close(running.input);
    if (!is_good)
        (void)err_set(err, ERR_IO, "it does not take its input");
    is_good = is_good && read_all(child, running.output, &output, err);
    (void)close(running.output);
    int status = reap(running.pid, is_good);
    if (is_good && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        is_good =
            err_set(err, ERR_INTERNAL, "%.300s", output.length > 0 ? buffer_text(&output) : "it failed");
    *ret_length = output.length;
    if (is_good)
        *ret_output = (unsigned char *)buffer_take(&output);
    buffer_done(&output);
    return is_good;
}
