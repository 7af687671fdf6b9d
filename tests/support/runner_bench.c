/* runner_bench.c - starts verdict-runner in a temporary folder. SPDX-License-Identifier: MIT */
#include "support/runner_bench.h"

#include "base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const char ACT[] =
    "#!/bin/sh\n"
    "cd \"${VERDICT_FOLDER:-${0%/*}}\" || exit 9\n"
    "case \"$1\" in\n"
    "ok) echo fine;;\n"
    "tell) echo run >> runs; cat \"$2\";;\n"
    "exit) exit \"$2\";;\n"
    "crash) kill -SEGV $$;;\n"
    "count) echo run >> runs; echo counted;;\n"
    "mark) echo \"$2\" >> marks;;\n"
    "slow) echo first; echo run >> runs; until [ -e gate ]; do sleep 0.02; done; echo last;;\n"
    "sleep) echo run >> runs; echo $$ >> pids; exec sleep 300;;\n"
    "gate) echo run >> runs; until [ -e gate ]; do sleep 0.02; done; echo through;;\n"
    "stubborn) trap '' TERM; echo $$ >> pids; setsid sh -c 'trap \"\" TERM; echo $$ >> pids;\n"
    "    while :; do sleep 0.2; done' & while :; do sleep 0.2; done;;\n"
    "flood) yes 0123456789012345678901234567890123456789012345678 | head -c 10000000; echo END;;\n"
    "torrent) echo run >> runs; exec yes 0123456789012345678901234567890123456789012345678;;\n"
    "junk) head -c 300000 /dev/urandom; echo; echo END;;\n"
    "twice) (setsid sh -c 'trap \"\" TERM; echo $$ >> pids; while :; do sleep 0.2; done' >/dev/null 2>&1 &)\n"
    "    until [ -s pids ]; do sleep 0.02; done; exec sleep 300;;\n"
    "crowd) trap '' TERM; echo $$ >> pids; if [ \"$2\" -gt 0 ]; then setsid \"$0\" crowd $(($2 - 1)) &\n"
    "    setsid \"$0\" crowd $(($2 - 1)) & fi; while :; do sleep 1; done;;\n"
    "killed) kill -KILL $$;;\n"
    "mute) exec >&- 2>&- <&-; echo run >> runs; exec sleep 300;;\n"
    "paint) printf 'a\\033[31mb\\033]0;x\\007c\\r\\n\\377';;\n"
    "daemon) setsid sh -c 'echo $$ >> pids; exec sleep 300' >/dev/null 2>&1 & echo left;;\n"
    "holder) setsid sh -c 'echo $$ >> pids; exec sleep 300' & echo left;;\n"
    "deaf) exec >&- 2>&-; echo run >> runs; until [ -e gate ]; do sleep 0.02; done; exit 4;;\n"
    "look) /usr/bin/env | /usr/bin/sort; pwd; umask; ls -l /proc/self/fd/0 | sed 's/.*-> //';\n"
    "    exec ls /proc/self/fd;;\n"
    "values) echo digest=abc > \"$VERDICT_OUTPUT\"; echo said;;\n"
    "report) { printf '\\033[1m'; yes x | head -c 199992; echo END; } > \"$VERDICT_REPORT\";;\n"
    "novel) yes x | head -c 1048577 > \"$VERDICT_REPORT\";;\n"
    "esac\n";

int64_t bench_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void bench_pause(int64_t until_ms, const char *what)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    if (bench_now_ms() > until_ms)
        fail_msg("waited in vain: %s", what);
    nanosleep(&pause, NULL);
}

const char *bench_path(const struct bench *bench, const char *name, char *to)
{
    struct text text;
    text_init(&text, to, BENCH_PATH_MAX);
    text_add(&text, "%s/%s", bench->folder, name);
    return to;
}

