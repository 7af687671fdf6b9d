/* errored_file.c - a folder where a file would be, shared by all who work beside each other.
 * SPDX-License-Identifier: MIT */
#include "iac/errored_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0700, TRIES_MAX = 50 };

enum iac_exit errored_file_check(const struct job *job)
{
    struct stat status;

    if (lstat(ERRORED_FILE, &status) != 0 || S_ISDIR(status.st_mode))
        return IAC_EXIT_DONE;
    job_say(job,
            ERRORED_FILE
            " lies beside the code: a state, with its secrets, that terraform could not save once. "
            "Save it (`%s state push " ERRORED_FILE "`) or remove it, then plan anew",
            job->tool->program);
    return IAC_EXIT_UNSAVED;
}

/* Held, or gone again by the time that it was. */
static bool hold(int folder)
{
    struct stat status;

    return flock(folder, LOCK_SH | LOCK_NB) == 0 && fstat(folder, &status) == 0 && status.st_nlink > 0;
}

bool errored_file_bar(struct invocation_signals *signals, int *ret_bar, struct err *err)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        if (mkdir(ERRORED_FILE, FOLDER_MODE) != 0 && errno != EEXIST)
            return err_set(
                err, ERR_FORBIDDEN,
                "the code's folder cannot be written (%s), and a state that cannot be saved would be "
                "lost: let the runner's user write there, or make an empty folder " ERRORED_FILE " in it",
                strerror(errno));
        int folder = open(ERRORED_FILE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (folder < 0 && errno != ENOENT)
            return err_set(err, ERR_CONFLICT, ERRORED_FILE ": %s", strerror(errno));
        if (folder >= 0 && hold(folder)) {
            *ret_bar = folder;
            return true;
        }
        if (folder >= 0)
            (void)close(folder);
        if (!invocation_pause(signals))
            return err_set(err, ERR_UNAVAILABLE, "interrupted before it began");
    }
    return err_set(err, ERR_CONFLICT, ERRORED_FILE " comes and goes");
}

/* The last one takes it away. */
void errored_file_unbar(int bar)
{
    if (flock(bar, LOCK_EX | LOCK_NB) == 0)
        (void)rmdir(ERRORED_FILE);
    (void)close(bar);
}
