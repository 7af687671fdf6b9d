/* allow.h - the allow list: which argument vectors may run, and in which folders. Pure.
 * SPDX-License-Identifier: MIT
 *
 * A pattern is an argument vector. Its elements are taken literally, but "*" is any one safe argument and
 * "**", as the last element, any number of them. Safe: [A-Za-z0-9][A-Za-z0-9._:/@=+~-]*, and no part between
 * slashes is "..": neither an option nor a way out of a folder. The program is never a pattern. */
#ifndef RUNNER_ALLOW_H
#define RUNNER_ALLOW_H

#include "base/attributes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct allow_pattern {
    const char *const *arguments;
    size_t count;
};

struct allow_list {
    const struct allow_pattern *patterns;
    size_t count;
};

/* A program with an absolute path first, "**" only at the end. */
MUST_CHECK bool allow_check(const struct allow_pattern *pattern, struct err *err);

bool allow_is_safe(const char *argument);

bool allow_matches(const struct allow_list *list, const char *const *arguments, size_t count);

/* Absolute, without "." and ".." and one of `folders` or below it. */
bool allow_directory(const char *const *folders, size_t count, const char *directory);

#endif
