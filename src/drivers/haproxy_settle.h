/* haproxy_settle.h - what follows a way back: the candidate's requests must stand still, and after a while
 * its servers may be shut.
 * SPDX-License-Identifier: MIT */
#ifndef DRIVERS_HAPROXY_SETTLE_H
#define DRIVERS_HAPROXY_SETTLE_H

#include "drivers/haproxy_order.h"

enum {
    HAPROXY_STILL_MS = 50,      /* so long no request may have come, at any socket */
    HAPROXY_STILL_MAX_MS = 2000 /* else it is not back: ERR_UNAVAILABLE */
};

/* Ends with haproxy_order_settled(). */
void haproxy_settle_start(struct haproxy_order *order);
void haproxy_settle_drop(struct haproxy_order *order); /* without it */

/* After `drain_ms` of the lane's split its candidate's servers are put into maintenance and their sessions
 * ended, at all sockets; unless the next set comes before. What fails is logged. */
void haproxy_drain_start(struct haproxy_lane *lane);
void haproxy_drain_drop(struct haproxy_lane *lane);

#endif
