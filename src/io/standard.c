/* standard.c - the descriptors 0 to 2.
 * SPDX-License-Identifier: MIT */
#include "io/standard.h"

#include <fcntl.h>
#include <unistd.h>

/* open() takes the lowest that is free; the first above 2 says that none of them is. */
void standard_open(void)
{
    int fd = 0;

    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/dev/null", O_RDWR); /* not closed by exec: children get it too */
    if (fd >= 0)
        (void)close(fd);
}
