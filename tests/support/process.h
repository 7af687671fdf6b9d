/* process.h - starts and stops other programs for tests: free ports, waiting until they answer, their output.
 * SPDX-License-Identifier: MIT
 *
 * Every failure to do so fails the running test with a sentence. A program dies with the test that started
 * it. Names without a slash are looked for in PATH and the sbin folders. */
#ifndef SUPPORT_PROCESS_H
#define SUPPORT_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
    pid_t pid; /* 0: not running */
};

/* Starts argv (ends with NULL); what it prints goes to `output_path`, or nowhere where that is NULL. */
struct process process_start(const char *const *argv, const char *output_path);

/* Waits until something accepts on 127.0.0.1:port, or on the Unix socket; fails at the deadline, or when the
 * program has ended. */
void process_wait_port(struct process *process, uint16_t port, int64_t deadline_ms);
void process_wait_socket(struct process *process, const char *path, int64_t deadline_ms);

/* SIGTERM, after 5 s SIGKILL; reaps it. Nothing to do where it is not running. Returns the wait status. */
int process_stop(struct process *process);

/* Sends a signal; of SIGSTOP it returns once the program has stopped. */
void process_signal(const struct process *process, int number);

/* Runs argv to its end (at most deadline_ms); its standard output, cut to size - 1 and ended with a NUL, goes
 * to `output`. Returns the exit code, 128 + number after a signal. */
int process_run(const char *const *argv, char *output, size_t size, int64_t deadline_ms);

/* A port of 127.0.0.1 on which nothing listens; no other process of the tests gets it while this one lives.
 */
uint16_t process_free_port(void);

/* CLOCK_MONOTONIC. */
int64_t process_now_ms(void);

#endif
