/* process.c - programs of tests: start, wait until they answer, stop.
 * SPDX-License-Identifier: MIT */
#include "support/process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { STOP_DEADLINE_MS = 5000, ASK_AGAIN_MS = 5, EXEC_FAILED = 127 };
/* Below the range from which the kernel takes ports for outgoing connections. */
enum { PORT_FIRST = 20000, PORT_COUNT = 12000, PORT_TRIES_MAX = 200 };

int64_t process_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static _Noreturn void become(const char *const *argv, int input, int output, int errors)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)dup2(input, STDIN_FILENO);
    (void)dup2(output, STDOUT_FILENO);
    (void)dup2(errors, STDERR_FILENO);
    (void)setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(EXEC_FAILED);
}

static pid_t fork_program(const char *const *argv, int output, int errors)
{
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);

    assert_true(input >= 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        become(argv, input, output, errors);
    (void)close(input);
    return pid;
}

struct process process_start(const char *const *argv, const char *output_path)
{
    const char *path = output_path != NULL ? output_path : "/dev/null";
    int output = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    assert_true(output >= 0);
    struct process process = {.pid = fork_program(argv, output, output)};
    (void)close(output);
    return process;
}

static bool answers(const struct sockaddr *address, socklen_t length)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    bool is_accepted = connect(fd, address, length) == 0;
    (void)close(fd);
    return is_accepted;
}

static void wait_until_it_answers(struct process *process, const struct sockaddr *address, socklen_t length,
                                  int64_t deadline_ms)
{
    int64_t end_ms = process_now_ms() + deadline_ms;
    int status = 0;

    while (!answers(address, length)) {
        if (waitpid(process->pid, &status, WNOHANG) == process->pid) {
            process->pid = 0;
            fail_msg("the program ended before it answered (status %d; 127: it is not installed)",
                     WIFEXITED(status) ? WEXITSTATUS(status) : status);
        }
        if (process_now_ms() > end_ms)
            fail_msg("the program does not answer after %d ms", (int)deadline_ms);
        (void)poll(NULL, 0, ASK_AGAIN_MS);
    }
}

void process_wait_port(struct process *process, uint16_t port, int64_t deadline_ms)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    wait_until_it_answers(process, (const struct sockaddr *)&address, sizeof(address), deadline_ms);
}

void process_wait_socket(struct process *process, const char *path, int64_t deadline_ms)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    assert_true(strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path));
    wait_until_it_answers(process, (const struct sockaddr *)&address, sizeof(address), deadline_ms);
}

/* Reaps the program; kills it at the deadline. */
static int reap(pid_t pid, int64_t deadline_ms)
{
    int64_t end_ms = process_now_ms() + deadline_ms;
    int status = 0;
    bool is_killed = false;

    while (waitpid(pid, &status, WNOHANG) != pid) {
        if (process_now_ms() > end_ms && !is_killed) {
            (void)kill(pid, SIGKILL);
            is_killed = true;
        }
        (void)poll(NULL, 0, ASK_AGAIN_MS);
    }
    return status;
}

int process_stop(struct process *process)
{
    if (process->pid == 0)
        return 0;
    pid_t pid = process->pid;
    process->pid = 0;
    (void)kill(pid, SIGTERM);
    (void)kill(pid, SIGCONT);
    return reap(pid, STOP_DEADLINE_MS);
}

/* Each of its threads stops when it is its turn to run; until then it may still answer. */
static void await_stopped(pid_t pid)
{
    int64_t end_ms = process_now_ms() + STOP_DEADLINE_MS;
    siginfo_t info = {0};

    while (waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG) == 0 && info.si_pid != pid) {
        assert_true(process_now_ms() < end_ms);
        (void)poll(NULL, 0, ASK_AGAIN_MS);
    }
    assert_int_equal(info.si_pid, pid);
}

void process_signal(const struct process *process, int number)
{
    assert_true(process->pid > 0);
    assert_int_equal(kill(process->pid, number), 0);
    if (number == SIGSTOP)
        await_stopped(process->pid);
}

/* Reads until the end of the pipe or the deadline. */
static void read_all(int fd, char *output, size_t size, int64_t end_ms)
{
    size_t length = 0;
    char rest[4096];

    for (;;) {
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        int64_t left_ms = end_ms - process_now_ms();
        if (left_ms <= 0 || poll(&waiting, 1, (int)left_ms) <= 0)
            break;
        size_t room = size - 1 - length;
        ssize_t got = room > 0 ? read(fd, output + length, room) : read(fd, rest, sizeof(rest));
        if (got <= 0)
            break;
        if (room > 0)
            length += (size_t)got;
    }
    output[length] = '\0';
}

int process_run(const char *const *argv, char *output, size_t size, int64_t deadline_ms)
{
    int64_t end_ms = process_now_ms() + deadline_ms;
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork_program(argv, ends[1], STDERR_FILENO);
    (void)close(ends[1]);
    read_all(ends[0], output, size, end_ms);
    (void)close(ends[0]);
    int64_t left_ms = end_ms - process_now_ms();
    int status = reap(pid, left_ms > 0 ? left_ms : 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* No other test process has it, or gets it while this one lives: an abstract socket says so (the demo's
 * programs.py does the same). Leaks the descriptor. */
static bool claim_port(uint16_t port)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "verdict-port-%u", port);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && bind(fd, (const struct sockaddr *)&name, size) == 0)
        return true;
    if (fd >= 0)
        (void)close(fd);
    return false;
}

static bool is_free_port(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_free = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;

    if (fd >= 0)
        (void)close(fd);
    return is_free;
}

uint16_t process_free_port(void)
{
    for (int i = 0; i < PORT_TRIES_MAX; i++) {
        uint16_t random = 0;
        (void)!getrandom(&random, sizeof(random), 0);
        uint16_t port = (uint16_t)(PORT_FIRST + random % PORT_COUNT);
        if (claim_port(port) && is_free_port(port))
            return port;
    }
    fail_msg("no free port found");
    return 0;
}
