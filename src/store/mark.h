/* mark.h - how far the journal was when it was last written, kept outside of it: so an older file that was
 * put in its
 * place is noticed. SPDX-License-Identifier: MIT
 *
 * It stands in the lock's file. It is written behind each commit and never synced: it may lag, and never
 * leads. */
#ifndef STORE_MARK_H
#define STORE_MARK_H

#include <stdint.h>

/* The last event's number; 0 where none can be read. */
uint64_t mark_read(int fd);

/* What cannot be written is not there next time. */
void mark_write(int fd, uint64_t event);

#endif
