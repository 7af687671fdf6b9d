/* mark.c - one number of fixed width.
 * SPDX-License-Identifier: MIT */
#include "store/mark.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { DIGITS = 20 };

uint64_t mark_read(int fd)
{
    char text[DIGITS + 1];
    uint64_t event = 0;

    if (pread(fd, text, sizeof(text), 0) != sizeof(text) || text[DIGITS] != '\n')
        return 0;
    for (int i = 0; i < DIGITS; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        event = event * 10 + (uint64_t)(text[i] - '0');
    }
    return event;
}

void mark_write(int fd, uint64_t event)
{
    char text[DIGITS + 2];

    (void)snprintf(text, sizeof(text), "%0*" PRIu64 "\n", DIGITS, event);
    ssize_t written = pwrite(fd, text, DIGITS + 1, 0);
    (void)written;
}
