/* surroundings.h - the environment that a program of ours gets: our own without what is nobody else's
 * business, and what is added to it.
 * SPDX-License-Identifier: MIT */
#ifndef IAC_SURROUNDINGS_H
#define IAC_SURROUNDINGS_H

#include "base/err.h"
#include "iac/work.h"

struct redaction;
struct surroundings;

enum { SURROUNDINGS_VALUE_MAX = 120 * 1024 /* bytes; the kernel takes 128 KiB with the name */ };

/* `without`: how the pairs begin that are not passed on, besides VERDICT_ and IAC_; ends with NULL. `hidden`
 * takes the values that nobody else is to see. */
struct surroundings *surroundings_new(const char *const *without, struct redaction *hidden);
void surroundings_free(struct surroundings *surroundings);     /* what was added is wiped */
void surroundings_free_at(struct surroundings **surroundings); /* for CLEANUP */

/* ERR_LIMIT. */
MUST_CHECK bool surroundings_add(struct surroundings *surroundings, const char *name, const char *value,
                                 struct err *err);

/* The same of what a reference refers to (io/secret.h), which goes to `hidden`, too. */
MUST_CHECK bool surroundings_add_secret(struct surroundings *surroundings, const char *name,
                                        const char *reference, struct err *err);

/* IAC_SECRET_NAME=REFERENCE of our own: the program finds what it refers to as NAME. */
MUST_CHECK bool surroundings_add_secrets(struct surroundings *surroundings, struct err *err);

/* Was there one that is not to be had? */
bool surroundings_lack_secret(const struct surroundings *surroundings);

/* For execve: ends with NULL. */
const char *const *surroundings_pairs(const struct surroundings *surroundings);

/* The path of a program of PATH. ERR_NOT_FOUND. */
MUST_CHECK bool surroundings_program(const char *name, char to[WORK_PATH_MAX], struct err *err);

#endif
