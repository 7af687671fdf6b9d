/* launch.c - the few system calls between fork and execve. SPDX-License-Identifier: MIT */
#include "runner/launch.h"

#include "runner/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { READ, WRITE };

static void reset_signals(void)
{
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static noreturn void fail(int to)
{
    int error = errno != 0 ? errno : EIO;
    _exit(write(to, &error, sizeof(error)) < 0 ? 126 : 127);
}

static noreturn void become(const struct supervision *task, pid_t supervisor, int output, int failure)
{
    setsid();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != supervisor)
        fail(failure);
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0 || chdir(task->directory) != 0)
        fail(failure);
    /* Checked when it was asked for; once more, now that it counts. */
    if (!guard_check_program(task->arguments[0], NULL)) {
        errno = EACCES;
        fail(failure);
    }
    reset_signals();
    /* execve takes what it does not change without const. */
    execve(task->arguments[0], (char *const *)(uintptr_t)task->arguments, task->environment);
    fail(failure);
}

bool launch(const struct supervision *task, struct launched *ret_launched)
{
    int output[2], failure[2];
    if (pipe2(output, O_CLOEXEC) != 0 || pipe2(failure, O_CLOEXEC) != 0 ||
        fcntl(output[READ], F_SETFL, O_NONBLOCK) != 0 || fcntl(failure[READ], F_SETFL, O_NONBLOCK) != 0)
        return false;
    pid_t supervisor = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return false;
    if (pid == 0)
        become(task, supervisor, output[WRITE], failure[WRITE]);
    close(output[WRITE]);
    close(failure[WRITE]);
    *ret_launched = (struct launched){.pid = pid, .output = output[READ], .failure = failure[READ]};
    return true;
}

int launch_error(const struct launched *launched)
{
    int error = 0;
    return read(launched->failure, &error, sizeof(error)) == (ssize_t)sizeof(error) ? error : 0;
}
