/* runner_bench.h - a temporary folder, a configuration, commands in it, and a verdict-runner that is started
 * and
 * killed by the test. SPDX-License-Identifier: MIT
 *
 * The command `act` is a shell script whose first argument says what to do; $VERDICT_FOLDER leads it to the
 * folder. Every wait has a deadline after which the test fails. */
#ifndef SUPPORT_RUNNER_BENCH_H
#define SUPPORT_RUNNER_BENCH_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { BENCH_PATH_MAX = 256, BENCH_WAIT_MS = 15000 };

struct bench {
    char folder[BENCH_PATH_MAX];
    char act[BENCH_PATH_MAX]; /* the script */
    char config[BENCH_PATH_MAX], socket[BENCH_PATH_MAX], data[BENCH_PATH_MAX];
    char folder_pair[BENCH_PATH_MAX + 32]; /* VERDICT_FOLDER=... */
    pid_t runner;                          /* 0: none runs */
};

int64_t bench_now_ms(void);

/* Pauses for 10 ms; fails the test where `until_ms` has passed, saying what was waited for. */
void bench_pause(int64_t until_ms, const char *what);

struct bench *bench_new(void);
void bench_free(struct bench *bench); /* kills the runner and its commands, removes the folder */

/* `extra` is added to the configuration, which allows [act, "**"] and writing FOLDER/map. */
void bench_configure(const struct bench *bench, const char *extra);

void runner_bench_start(struct bench *bench);    /* and waits until it answers */
int bench_stop(struct bench *bench, int signal); /* and waits for its end; its exit status or -1 */
int bench_run_runner(const struct bench *bench, const char *option); /* --check, ...: to its end */

/* "FOLDER/NAME" in `to` (BENCH_PATH_MAX). Returns `to`. */
const char *bench_path(const struct bench *bench, const char *name, char *to);
void bench_write(const struct bench *bench, const char *name, const char *content, mode_t mode);

/* The text of a file in the folder, "" where there is none. The caller's to free. */
char *bench_read(const struct bench *bench, const char *name);
size_t bench_count_lines(const struct bench *bench, const char *name);
void bench_wait_for_line(const struct bench *bench, const char *name);

bool bench_is_alive(pid_t pid); /* zombies are not */
void bench_wait_for_death(pid_t pid);

#endif
