/* output.h - an answer, as it came, into the file that --output names.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/verb.h"

#include <sys/types.h>

/* Without --output, or with "-": on stdout. `mode` is that of a file that is not there yet, before the umask.
 * VERB_DONE, or VERB_UNKNOWN: complained. */
int output_put(const struct cli *cli, const struct client_answer *answer, mode_t mode);

#endif
