/* runner_link.h - a bare client of verdict-runner for tests: one packet out, one packet in.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_RUNNER_LINK_H
#define SUPPORT_RUNNER_LINK_H

#include "io/runner_protocol.h"
#include "support/runner_bench.h"

struct link {
    int fd;
    uint64_t request;
    struct runner_message message; /* the last one that came; points into `packet` */
    unsigned char packet[RUNNER_MESSAGE_MAX];
};

struct link *link_open(const struct bench *bench);
void link_close(struct link *link);

/* The next packet, whatever it is; fails the test after BENCH_WAIT_MS. False: the runner closed the
 * connection. */
bool link_receive(struct link *link);

/* Sends and waits for the answer; events that come before it are dropped. */
const struct runner_message *link_ask(struct link *link, struct runner_message message);

/* RUN of `act` with the arguments in one text ("exit 3"); the answer. */
const struct runner_message *link_run(struct link *link, const struct bench *bench, const char *key,
                                      const char *arguments, int64_t deadline_ms);

enum runner_state link_status(struct link *link, const char *key);

/* Waits until the key has ended: by event, or at once where it already has. */
struct runner_result link_wait(struct link *link, const char *key);

/* Runs to its end. */
struct runner_result link_complete(struct link *link, const struct bench *bench, const char *key,
                                   const char *arguments, int64_t deadline_ms);

/* The whole stream; the caller's to free. */
char *link_output(struct link *link, const char *key, enum runner_stream stream);

#endif
