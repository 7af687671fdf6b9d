/* supervisor.c - runs one command: output, deadline, end, result. SPDX-License-Identifier: MIT */
#include "runner/supervisor.h"

#include "base/attributes.h"
#include "runner/identity.h"
#include "runner/launch.h"
#include "runner/ledger.h"
#include "runner/output.h"
#include "runner/record.h"
#include "runner/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    READ_SIZE = 16 * 1024,
    DRAIN_MAX = 128, /* reads after the end: what a pipe can hold, and then some */
    KILL_EVERY_MS = 100,
    RETRY_MS = 1000,
    RETRIES_MAX = 60 /* of writing the result, on a full disk */
};

enum phase {
    PHASE_RUNNING,
    PHASE_ENDING, /* TERM was sent */
    PHASE_KILLING
};

struct supervisor {
    const struct supervision *task;
    struct launched command;
    int signals;
    int file; /* <key>.out, or -1 */
    enum phase phase;
    int64_t limit_ms; /* when the next phase begins, or the last one is given up */
    bool has_ended;   /* the command itself, whose end is in `status` */
    bool has_children;
    int status;
    bool timed_out, cancelled;
    struct output *output;
    size_t written; /* of the head */
};

static void close_between(int first, int last)
{
    if (first <= last)
        close_range((unsigned)first, (unsigned)last, 0);
}

static void detach(const struct supervision *task)
{
    setsid();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    umask(077);
    int low = task->folder < task->intent ? task->folder : task->intent;
    int high = task->folder < task->intent ? task->intent : task->folder;
    close_between(STDERR_FILENO + 1, low - 1);
    close_between(low + 1, high - 1);
    close_between(high + 1, INT32_MAX);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        dup2(null, fd);
    close(null);
}

/* The intent must outlive a power cut before the command may begin: else it could begin twice. */
static bool write_intent(const struct supervision *task)
{
    struct identity self;
    char record[RECORD_MAX];
    if (!identity_read(getpid(), &self))
        return false;
    size_t length = record_format_identity(&self, record);
    return write(task->intent, record, length) == (ssize_t)length && fsync(task->intent) == 0 &&
           fsync(task->folder) == 0;
}

static void write_file(const struct supervisor *supervisor, const unsigned char *bytes, size_t length)
{
    /* A full disk costs output, not the command. */
    while (supervisor->file >= 0 && length > 0) {
        ssize_t count = write(supervisor->file, bytes, length);
        if (count <= 0)
            return;
        bytes += count;
        length -= (size_t)count;
    }
}

/* False: nothing there now, or no more ever. */
static bool read_output(struct supervisor *supervisor)
{
    unsigned char bytes[READ_SIZE];
    ssize_t length = read(supervisor->command.output, bytes, sizeof(bytes));
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (length <= 0) {
        close(supervisor->command.output);
        supervisor->command.output = -1;
        return false;
    }
    struct output *output = supervisor->output;
    output_add(output, bytes, (size_t)length);
    write_file(supervisor, output->head + supervisor->written, output->head_length - supervisor->written);
    supervisor->written = output->head_length;
    return true;
}

static void finish_output(struct supervisor *supervisor)
{
    for (int i = 0; i < DRAIN_MAX && supervisor->command.output >= 0; i++)
        if (!read_output(supervisor))
            break;
    unsigned char *rest = malloc(RUNNER_OUTPUT_MAX);
    if (rest == NULL)
        return;
    struct output *output = supervisor->output;
    output_finish(output);
    write_file(supervisor, output->head + supervisor->written, output->head_length - supervisor->written);
    write_file(supervisor, rest, output_rest(output, rest));
    free(rest);
    if (supervisor->file >= 0)
        fsync(supervisor->file);
}

static void reap(struct supervisor *supervisor)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != supervisor->command.pid)
            continue;
        supervisor->has_ended = true;
        supervisor->status = status;
    }
    supervisor->has_children = pid == 0;
}

/* The group of the command, and what left it: orphans become children of this process, whatever they did. */
static void signal_all(const struct supervisor *supervisor, int number)
{
    pid_t group = supervisor->command.pid;
    /* Without a group yet it is between fork and setsid. */
    if (!supervisor->has_ended && kill(-group, number) != 0)
        kill(group, number);
    char children[4096];
    int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, children, sizeof(children) - 1);
    if (fd >= 0)
        close(fd);
    children[length > 0 ? length : 0] = '\0';
    char *end;
    for (char *at = children; *at != '\0'; at = end) {
        pid_t child = (pid_t)strtol(at, &end, 10);
        if (end == at)
            break;
        if (child > 0 && (supervisor->has_ended || getpgid(child) != group))
            kill(child, number);
    }
}

static void end_command(struct supervisor *supervisor)
{
    supervisor->phase = PHASE_ENDING;
    supervisor->limit_ms = identity_now_ms() + supervisor->task->grace_ms;
    signal_all(supervisor, SIGTERM);
}

