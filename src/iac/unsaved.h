/* unsaved.h - a state that terraform could not save: kept in the stack's private folder, and saved before
 * anything else is done.
 * SPDX-License-Identifier: MIT
 *
 * What was made and stands in no state would be made a second time. So nothing is planned or applied while
 * there is one; terraform itself looks whether it fits the state that is kept (lineage, serial), and so does
 * the daemon. */
#ifndef IAC_UNSAVED_H
#define IAC_UNSAVED_H

#include "iac/tool.h"

/* Keeps the state among what terraform said in a run, and the lock that it was made under. False: there is
 * none, or (*err, else of ERR_NONE) it cannot be kept. */
MUST_CHECK bool unsaved_take(const struct job *job, const char *said, size_t length, struct err *err);

/* Is one kept? */
bool unsaved_is_there(const struct job *job);

/* Behind `init`: saves what there is to save, also what a terraform printed whose verdict-iac was killed.
 * IAC_EXIT_DONE: there is nothing any more. */
enum iac_exit unsaved_settle(struct job *job);

/* Before the run's folder is removed: is there something in it that is needed? */
bool unsaved_is_in_run(const struct job *job);

#endif
