/* stall.c - loaded before a daemon's libraries: its disk stands still when it is told to, and its loop is
 * timed.
 * SPDX-License-Identifier: MIT
 *
 * STALL_TOLD names a file of a struct told, which whoever looks on has mapped as well. Beside the first
 * thread, which is the loop's, everybody waits in what is held; that one only counts. */
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LOOP_EVENTS = 1024 /* what libuv asks for at once, and nobody else */, LATE_NS = 20 * 1000 * 1000 };

struct told {
    _Atomic uint32_t holds_files, holds_syncs; /* 1: opening *.rrd waits, and so does what syncs */
    _Atomic uint32_t held_files, held_syncs;   /* calls that waited */
    _Atomic uint32_t loop_files, loop_syncs;   /* calls of the loop */
    _Atomic uint64_t turns, late_turns;
    _Atomic uint64_t longest_ns, longest_cpu_ns; /* of a turn: how long it was, and how long it computed */
};

struct moment {
    uint64_t wall_ns, cpu_ns;
};

static struct told *told;
static struct moment woken; /* the loop's thread alone; 0: it has not waited yet */

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("STALL_TOLD");
    int fd = path == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    void *memory = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    (void)unsetenv("LD_PRELOAD"); /* what it starts is not meant */
    if (memory == MAP_FAILED)
        abort();
    told = memory;
    (void)close(fd);
}

static bool is_loop(void)
{
    return syscall(SYS_gettid) == getpid();
}

static void hold(const _Atomic uint32_t *holds, _Atomic uint32_t *held, _Atomic uint32_t *of_loop)
{
    if (is_loop()) {
        (*of_loop)++;
        return;
    }
    if (*holds == 0)
        return;
    (*held)++;
    while (*holds != 0)
        (void)poll(NULL, 0, 1);
}

static void hold_file(const char *path)
{
    size_t length = strlen(path);

    if (length > 4 && strcmp(path + length - 4, ".rrd") == 0)
        hold(&told->holds_files, &told->held_files, &told->loop_files);
}

static void hold_sync(int fd)
{
    char name[64];
    char path[4096] = "";

    (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    (void)!readlink(name, path, sizeof(path) - 1);
    if (strstr(path, ".rrd") != NULL)
        hold(&told->holds_files, &told->held_files, &told->loop_files);
    else
        hold(&told->holds_syncs, &told->held_syncs, &told->loop_syncs);
}

/* The mode is there only where a file may be made. */
#define MODE_OF(flags, mode)                                                                                 \
    do {                                                                                                     \
        if (((flags) & (O_CREAT | O_TMPFILE)) != 0) {                                                        \
            va_list more;                                                                                    \
            va_start(more, flags);                                                                           \
            (mode) = va_arg(more, mode_t);                                                                   \
            va_end(more);                                                                                    \
        }                                                                                                    \
    } while (false)

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;

    MODE_OF(flags, mode);
    hold_file(path);
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int openat(int folder_fd, const char *path, int flags, ...)
{
    mode_t mode = 0;

    MODE_OF(flags, mode);
    hold_file(path);
    return (int)syscall(SYS_openat, folder_fd, path, flags, mode);
}

int fsync(int fd)
{
    hold_sync(fd);
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    hold_sync(fd);
    return (int)syscall(SYS_fdatasync, fd);
}

static uint64_t read_clock(clockid_t clock)
{
    struct timespec time = {0};

    (void)clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

static struct moment now(void)
{
    return (struct moment){read_clock(CLOCK_MONOTONIC), read_clock(CLOCK_THREAD_CPUTIME_ID)};
}

static void note_longest(_Atomic uint64_t *longest, uint64_t ns)
{
    if (ns > *longest)
        *longest = ns;
}

static void end_turn(void)
{
    struct moment end = now();

    told->turns++;
    told->late_turns += end.wall_ns - woken.wall_ns > LATE_NS;
    note_longest(&told->longest_ns, end.wall_ns - woken.wall_ns);
    note_longest(&told->longest_cpu_ns, end.cpu_ns - woken.cpu_ns);
}

int epoll_wait(int fd, struct epoll_event *events, int count, int timeout_ms)
{
    bool is_turn = count == LOOP_EVENTS && is_loop();

    if (is_turn && woken.wall_ns != 0)
        end_turn();
    int result = (int)syscall(SYS_epoll_pwait, fd, events, count, timeout_ms, NULL, 8);
    if (is_turn)
        woken = now();
    return result;
}
