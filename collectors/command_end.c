/* command_end.c - sentences about the end of a command.
 * SPDX-License-Identifier: MIT */
#include "collectors/command_end.h"

#include <stdio.h>
#include <string.h>

bool command_end_is_own(const struct runner_result *result, char *why, size_t size)
{
    if (result->timed_out)
        (void)snprintf(why, size, "the command ran past the timeout and was stopped");
    else if (result->cancelled)
        (void)snprintf(why, size, "the command was stopped from outside");
    else if (result->error != 0)
        (void)snprintf(why, size, "the command could not be executed: %s", strerror(result->error));
    else if (result->signal != 0)
        (void)snprintf(why, size, "the command was ended by signal %d", result->signal);
    else
        return true;
    return false;
}
