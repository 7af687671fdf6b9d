/* compare.h - `verdict compare`: statistical tests on samples that somebody brings.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include "base/err.h"

#include <stddef.h>

enum {
    COMPARE_SIZE_MAX = 64 * 1024 * 1024, /* bytes of the input */
    COMPARE_VALUES_MAX = 1000000         /* JSON values in it, which bounds what it takes in memory */
};

/* The answer to one object, or to each of an array in the same order, as text without a final newline;
 * free(). An item that is at fault is answered by an error object in its place. NULL: no JSON, too large, or
 * neither object nor array. */
char *compare_answer(const char *bytes, size_t length, struct err *err);

/* For --help: every field of every test, a paragraph each. */
extern const char *const compare_text[];

#endif
