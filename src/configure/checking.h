/* checking.h - the program that looks at a new file before it is put in place.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIGURE_CHECKING_H
#define CONFIGURE_CHECKING_H

#include "configure/job.h"

/* Runs it and waits; "%s" in its words is `path`. It gets VERDICT_* and what the runner gives to all, but no
 * secret. False: it did not end with 0. */
MUST_CHECK bool checking_run(const struct job_file *file, const char *path, struct err *err);

#endif
