/* haproxy.h - the collector that counts what HAProxy's servers answered: lb_errors, lb_time and lb_up of a
 * slot.
 * SPDX-License-Identifier: MIT
 *
 * A count is errors (5xx, no answer) of requests; a gauge is the time of a request in milliseconds, put only
 * while there are requests, or with measure = "up" how many of the servers are up, in percent. `slot` names a
 * slot of the traffic driver of the same sockets and `split`: with a map it is the backend BACKEND_SLOT as a
 * whole, else the slot's servers in the backend. */
#ifndef COLLECTORS_HAPROXY_H
#define COLLECTORS_HAPROXY_H

#include "collectors/collector.h"

enum haproxy_instance_option {
    HAPROXY_SOCKETS,
    HAPROXY_TIMEOUT,
    HAPROXY_SPLIT,
    HAPROXY_INSTANCE_OPTION_COUNT
};
enum haproxy_metric_option {
    HAPROXY_BACKEND,
    HAPROXY_SERVERS,
    HAPROXY_SLOT,
    HAPROXY_MEASURE,
    HAPROXY_METRIC_OPTION_COUNT
};

extern const struct collector_type haproxy_collector;

#endif
