/* work.h - the private folder of a stack in an environment: its state where that is kept here, what was
 * archived, and one folder for each run.
 * SPDX-License-Identifier: MIT
 *
 *   ROOT/STACK/ENVIRONMENT/lock             locked while a tool works there; says for which run
 *                          unsaved.tfstate  a state that could not be saved (unsaved.h), and unsaved.lock
 *                          state/           state = "local"
 *                          archive/RUN      the state as it was before a destroy, of pulumi also after an
 * apply runs/RUN/        locked too; plan, plan.json, variables.tfvars.json, said, data/
 *
 * All of it is 0700 and 0600: plans and states hold secrets. No part may be a symbolic link, and all must
 * belong to us. A run's folder goes when the run is over, or after WORK_KEEP_DAYS. */
#ifndef IAC_WORK_H
#define IAC_WORK_H

#include "base/attributes.h"
#include "base/err.h"
#include "iac/invocation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORK_ROOT "/var/lib/verdict-runner/iac" /* where IAC_WORK names no other one */

enum { WORK_KEEP_DAYS = 31, WORK_ARCHIVE_MAX = 500, WORK_PATH_MAX = 4096, WORK_LOCK_MS = 60 * 1000 };

struct work {
    int stack; /* the folder of the stack in its environment */
    int run;   /* the run's folder */
    int lock;
    char stack_path[WORK_PATH_MAX], run_path[WORK_PATH_MAX];
};

enum work_purpose {
    WORK_WITH_STACK, /* nobody else works on it meanwhile */
    WORK_WITH_RUN    /* nobody else works for this run meanwhile: to forget it */
};

struct work_place {
    const char *root, *stack, *environment;
    const char *run;  /* the name of its folder */
    const char *verb; /* for people who wait meanwhile */
    int64_t wait_s;   /* for a lock */
    enum work_purpose purpose;
};

/* Makes what is missing, and waits for the locks (ERR_CONFLICT: and says who has them; ERR_UNAVAILABLE:
 * interrupted). */
MUST_CHECK bool work_open(const struct work_place *place, struct invocation_signals *signals,
                          struct work *ret_work, struct err *err);
void work_close(struct work *work);

/* A file of the run's folder, made empty; for reading, and never followed through a link. -1: *err. */
int work_create(const struct work *work, const char *name, struct err *err);
int work_read(const struct work *work, const char *name, struct err *err);
/* All of a file of the run's folder (malloc'ed, with a NUL behind it; ERR_NOT_FOUND, ERR_LIMIT), and a new
 * one. */
MUST_CHECK bool work_load(const struct work *work, const char *name, size_t length_max, char **ret_text,
                          size_t *ret_length, struct err *err);
MUST_CHECK bool work_save(const struct work *work, const char *name, const char *bytes, size_t length,
                          struct err *err);
/* The same of the stack's own folder; a new one replaces the old one as a whole, and is on the disk. */
MUST_CHECK bool work_load_of_stack(const struct work *work, const char *name, size_t length_max,
                                   char **ret_text, size_t *ret_length, struct err *err);
MUST_CHECK bool work_save_of_stack(const struct work *work, const char *name, const char *bytes,
                                   size_t length, struct err *err);
void work_remove_of_stack(const struct work *work, const char *name);

/* For each run's file of that name, but ours. */
void work_each(const struct work *work, const char *name, void (*take)(void *data, const char *run, int fd),
               void *data);
/* Gone afterwards, whether it was there or not. */
void work_remove(const struct work *work, const char *name);
/* The same, with all that is in it. */
void work_remove_folder(const struct work *work, const char *name);

/* "archive/RUN"; the oldest one goes where there are WORK_ARCHIVE_MAX. -1: *err. */
int work_archive(const struct work *work, const char *run, struct err *err);

/* Removes the run's folder with all that is in it. */
void work_forget(const struct work *work, const char *run);
/* And those of runs that nobody heard of for WORK_KEEP_DAYS. */
void work_sweep(const struct work *work);

#endif
