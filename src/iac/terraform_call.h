/* terraform_call.h - one call of terraform or tofu, with its environment.
 * SPDX-License-Identifier: MIT
 *
 * Whatever it says goes to a private file first. A state that it prints, since it could save it nowhere, is
 * kept (unsaved.h) and not shown: IAC_EXIT_UNSAVED, IAC_EXIT_REFUSED. It gets our own environment without
 * VERDICT_*, TF_DATA_DIR in the run's folder, and with state = "daemon" the address of its state and the
 * token, which stand nowhere else. */
#ifndef IAC_TERRAFORM_CALL_H
#define IAC_TERRAFORM_CALL_H

#include "iac/tool.h"

#define TERRAFORM_SAID "said" /* of the run's folder: what it says, while it does; locked as long */

/* What it says is shown. IAC_EXIT_DONE: it ended with a status up to `status_max` (without an error), which
 * is in *ret_status (may be NULL); else it was said why. `arguments` end with NULL. */
enum iac_exit terraform_call(struct job *job, const char *const *arguments, int status_max, int *ret_status);

/* Its stdout goes to the run's file `name`, and is given back (malloc'ed, with a NUL behind it). */
enum iac_exit terraform_read(struct job *job, const char *const *arguments, const char *name, char **ret_text,
                             size_t *ret_length);

/* Its stdout goes to this file. */
enum iac_exit terraform_write(struct job *job, const char *const *arguments, int output);

#endif
