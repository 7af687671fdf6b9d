/* haproxy_save.h - makes shares survive HAProxy's own reload: the map's file, or the server state file, is
 * written as the process is.
 * SPDX-License-Identifier: MIT
 *
 * One dump and one write at a time for the whole instance, as the file holds all its splits: a dump that was
 * taken before a set is never written after it. A split counts as saved once a dump that shows its confirmed
 * share is in the file. What fails is tried again, from the next socket. */
#ifndef DRIVERS_HAPROXY_SAVE_H
#define DRIVERS_HAPROXY_SAVE_H

#include "drivers/haproxy_order.h"

/* Soon; `socket` leads to a process that has what is to be kept. Nothing where there is no file or no runner.
 */
void haproxy_save(struct traffic *traffic, size_t socket);

void haproxy_save_drop(struct traffic *traffic);

#endif
