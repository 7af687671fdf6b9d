/* invocation.c - fork, follow, forward one interrupt, wait.
 * SPDX-License-Identifier: MIT */
#include "iac/invocation.h"

#include "iac/printed_state.h"
#include "io/buffer.h"
#include "io/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FOLLOW_NS = 100 * 1000 * 1000, PIECE = 16 * 1024, SAID_MAX = 64 * 1024, EXIT_NOT_STARTED = 127 };

void invocation_signals_init(struct invocation_signals *signals)
{
    (void)sigemptyset(&signals->set);
    (void)sigaddset(&signals->set, SIGTERM);
    (void)sigaddset(&signals->set, SIGINT);
    (void)sigaddset(&signals->set, SIGHUP);
    (void)sigaddset(&signals->set, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &signals->set, NULL);
    (void)signal(SIGPIPE, SIG_IGN); /* who listens to us may go; the tool goes on */
    signals->is_interrupted = false;
}

/* Returns whether an interrupt came, for the first time. */
static bool wait_for_signal(struct invocation_signals *signals, long wait_ns)
{
    const struct timespec moment = {.tv_nsec = wait_ns};
    int number = sigtimedwait(&signals->set, NULL, &moment);
    bool is_first = number > 0 && number != SIGCHLD && !signals->is_interrupted;

    signals->is_interrupted = signals->is_interrupted || is_first;
    return is_first;
}

bool invocation_pause(struct invocation_signals *signals)
{
    (void)wait_for_signal(signals, FOLLOW_NS);
    return !signals->is_interrupted;
}

bool invocation_is_interrupted(struct invocation_signals *signals)
{
    (void)wait_for_signal(signals, 0);
    return signals->is_interrupted;
}

/* In the child. Whoever dies without a word must not leave a tool behind that nobody stops: it is
 * interrupted. */
static void become(const struct invocation *invocation, pid_t parent)
{
    sigset_t none;

    (void)setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGINT) != 0 || getppid() != parent ||
        dup2(invocation->input, STDIN_FILENO) < 0 || dup2(invocation->output, STDOUT_FILENO) < 0 ||
        (invocation->said >= 0 && dup2(invocation->said, STDERR_FILENO) < 0))
        _exit(EXIT_NOT_STARTED);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    /* execve takes what it does not change without const. */
    (void)execve(invocation->program, (char *const *)(uintptr_t)invocation->arguments,
                 (char *const *)(uintptr_t)invocation->environment);
    _exit(EXIT_NOT_STARTED);
}

/* What is copied of `said`, and how far. */
struct following {
    const struct invocation *invocation;
    struct printed_state_veil veil;
    off_t at;
};

/* What is written to a pipe that nobody reads is lost, and that is all right. */
static void copy(const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, length);
        if (written < 0 && errno != EINTR)
            return;
        bytes += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
}

/* Of what was read of it: whole lines, or all where more would not fit or come. */
static size_t whole_lines(const char *piece, size_t length, bool is_end)
{
    const char *last = memrchr(piece, '\n', length);

    if (is_end && length < PIECE)
        return length;
    return last != NULL ? (size_t)(last - piece) + 1 : length == PIECE ? length : 0;
}

/* What of a piece is for everybody; a state is told of once. */
static void show(struct following *following, char *piece, size_t length)
{
    static const char note[] = "(a state, which is kept and not shown)\n";
    bool had_hidden = following->veil.has_hidden;

    if (following->invocation->hides_states)
        length = printed_state_hide(&following->veil, piece, length);
    for (size_t i = 0; i < length; i++)
        piece[i] = piece[i] == '\0' ? ' ' : piece[i];
    piece[length] = '\0';
    redaction_apply(following->invocation->hidden, piece);
    copy(piece, strlen(piece));
    if (following->veil.has_hidden && !had_hidden)
        copy(note, strlen(note));
}

static void follow(struct following *following, bool is_end)
{
    char piece[PIECE + 1];
    size_t whole = following->invocation->said >= 0;

    while (whole > 0) {
        ssize_t length = pread(following->invocation->said, piece, PIECE, following->at);
        whole = length > 0 ? whole_lines(piece, (size_t)length, is_end) : 0;
        following->at += (off_t)whole;
        show(following, piece, whole);
    }
}

