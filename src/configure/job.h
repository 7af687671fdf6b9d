/* job.h - what verdict-configure is asked for: its words, taken apart.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIGURE_JOB_H
#define CONFIGURE_JOB_H

#include "base/attributes.h"
#include "base/err.h"
#include "base/form.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    JOB_FILES_MAX = 8,
    JOB_KEY_MAX = 64 /* letters of a deployment's id */
};

struct job_file {
    const char *to;       /* absolute */
    const char *template; /* absolute; NULL: restore */
    const char *hash;     /* SHA-256 that the template must have, or NULL */
    enum form_kind kind;
    bool has_mode, overwrites;
    mode_t mode;
    const char *owner, *group; /* NULL: as it was, or ours */
    char *const *check;        /* program and arguments, [check_count]; "%s" is the new file */
    size_t check_count;
};

struct job {
    bool is_restore;
    const char *key;  /* deployment whose writing it is */
    const char *keep; /* folder of what was there before */
    size_t count;
    struct job_file files[JOB_FILES_MAX];
};

/* The words behind the program's name, and what the environment says. ERR_INVALID. */
MUST_CHECK bool job_read(int count, char *const *words, struct job *ret_job, struct err *err);

/* The text for a blank of the file with this index: VERDICT_FILE_NUMBER_NAME, of a secret NAME; or NULL. */
const char *job_value(size_t index, const struct form_blank *blank);

#endif
