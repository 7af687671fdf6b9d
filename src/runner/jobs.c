/* jobs.c - starts, finds and ends supervisors. SPDX-License-Identifier: MIT */
#include "runner/jobs.h"

#include "base/text.h"
#include "runner/identity.h"
#include "runner/ledger.h"
#include "runner/replace.h"
#include "runner/report.h"
#include "runner/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENVIRONMENT_MAX = PERMISSIONS_LIST_MAX + RUNNER_ENVIRONMENT_MAX + RUNNER_SECRETS_MAX + 6 };

#define VALUES_NAME "VERDICT_OUTPUT="
#define REPORT_NAME "VERDICT_REPORT="
#define PREFIX      "VERDICT_"

struct environment {
    char *pairs[ENVIRONMENT_MAX];
    size_t count;
    char values[sizeof(VALUES_NAME) + PATH_MAX + LEDGER_NAME_MAX];
    char report[sizeof(REPORT_NAME) + PATH_MAX + LEDGER_NAME_MAX];
};

struct job *jobs_find(struct jobs *jobs, const char *key)
{
    for (size_t i = 0; i < JOBS_MAX; i++)
        if (strcmp(jobs->items[i].key, key) == 0)
            return &jobs->items[i];
    return NULL;
}

size_t jobs_count(const struct jobs *jobs)
{
    size_t count = 0;
    for (size_t i = 0; i < JOBS_MAX; i++)
        count += jobs->items[i].key[0] != '\0';
    return count;
}

static struct job *take_place(struct jobs *jobs, const char *key)
{
    struct job *job = jobs_find(jobs, "");
    if (job == NULL || !text_copy(job->key, sizeof(job->key), key))
        return NULL;
    job->pid = 0;
    job->ended = -1;
    return job;
}

bool jobs_look_again(struct jobs *jobs, struct job *job)
{
    struct runner_result result;
    struct identity process;
    if (ledger_state(jobs->folder, job->key, &result) != RUNNER_STATE_RUNNING)
        return true;
    if (ledger_supervisor(jobs->folder, job->key, &process)) {
        job->pid = process.pid;
        job->ended = identity_open(&process);
    }
    return false;
}

void jobs_adopt(struct jobs *jobs, const char *key)
{
    if (jobs_find(jobs, key) != NULL)
        return;
    struct job *job = take_place(jobs, key);
    if (job != NULL && jobs_look_again(jobs, job))
        jobs_end(job);
}

static void adopt_running(void *data, const char *key)
{
    struct jobs *jobs = data;
    struct runner_result result;
    if (ledger_state(jobs->folder, key, &result) != RUNNER_STATE_RUNNING)
        return;
    jobs_adopt(jobs, key);
    report("info", "found running command %s", key);
}

void jobs_init(struct jobs *jobs, int folder, const char *data_path)
{
    jobs->folder = folder;
    jobs->data_path = data_path;
    for (size_t i = 0; i < JOBS_MAX; i++)
        jobs->items[i] = (struct job){.ended = -1};
    ledger_each_open(folder, adopt_running, jobs);
}

static void add_pair(struct environment *environment, const char *pair)
{
    /* execve changes none of them. */
    environment->pairs[environment->count++] = (char *)(uintptr_t)pair;
}

static bool has_name(const struct runner_message *message, const char *name)
{
    for (size_t i = 0; i < message->environment_count; i++)
        if (strncmp(message->environment[i], name, strlen(name)) == 0)
            return true;
    return false;
}

/* A file of the key that the command may write, unless the asker named another one. */
static void add_file(struct environment *environment, const struct jobs *jobs,
                     const struct runner_message *message, const char *const names[2], char *to, size_t size)
{
    struct text text;
    text_init(&text, to, size);
    text_add(&text, "%s%s/%s%s", names[0], jobs->data_path, message->key, names[1]);
    if (!has_name(message, names[0]))
        add_pair(environment, to);
}

/* What other tools read has no prefix of ours. */
static void add_trace(struct environment *environment, const struct runner_message *message)
{
    static const char *const names[] = {PREFIX "TRACEPARENT=", PREFIX "TRACESTATE=", PREFIX "BAGGAGE="};

    for (size_t k = 0; k < ARRAY_LENGTH(names); k++)
        for (size_t i = 0; i < message->environment_count; i++)
            if (strncmp(message->environment[i], names[k], strlen(names[k])) == 0) {
                add_pair(environment, message->environment[i] + strlen(PREFIX));
                break;
            }
}

