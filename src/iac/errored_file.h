/* errored_file.h - terraform's errored.tfstate, which would stand beside the code.
 * SPDX-License-Identifier: MIT
 *
 * A state that cannot be saved goes there, whoever else works in that folder for another environment and
 * whoever reads it; where the file cannot be read the state is printed, and where it cannot be made the state
 * is lost without a word (terraform 1.11). So it is always made to be printed, by a folder of that name: what
 * terraform says is in a private file, and there it is found. */
#ifndef IAC_ERRORED_FILE_H
#define IAC_ERRORED_FILE_H

#include "iac/tool.h"

#define ERRORED_FILE "errored.tfstate"

/* IAC_EXIT_UNSAVED: there is such a file, of whomever; it was said what to do. */
enum iac_exit errored_file_check(const struct job *job);

/* Bars the way of such a file until errored_file_unbar(*ret_bar), beside others who do the same.
 * ERR_FORBIDDEN: the folder cannot be written; ERR_CONFLICT. */
MUST_CHECK bool errored_file_bar(struct invocation_signals *signals, int *ret_bar, struct err *err);
void errored_file_unbar(int bar);

#endif
