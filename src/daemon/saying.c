/* saying.c - what a lever, a command or a source said last, without secrets: for people, it steers nothing.
 * SPDX-License-Identifier: MIT */
#include "daemon/live.h"
#include "io/redaction.h"

#include <stdarg.h>
#include <stdio.h>

void live_say_back(struct live *live, const char *text)
{
    (void)snprintf(live->why_back, sizeof(live->why_back), "%s", text);
    redaction_apply(live->daemon->log.redaction, live->why_back);
}

void live_say(struct live *live, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(live->why, sizeof(live->why), format, arguments);
    va_end(arguments);
    redaction_apply(live->daemon->log.redaction, live->why);
}
