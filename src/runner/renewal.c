/* renewal.c - which file we were started from, and which one stands there now. SPDX-License-Identifier: MIT */
#include "runner/renewal.h"

#include "runner/guard.h"
#include "runner/report.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The kernel's name of a program that was replaced meanwhile ends with " (deleted)": there is no such file.
 */
void renewal_init(struct renewal *renewal)
{
    struct stat status;
    ssize_t length = readlink("/proc/self/exe", renewal->path, sizeof(renewal->path) - 1);
    bool is_known = length > 0 && stat("/proc/self/exe", &status) == 0;
    renewal->path[is_known ? length : 0] = '\0';
    renewal->device = is_known ? status.st_dev : 0;
    renewal->number = is_known ? status.st_ino : 0;
}

bool renewal_is_due(const struct renewal *renewal)
{
    struct stat status;
    return renewal->path[0] != '\0' && stat(renewal->path, &status) == 0 && S_ISREG(status.st_mode) &&
           (status.st_dev != renewal->device || status.st_ino != renewal->number);
}

void renewal_start(struct renewal *renewal, char **arguments)
{
    struct stat status;
    if (stat(renewal->path, &status) == 0) {
        renewal->device = status.st_dev;
        renewal->number = status.st_ino;
    }
    struct err err;
    if (guard_check_program(renewal->path, &err)) {
        execv(renewal->path, arguments);
        err_set(&err, ERR_IO, "%s: %s", renewal->path, strerror(errno));
    }
    report("error", "the program that was to take our place cannot be started, we go on: %s", err.text);
}
