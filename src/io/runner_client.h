/* runner_client.h - asks verdict-runner to run commands and to replace files, over a connection that comes
 * back by itself. SPDX-License-Identifier: MIT
 *
 * Every call answers exactly once through its `done`, from the loop, never inside the call that asked, and
 * within its own deadline. After a reconnect the state of every waiting key is asked again, so neither a
 * restarted runner nor a restarted daemon loses a result. A key runs at most once, ever: to repeat a command
 * (exit 75, a lost one of class idempotent) give it a new key, e.g. "d42-7.2". Names and sizes are bounded by
 * runner_protocol.h. Everything given is copied. One thread: the loop's. */
#ifndef IO_RUNNER_CLIENT_H
#define IO_RUNNER_CLIENT_H

#include "base/attributes.h"
#include "base/err.h"
#include "io/runner_protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct runner_client;

enum {
    RUNNER_CALLS_MAX = 256,       /* calls that wait at once, else ERR_LIMIT */
    RUNNER_ANSWER_MS = 10 * 1000, /* an answer that needs no command to end */
    RUNNER_START_MS = 30 * 1000,  /* default time to reach the runner and to get a place (it may be busy) */
    RUNNER_END_SLACK_MS =
        20 * 1000 /* over the command's own deadline: grace of TERM and KILL, and a restart */
};

enum runner_outcome_kind {
    RUNNER_ENDED,   /* `result`, `output`, `values` tell */
    RUNNER_NOT_RUN, /* refused, or never reached the runner: certainly not started by this call; `reason` */
    RUNNER_UNKNOWN, /* it may have run: lost, or no answer in time; `reason` */
    RUNNER_STILL_RUNS, /* of query, cancel and a wait that took too long */
    RUNNER_NEVER_RAN   /* of query, wait and cancel: the runner does not know the key */
};

struct runner_outcome {
    enum runner_outcome_kind kind;
    enum err_code
        code; /* of NOT_RUN: ERR_FORBIDDEN, ERR_INVALID, ERR_LIMIT (busy), ERR_UNAVAILABLE, ERR_IO */
    struct runner_result result; /* of ENDED */
    const char *output; /* of ENDED, and of a look: at most RUNNER_OUTPUT_MAX bytes of clean UTF-8; else "" */
    const char *values; /* of ENDED: what it wrote to $VERDICT_OUTPUT ("name=value" lines); else "" */
    struct runner_bytes report; /* of ENDED, where it was wanted: what it wrote to $VERDICT_REPORT */
    bool has_report;            /* it is whole; false: it could not be read, or is too long */
    const char *reason;         /* one sentence for people; "" of ENDED */
};

/* `outcome` and its texts live until the function returns. */
typedef void runner_done(void *data, const struct runner_outcome *outcome);

/* `failure` is NULL where the file was replaced; ERR_TIMEOUT means that it may yet be. */
typedef void runner_written(void *data, const struct err *failure);

/* `failure` is NULL where the command might run now; ERR_FORBIDDEN: it might not, and why; ERR_UNAVAILABLE,
 * ERR_TIMEOUT: nobody answered. */
typedef void runner_checked(void *data, const struct err *failure);

/* The next keys, until the return; `failure` is NULL where the runner told them: then fewer than
 * RUNNER_LIST_MAX are the last ones. */
typedef void runner_found(void *data, const char *const *keys, size_t count, const struct err *failure);

struct runner_command {
    const char *key;
    const char *const *argv;        /* argv[0] absolute; ends with NULL */
    const char *const *environment; /* "VERDICT_NAME=value", ends with NULL; may be NULL */
    const char *const *secrets;     /* "NAME=value" of names that the runner's configuration lists, ends with
                                       NULL; may be NULL. Wiped when it has started */
    const char *directory;          /* absolute and allowed by the runner's configuration, or NULL: "/" */
    int64_t deadline_ms;            /* how long it may run: then TERM, after the grace KILL, and timed_out */
    int64_t grace_ms;               /* 0: 5 s */
    int64_t start_within_ms;        /* 0: RUNNER_START_MS */
    bool wants_report;              /* what it writes to $VERDICT_REPORT */
};

/* Connects as soon as the loop turns and whenever the connection is lost (0.1 s to 5 s apart). Fails where
 * `socket` is no path of a socket address. */
MUST_CHECK bool runner_client_new(struct loop *loop, const char *socket, struct runner_client **ret_client,
                                  struct err *err);

/* Leaves the runner and all commands alone; what still waits hears nothing any more. NULL is fine. */
void runner_client_free(struct runner_client *client);

bool runner_client_is_connected(const struct runner_client *client);

/* From now on starts `binary --socket ... --data ... [--config ...]` in a session of its own whenever the
 * socket does not answer (first at once, then with backoff up to 1 min). `config` may be NULL. */
MUST_CHECK bool runner_client_spawn(struct runner_client *client, const char *binary, const char *config,
                                    const char *data, struct err *err);

/* Asks the connected runner to stop (SIGTERM) and starts no other one; its commands go on. */
void runner_client_stop_runner(struct runner_client *client);

/* Starts the command unless its key is known, and waits for its end. False: nothing was asked, `done` will
 * not fire (ERR_INVALID, ERR_LIMIT). */
MUST_CHECK bool runner_run(struct runner_client *client, const struct runner_command *command,
                           runner_done *done, void *data, struct err *err);

/* How a key stands now. */
MUST_CHECK bool runner_query(struct runner_client *client, const char *key, runner_done *done, void *data,
                             struct err *err);

/* The same, with what it has printed so far: of STILL_RUNS its beginning, of UNKNOWN without a reason what
 * one that is lost had printed. */
MUST_CHECK bool runner_look(struct runner_client *client, const char *key, int64_t within_ms,
                            runner_done *done, void *data, struct err *err);

/* Which keys that begin with `prefix` it knows, from `after` (NULL: the first one) on, in runner_key_order().
 */
MUST_CHECK bool runner_find(struct runner_client *client, const char *prefix, const char *after,
                            int64_t within_ms, runner_found *found, void *data, struct err *err);

/* The end of a key that may run already; never starts anything. */
MUST_CHECK bool runner_wait(struct runner_client *client, const char *key, int64_t within_ms,
                            runner_done *done, void *data, struct err *err);

/* Ends a command (TERM, 5 s later KILL); who waits for it hears of its end. `done` (may be NULL) hears how
 * the key stood when the runner took the order. A runner_run of this key that has not started yet ends
 * NOT_RUN. */
MUST_CHECK bool runner_cancel(struct runner_client *client, const char *key, runner_done *done, void *data,
                              struct err *err);

/* Replaces a whole file that the runner's configuration lists, in the order of the calls. `mode` counts where
 * the file does not exist yet. */
MUST_CHECK bool runner_write_file(struct runner_client *client, const char *path, unsigned mode,
                                  const char *content, size_t length, runner_written *written, void *data,
                                  struct err *err);

/* Would a command be let through, and is its program there? Nothing is started. A runner that was away is
 * looked for at once. `secrets`: "NAME=" of each that it would get; may be NULL. */
MUST_CHECK bool runner_check(struct runner_client *client, const char *const *argv,
                             const char *const *secrets, const char *directory, int64_t within_ms,
                             runner_checked *checked, void *data, struct err *err);

/* Forgets every call of `data` without firing it; the commands go on. */
void runner_forget(struct runner_client *client, const void *data);

#endif
