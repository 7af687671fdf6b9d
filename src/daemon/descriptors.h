/* descriptors.h - how many files and sockets we may have open, and how many of them are for those who call.
 * SPDX-License-Identifier: MIT
 *
 * Callers come in any number; the journal, the levers and the sources must not run out of descriptors for it.
 * So as many as these may need at once are kept for them. */
#ifndef DAEMON_DESCRIPTORS_H
#define DAEMON_DESCRIPTORS_H

#include <stddef.h>

enum { DESCRIPTORS_KEPT = 512 /* HTTP requests of ours (128), and everything else that has one */ };

/* Raises our limit as far as we may, and returns the connections for each of `listener_count` (at least 1):
 * what is left above those that are kept, from 16 to HTTP_SERVER_CONNECTIONS_MAX. *ret_limit: descriptors in
 * all.
 */
unsigned descriptors_share_out(size_t listener_count, unsigned long *ret_limit);

#endif
