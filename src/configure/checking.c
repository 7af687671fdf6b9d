/* checking.c - one child, without a shell.
 * SPDX-License-Identifier: MIT */
#include "configure/checking.h"

#include "base/text.h"
#include "io/memory.h"
#include "runner/guard.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 64, WORD_SIZE = PATH_MAX + 256, EXIT_NOT_STARTED = 127, ENVIRONMENT_MAX = 256 };

extern char **environ;

struct checking {
    char words[WORDS_MAX][WORD_SIZE];
    char *argv[WORDS_MAX + 1];
    char *envp[ENVIRONMENT_MAX + 1];
};

static bool take_word(const char *word, const char *path, char to[WORD_SIZE])
{
    const char *mark = strstr(word, "%s");
    struct text text;

    text_init(&text, to, WORD_SIZE);
    if (mark == NULL)
        text_add(&text, "%s", word);
    else
        text_add(&text, "%.*s%s%s", (int)(mark - word), word, path, mark + strlen("%s"));
    return !text.is_cut;
}

/* Names that no secret has: those of secrets are what is left. */
static bool is_harmless(const char *pair)
{
    static const char *const known[] = {"VERDICT_", "PATH=", "HOME=", "LANG=", "LC_", "TZ=", "TMPDIR="};

    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (strncmp(pair, known[i], strlen(known[i])) == 0)
            return true;
    return false;
}

static bool prepare(const struct job_file *file, const char *path, struct checking *checking, struct err *err)
{
    size_t count = 0;

    if (file->check_count > WORDS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d words", WORDS_MAX);
    for (size_t i = 0; i < file->check_count; i++) {
        if (!take_word(file->check[i], path, checking->words[i]))
            return err_set(err, ERR_LIMIT, "a word is too long");
        checking->argv[i] = checking->words[i];
    }
    for (char **pair = environ; *pair != NULL && count < ENVIRONMENT_MAX; pair++)
        if (is_harmless(*pair))
            checking->envp[count++] = *pair;
    return guard_check_program(checking->argv[0], err);
}

static _Noreturn void become(const struct checking *checking, pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
        (void)execve(checking->argv[0], checking->argv, checking->envp);
    _exit(EXIT_NOT_STARTED);
}

static bool run(const struct checking *checking, struct err *err)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    int status = 0;

    if (pid < 0)
        return err_set(err, ERR_IO, "fork: %s", strerror(errno));
    if (pid == 0)
        become(checking, parent);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return err_set(err, ERR_IO, "waitpid: %s", strerror(errno));
    if (WIFSIGNALED(status))
        return err_set(err, ERR_INVALID, "it was ended by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status) == 0 ||
           err_set(err, ERR_INVALID, "it ended with status %d", WEXITSTATUS(status));
}

bool checking_run(const struct job_file *file, const char *path, struct err *err)
{
    CLEANUP(memory_free_at) struct checking *checking = memory_take(sizeof(*checking));

    return (prepare(file, path, checking, err) && run(checking, err)) ||
           err_wrap(err, "check by %s", file->check[0]);
}
