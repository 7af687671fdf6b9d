/* guard.c - checks owners and permission bits. SPDX-License-Identifier: MIT */
#include "runner/guard.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

bool guard_check(const char *path, const struct stat *status, struct err *err)
{
    if (status->st_uid != 0 && status->st_uid != geteuid())
        return err_set(err, ERR_FORBIDDEN, "%s belongs to user %u, neither to root nor to the runner's user",
                       path, status->st_uid);
    if ((status->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return err_set(err, ERR_FORBIDDEN, "%s may be written by others (mode %03o)", path,
                       status->st_mode & 0777);
    return true;
}

bool guard_check_program(const char *path, struct err *err)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return err_set(err, ERR_NOT_FOUND, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_FORBIDDEN, "%s is no regular file", path);
    if (!guard_check(path, &status, err))
        return false;
    return eaccess(path, X_OK) == 0 || err_set(err, ERR_FORBIDDEN, "%s: %s", path, strerror(errno));
}
