/* http_listener.h - the listening sockets of http_server: Unix and TCP.
 * SPDX-License-Identifier: MIT */
#ifndef IO_HTTP_LISTENER_H
#define IO_HTTP_LISTENER_H

#include "base/attributes.h"
#include "base/err.h"
#include "io/http_server.h"

#include <stdbool.h>
#include <stdint.h>

/* Binds and listens, non-blocking. *ret_port is 0 for a Unix socket. Errors as http_server_start. */
MUST_CHECK bool http_listener_open(const struct http_server_listener *listener, int *ret_fd,
                                   uint16_t *ret_port, struct err *err);

/* Who is at the other end of a connection; `address` (TCP) may be NULL. */
struct sockaddr;
struct http_server_peer http_listener_peer(int fd, const struct sockaddr *address, bool is_tls);

#endif
