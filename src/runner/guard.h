/* guard.h - which files this process may trust: owned by root or by itself, and nobody else may write them.
 * SPDX-License-Identifier: MIT */
#ifndef RUNNER_GUARD_H
#define RUNNER_GUARD_H

#include "base/attributes.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/stat.h>

/* ERR_FORBIDDEN says why `path`, of which `status` was read, is not to be trusted. */
MUST_CHECK bool guard_check(const char *path, const struct stat *status, struct err *err);

/* A trusted regular file that this process may execute: ERR_NOT_FOUND, ERR_FORBIDDEN. */
MUST_CHECK bool guard_check_program(const char *path, struct err *err);

#endif