/* What was read of `output`, and the line that is not whole yet. */
struct listening {
    const struct invocation *invocation;
    struct buffer line;
    off_t at;
    bool is_too_long, has_enough;
};

static void hear_line(struct listening *listening)
{
    const struct invocation *invocation = listening->invocation;
    const char *line = listening->is_too_long ? NULL : buffer_text(&listening->line);

    if (!listening->has_enough && !invocation->hear(invocation->data, line, listening->line.length))
        listening->has_enough = true;
    buffer_done(&listening->line);
    listening->is_too_long = false;
}

static void hear_piece(struct listening *listening, const char *piece, size_t length)
{
    while (length > 0) {
        const char *end = memchr(piece, '\n', length);
        size_t part = end == NULL ? length : (size_t)(end - piece);
        listening->is_too_long = !buffer_add(&listening->line, piece, part) || listening->is_too_long;
        if (end == NULL)
            return;
        hear_line(listening);
        piece = end + 1;
        length -= part + 1;
    }
}

static void take_output(struct listening *listening)
{
    char piece[PIECE];
    ssize_t length = 0;

    while (listening->invocation->hear != NULL &&
           (length = pread(listening->invocation->output, piece, sizeof(piece), listening->at)) > 0) {
        hear_piece(listening, piece, (size_t)length);
        listening->at += length;
    }
}

static int wait_for_end(struct invocation_signals *signals, const struct invocation *invocation, pid_t pid)
{
    struct listening listening = {.invocation = invocation};
    struct following following = {.invocation = invocation};
    int status = 0;

    buffer_init(&listening.line, INVOCATION_LINE_MAX);
    for (bool is_asked = false; waitpid(pid, &status, WNOHANG) == 0;) {
        bool is_first = wait_for_signal(signals, FOLLOW_NS);
        follow(&following, false);
        take_output(&listening);
        if (!is_asked && (is_first || listening.has_enough)) { /* one more would make it drop what it does */
            (void)kill(pid, SIGINT);
            is_asked = true;
        }
    }
    follow(&following, true);
    take_output(&listening);
    if (listening.line.length > 0)
        hear_line(&listening);
    buffer_done(&listening.line);
    return status;
}

bool invocation_run(struct invocation_signals *signals, const struct invocation *invocation, int *ret_status,
                    struct err *err)
{
    if (signals->is_interrupted)
        return err_set(err, ERR_UNAVAILABLE, "interrupted before %s began", invocation->arguments[1]);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return err_set(err, ERR_IO, "fork: %s", strerror(errno));
    if (pid == 0)
        become(invocation, parent);
    int status = wait_for_end(signals, invocation, pid);
    bool is_done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (signals->is_interrupted && !is_done) /* an interrupt that came too late changed nothing */
        return err_set(err, ERR_UNAVAILABLE, "%s %s was interrupted and ended", invocation->program,
                       invocation->arguments[1]);
    if (!WIFEXITED(status))
        return err_set(err, ERR_IO, "%s was ended by signal %d", invocation->program, WTERMSIG(status));
    if (WEXITSTATUS(status) == EXIT_NOT_STARTED)
        return err_set(err, ERR_IO, "%s could not be started", invocation->program);
    *ret_status = WEXITSTATUS(status);
    return true;
}

char *invocation_heard(int output, size_t *ret_length)
{
    struct stat status = {0};
    size_t length = 0;

    if (fstat(output, &status) != 0)
        status.st_size = 0;
    off_t from = status.st_size > INVOCATION_HEARD_MAX ? status.st_size - INVOCATION_HEARD_MAX : 0;
    size_t size = (size_t)(status.st_size - from);
    char *heard = memory_take(size + 1);
    for (ssize_t got = 1; got > 0 && length<size; length += got> 0 ? (size_t)got : 0)
        got = pread(output, heard + length, size - length, from + (off_t)length);
    *ret_length = length;
    return heard;
}

bool invocation_said(int output, const char *text)
{
    struct stat status;

    if (fstat(output, &status) != 0)
        return false;
    off_t from = status.st_size > SAID_MAX ? status.st_size - SAID_MAX : 0;
    CLEANUP(memory_free_at) char *end = memory_take(SAID_MAX);
    ssize_t length = pread(output, end, SAID_MAX, from);
    return length > 0 && memmem(end, (size_t)length, text, strlen(text)) != NULL;
}
