/* linger.h - the end of a TCP connection whose last words must be read by the other side.
 * SPDX-License-Identifier: MIT
 *
 * A socket that is closed over unread input resets the connection, and a reset may overtake what was sent
 * before it. So our direction is ended first, and what still comes is read away until the other side ends
 * its own, or LINGER_MS have passed. */
#ifndef IO_LINGER_H
#define IO_LINGER_H

#include "io/loop.h"

enum { LINGER_MS = 1000 };

/* Takes the descriptor and closes it later, from a worker; at once where none is free. */
void linger_close(struct loop *loop, int fd);

#endif