static void build_environment(struct environment *environment, const struct jobs *jobs,
                              const struct permissions *permissions, const struct runner_message *message)
{
    environment->count = 0;
    for (size_t i = 0; i < permissions->environment.count; i++)
        add_pair(environment, permissions->environment.items[i]);
    for (size_t i = 0; i < message->environment_count; i++)
        add_pair(environment, message->environment[i]);
    add_trace(environment, message);
    for (size_t i = 0; i < message->secrets_count; i++)
        add_pair(environment, message->secrets[i]);
    static const char *const values[] = {VALUES_NAME, LEDGER_VALUES};
    static const char *const report[] = {REPORT_NAME, LEDGER_REPORT};
    add_file(environment, jobs, message, values, environment->values, sizeof(environment->values));
    add_file(environment, jobs, message, report, environment->report, sizeof(environment->report));
    environment->pairs[environment->count] = NULL;
}

/* The process that looks after the command, or -1. */
static pid_t fork_supervisor(const struct jobs *jobs, const struct permissions *permissions,
                             const struct runner_message *message, int intent)
{
    struct environment environment;
    build_environment(&environment, jobs, permissions, message);
    const struct supervision task = {.folder = jobs->folder,
                                     .intent = intent,
                                     .key = message->key,
                                     .arguments = message->arguments,
                                     .environment = environment.pairs,
                                     .directory = message->directory != NULL ? message->directory : "/",
                                     .deadline_ms = message->deadline_ms,
                                     .grace_ms =
                                         message->grace_ms > 0 ? message->grace_ms : SUPERVISOR_GRACE_MS};
    pid_t pid = fork();
    if (pid == 0)
        supervisor_run(&task);
    return pid;
}

static bool fail_start(struct job *job, struct jobs *jobs, const char *key, struct err *err)
{
    err_set(err, ERR_IO, "starting %s: %s", key, strerror(errno));
    char name[LEDGER_NAME_MAX];
    unlinkat(jobs->folder, ledger_name(key, LEDGER_INTENT, name), 0);
    jobs_end(job);
    return false;
}

bool jobs_start(struct jobs *jobs, const struct permissions *permissions,
                const struct runner_message *message, struct err *err)
{
    if (jobs_count(jobs) >= permissions->commands_max)
        return err_set(err, ERR_LIMIT, "%zu commands run already", jobs_count(jobs));
    struct job *job = take_place(jobs, message->key);
    if (job == NULL)
        return err_set(err, ERR_LIMIT, "no place for another command");
    int intent = ledger_open(jobs->folder, message->key, LEDGER_INTENT, O_RDWR | O_CREAT | O_EXCL);
    if (intent < 0) {
        jobs_end(job);
        return err_set(err, errno == EEXIST ? ERR_EXISTS : ERR_IO, "starting %s: %s", message->key,
                       strerror(errno));
    }
    /* The supervisor keeps this lock by inheriting the description: there is no moment without it. */
    bool is_good = flock(intent, LOCK_EX | LOCK_NB) == 0;
    if (is_good) {
        job->pid = fork_supervisor(jobs, permissions, message, intent);
        is_good = job->pid > 0;
    }
    int error = errno;
    close(intent);
    errno = error;
    if (!is_good)
        return fail_start(job, jobs, message->key, err);
    job->ended = pidfd_open(job->pid, 0);
    return true;
}

void jobs_end(struct job *job)
{
    if (job->pid > 0)
        waitpid(job->pid, NULL, WNOHANG); /* not our child where an earlier runner started it */
    if (job->ended >= 0)
        close(job->ended);
    *job = (struct job){.ended = -1};
}

bool jobs_cancel(const struct job *job)
{
    /* ESRCH: it is over, and its end is about to be read. */
    return job->ended >= 0 && (pidfd_send_signal(job->ended, SIGTERM, NULL, 0) == 0 || errno == ESRCH);
}

static int write_file(const struct runner_message *message)
{
    close_range(STDERR_FILENO + 1, ~0U, 0);
    return replace_path(message->path, (mode_t)message->mode, message->content) ? 0 : errno;
}

bool writing_start(struct writing *writing, const struct runner_message *message, struct err *err)
{
    if (writing->pid != 0)
        return err_set(err, ERR_CONFLICT, "%s is being written", writing->path);
    if (!text_copy(writing->path, sizeof(writing->path), message->path))
        return err_set(err, ERR_INVALID, "the path is too long");
    pid_t pid = fork();
    if (pid == 0)
        _exit(write_file(message) & 0xff);
    int ended = pid > 0 ? pidfd_open(pid, 0) : -1;
    if (ended < 0) {
        if (pid > 0)
            waitpid(pid, NULL, 0);
        return err_set(err, ERR_IO, "writing %s: %s", message->path, strerror(errno));
    }
    writing->pid = pid;
    writing->ended = ended;
    writing->request = message->request;
    return true;
}

int writing_end(struct writing *writing)
{
    int status = 0;
    bool is_known = waitpid(writing->pid, &status, WNOHANG) == writing->pid && WIFEXITED(status);
    close(writing->ended);
    writing->pid = 0;
    writing->ended = -1;
    return is_known ? WEXITSTATUS(status) : EIO;
}