static void read_signals(struct supervisor *supervisor)
{
    struct signalfd_siginfo info;
    while (read(supervisor->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo != SIGTERM || supervisor->phase != PHASE_RUNNING)
            continue;
        supervisor->cancelled = true;
        end_command(supervisor);
    }
    reap(supervisor);
}

static void step_phase(struct supervisor *supervisor)
{
    bool is_due = identity_now_ms() >= supervisor->limit_ms;
    switch (supervisor->phase) {
    case PHASE_RUNNING:
        if (!is_due || supervisor->has_ended)
            return;
        supervisor->timed_out = true;
        end_command(supervisor);
        return;
    case PHASE_ENDING:
        if (!is_due)
            return;
        supervisor->phase = PHASE_KILLING;
        supervisor->limit_ms = identity_now_ms() + SUPERVISOR_GRACE_MS;
        signal_all(supervisor, SIGKILL);
        return;
    case PHASE_KILLING:
        /* Whoever forked meanwhile is found now that his parent is dead. */
        signal_all(supervisor, SIGKILL);
        return;
    }
}

static bool is_over(const struct supervisor *supervisor)
{
    if (supervisor->phase == PHASE_RUNNING)
        return supervisor->has_ended;
    return !supervisor->has_children ||
           (supervisor->phase == PHASE_KILLING && identity_now_ms() >= supervisor->limit_ms);
}

static void wait_for_something(struct supervisor *supervisor)
{
    int64_t wait_ms = supervisor->limit_ms - identity_now_ms();
    if (supervisor->phase == PHASE_KILLING && wait_ms > KILL_EVERY_MS)
        wait_ms = KILL_EVERY_MS;
    struct pollfd polled[] = {{.fd = supervisor->signals, .events = POLLIN},
                              {.fd = supervisor->command.output, .events = POLLIN}};
    if (poll(polled, ARRAY_LENGTH(polled), wait_ms > 0 ? (int)wait_ms : 0) < 0)
        return;
    if (polled[1].revents != 0)
        read_output(supervisor);
    if (polled[0].revents != 0)
        read_signals(supervisor);
}

static struct runner_result result_of(const struct supervisor *supervisor)
{
    struct runner_result result = {.exit_status = -1,
                                   .signal = SIGKILL, /* where it could not even be killed */
                                   .timed_out = supervisor->timed_out,
                                   .cancelled = supervisor->cancelled};
    if (!supervisor->has_ended)
        return result;
    bool is_exit = WIFEXITED(supervisor->status);
    result.exit_status = is_exit ? WEXITSTATUS(supervisor->status) : -1;
    result.signal = is_exit ? 0 : WTERMSIG(supervisor->status);
    result.error = launch_error(&supervisor->command);
    return result;
}

static struct runner_result look_after(struct supervisor *supervisor)
{
    supervisor->has_children = true;
    supervisor->limit_ms = identity_now_ms() + supervisor->task->deadline_ms;
    while (!is_over(supervisor)) {
        wait_for_something(supervisor);
        step_phase(supervisor);
    }
    finish_output(supervisor);
    return result_of(supervisor);
}

static struct runner_result run(const struct supervision *task)
{
    struct runner_result failed = {.exit_status = 127, .error = ENOMEM};
    struct supervisor supervisor = {.task = task, .output = malloc(sizeof(struct output))};
    if (supervisor.output == NULL)
        return failed;
    output_init(supervisor.output);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    supervisor.signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    supervisor.file = ledger_open(task->folder, task->key, LEDGER_OUTPUT, O_WRONLY | O_CREAT | O_TRUNC);
    close(ledger_open(task->folder, task->key, LEDGER_VALUES, O_WRONLY | O_CREAT | O_TRUNC));
    struct runner_result result = failed;
    if (supervisor.signals >= 0 && launch(task, &supervisor.command))
        result = look_after(&supervisor);
    else
        result.error = errno;
    free(supervisor.output);
    return result;
}

static void write_result(const struct supervision *task, const struct runner_result *result)
{
    char record[RECORD_MAX];
    char name[LEDGER_NAME_MAX];
    struct runner_bytes content = {(const unsigned char *)record, record_format_result(result, record)};
    ledger_name(task->key, LEDGER_RESULT, name);
    /* Its lock is held meanwhile: the command counts as running, not as lost. ENOENT: the folder itself is
     * gone. */
    for (int i = 0; i < RETRIES_MAX && !replace_at(task->folder, name, content) && errno != ENOENT; i++)
        poll(NULL, 0, RETRY_MS);
}

void supervisor_run(const struct supervision *task)
{
    detach(task);
    struct runner_result result = {.exit_status = 127};
    if (write_intent(task))
        result = run(task);
    else
        result.error = errno != 0 ? errno : EIO;
    write_result(task, &result);
    _exit(0);
}
