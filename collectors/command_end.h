/* command_end.h - did a command come to its end by itself, and if not, why.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_COMMAND_END_H
#define COLLECTORS_COMMAND_END_H

#include "base/attributes.h"
#include "io/runner_protocol.h"

#include <stdbool.h>
#include <stddef.h>

enum { COMMAND_CANNOT_SAY = 75 }; /* exit status of a command that may be asked again */

/* False: it was stopped, could not be executed or was ended by a signal; the sentence is in `why`. */
MUST_CHECK bool command_end_is_own(const struct runner_result *result, char *why, size_t size);

#endif
