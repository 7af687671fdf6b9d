/* answer.h - what the runner does and answers for each operation. SPDX-License-Identifier: MIT */
#ifndef RUNNER_ANSWER_H
#define RUNNER_ANSWER_H

#include "runner/server.h"

/* Answers at once, WRITE when the file is written. */
void answer_packet(struct server *server, struct client *client, size_t length);

/* The result of the WRITE that has ended, to whoever asked for it, if he is still there. */
void answer_written(struct server *server);

/* Tells every client that the command of `key` is over. */
void answer_finished(struct server *server, const char *key);

#endif
