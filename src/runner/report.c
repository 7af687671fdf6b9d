/* report.c - one line, one write. SPDX-License-Identifier: MIT */
#include "runner/report.h"

#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { MESSAGE_MAX = 1024 };

static void clean(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == '"' || *text == '\\' || *text == 0x7f)
            *text = '?';
}

void report(const char *level, const char *format, ...)
{
    int error = errno;
    char message[MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    clean(message);
    char memory[MESSAGE_MAX + 64];
    struct text line;
    text_init(&line, memory, sizeof(memory));
    text_add(&line, "level=%s program=verdict-runner msg=\"%s\"\n", level, message);
    /* A log that cannot be written has nowhere to be reported. */
    if (write(STDERR_FILENO, line.data, line.length) < 0)
        errno = error;
    errno = error;
}
