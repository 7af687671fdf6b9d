/* work.h - the two verbs: files written from their templates, and put back as they were.
 * SPDX-License-Identifier: MIT
 *
 * Either may be killed at any point and repeated: what stands at a place is the old file or the new one, what
 * was there before a deployment is kept before anything is put in its place, and the same again changes
 * nothing. */
#ifndef CONFIGURE_WORK_H
#define CONFIGURE_WORK_H

#include "configure/job.h"

enum work_exit {
    WORK_DONE = 0,
    WORK_FAILED = 1,
    WORK_USAGE = 2,
    WORK_CHANGED = 3, /* somebody changed the file since we wrote it; nothing was written */
    WORK_AGAIN = 75   /* somebody else works on it */
};

/* Writes all files or, where one cannot be rendered or does not pass its check, none. */
enum work_exit work_apply(const struct job *job);

/* Puts back what stood there before the deployment. What somebody changed since is kept beside it and told: a
 * way back waits for nobody. */
enum work_exit work_restore(const struct job *job);

#endif