void bench_write(const struct bench *bench, const char *name, const char *content, mode_t mode)
{
    char path[BENCH_PATH_MAX];
    int fd = open(bench_path(bench, name, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

char *bench_read(const struct bench *bench, const char *name)
{
    enum { SIZE = 256 * 1024 };
    char path[BENCH_PATH_MAX];
    char *text = calloc(1, SIZE);
    assert_non_null(text);
    int fd = open(bench_path(bench, name, path), O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, text, SIZE - 1) : 0;
    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
    return text;
}

size_t bench_count_lines(const struct bench *bench, const char *name)
{
    char *text = bench_read(bench, name);
    size_t count = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        count++;
    free(text);
    return count;
}

void bench_wait_for_line(const struct bench *bench, const char *name)
{
    int64_t until_ms = bench_now_ms() + BENCH_WAIT_MS;
    while (bench_count_lines(bench, name) == 0)
        bench_pause(until_ms, name);
}

struct bench *bench_new(void)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    assert_non_null(bench);
    snprintf(bench->folder, sizeof(bench->folder), "/tmp/verdict-runner-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    bench_path(bench, "act", bench->act);
    bench_path(bench, "runner.conf", bench->config);
    bench_path(bench, "socket", bench->socket);
    bench_path(bench, "data", bench->data);
    snprintf(bench->folder_pair, sizeof(bench->folder_pair), "VERDICT_FOLDER=%s", bench->folder);
    bench_write(bench, "act", ACT, 0700);
    bench_configure(bench, "");
    return bench;
}

void bench_configure(const struct bench *bench, const char *extra)
{
    char text[4096];
    snprintf(
        text, sizeof(text),
        "allow = ( [ \"%s\", \"**\" ], [ \"%s/missing\" ], [ \"%s/open\" ], [ \"%s/text\" ] );\n"
        "write = [ \"%s/map\" ];\ndirectories = [ \"%s\" ];\nenvironment = [ \"PATH=/usr/bin:/bin\" ];\n%s",
        bench->act, bench->folder, bench->folder, bench->folder, bench->folder, bench->folder, extra);
    bench_write(bench, "runner.conf", text, 0600);
}

static pid_t start_program(const struct bench *bench, const char *option)
{
    const char *build = getenv("BUILD_DIR");
    char program[BENCH_PATH_MAX];
    snprintf(program, sizeof(program), "%s/verdict-runner", build != NULL ? build : "build");
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    char log[BENCH_PATH_MAX];
    int fd = open(bench_path(bench, "log", log), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    execl(program, program, "--config", bench->config, "--socket", bench->socket, "--data", bench->data,
          option, (char *)NULL);
    _exit(126);
}

static bool does_answer(const struct bench *bench)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert_true(text_copy(address.sun_path, sizeof(address.sun_path), bench->socket));
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    /* A child of a runner that was just killed may still hold the old socket: ask who listens. */
    struct ucred peer = {0};
    socklen_t size = sizeof(peer);
    bool is_good = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
                   getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == bench->runner;
    close(fd);
    return is_good;
}

void runner_bench_start(struct bench *bench)
{
    bench->runner = start_program(bench, NULL);
    int64_t until_ms = bench_now_ms() + BENCH_WAIT_MS;
    while (!does_answer(bench)) {
        if (waitpid(bench->runner, NULL, WNOHANG) != 0) {
            bench->runner = 0;
            fail_msg("the runner ended at its start; see %s/log", bench->folder);
        }
        bench_pause(until_ms, "the runner's socket");
    }
}

static int wait_for_end(pid_t pid)
{
    int status = 0;
    int64_t until_ms = bench_now_ms() + BENCH_WAIT_MS;
    while (waitpid(pid, &status, WNOHANG) == 0)
        bench_pause(until_ms, "the end of the runner");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int bench_stop(struct bench *bench, int signal)
{
    if (bench->runner == 0)
        return -1;
    pid_t pid = bench->runner;
    bench->runner = 0;
    assert_int_equal(kill(pid, signal), 0);
    return wait_for_end(pid);
}

int bench_run_runner(const struct bench *bench, const char *option)
{
    return wait_for_end(start_program(bench, option));
}

bool bench_is_alive(pid_t pid)
{
    char path[64], stat[512] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t length = read(fd, stat, sizeof(stat) - 1);
    close(fd);
    const char *name_end = length > 0 ? strrchr(stat, ')') : NULL;
    return name_end != NULL && name_end[2] != 'Z' && name_end[2] != 'X';
}

void bench_wait_for_death(pid_t pid)
{
    int64_t until_ms = bench_now_ms() + BENCH_WAIT_MS;
    while (bench_is_alive(pid))
        bench_pause(until_ms, "the end of a process");
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

/* Commands note their pids where they might be left behind. */
static void end_left_behind(const struct bench *bench)
{
    char *pids = bench_read(bench, "pids");
    char *end;
    for (char *at = pids; *at != '\0'; at = end) {
        long pid = strtol(at, &end, 10);
        if (end == at)
            break;
        if (pid > 1)
            kill((pid_t)pid, SIGKILL);
    }
    free(pids);
}

/* A command dies with its supervisor. */
static void end_supervisor(const struct bench *bench, const char *file)
{
    char name[BENCH_PATH_MAX];
    snprintf(name, sizeof(name), "data/%.*s.exit", (int)(strlen(file) < 200 ? strlen(file) - 4 : 0), file);
    size_t is_over = bench_count_lines(bench, name);
    snprintf(name, sizeof(name), "data/%.200s", file);
    char *record = bench_read(bench, name);
    int pid = 0;
    if (is_over == 0 && sscanf(record, "pid=%d", &pid) == 1 && pid > 1 && pid != (int)getpid() &&
        kill(pid, SIGKILL) == 0)
        bench_wait_for_death(pid);
    free(record);
}

static void end_supervisors(const struct bench *bench)
{
    DIR *data = opendir(bench->data);
    for (struct dirent *file = data != NULL ? readdir(data) : NULL; file != NULL; file = readdir(data)) {
        size_t length = strlen(file->d_name);
        if (length > 4 && strcmp(file->d_name + length - 4, ".pid") == 0)
            end_supervisor(bench, file->d_name);
    }
    if (data != NULL)
        closedir(data);
}

void bench_free(struct bench *bench)
{
    bench_stop(bench, SIGKILL);
    end_supervisors(bench);
    end_left_behind(bench);
    nftw(bench->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(bench);
}
