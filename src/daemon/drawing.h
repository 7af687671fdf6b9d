/* drawing.h - pictures of series: drawn by this program in a process of their own, one at a time.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_DRAWING_H
#define DAEMON_DRAWING_H

#include "daemon/daemon.h"

/* Of struct api_env. */
void drawing_start(void *daemon, const char *request, api_drawn *done, void *done_data);

/* At the end of the daemon, before its loop: those that wait are forgotten. */
void drawing_drop(struct daemon *daemon);

/* `verdictd --draw`: a request on stdin, a picture on stdout. Its exit code. */
int drawing_main(void);

#endif
