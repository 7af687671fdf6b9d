/* ledger.h - what the data folder says about a key, whoever wrote it and whether or not he still lives.
 * SPDX-License-Identifier: MIT
 *
 * <key>.pid     the intent, created exclusively before anything starts and locked (flock) by the supervisor
 * as long as it lives; holds who it is (record.h) <key>.out     cleaned output: its beginning while it runs,
 * all that is kept in the end <key>.values  what the command writes to $VERDICT_OUTPUT <key>.report
 * what it may write to $VERDICT_REPORT <key>.exit    the result; its appearance is the end of the command
 * (record.h) */
#ifndef RUNNER_LEDGER_H
#define RUNNER_LEDGER_H

#include "base/attributes.h"
#include "io/runner_protocol.h"
#include "runner/identity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LEDGER_NAME_MAX = RUNNER_KEY_MAX + 16, /* a file's name, with the NUL */
    LEDGER_KEYS_MAX = 8192                 /* kept results; past it no command starts */
};

#define LEDGER_INTENT ".pid"
#define LEDGER_OUTPUT ".out"
#define LEDGER_VALUES ".values"
#define LEDGER_REPORT ".report"
#define LEDGER_RESULT ".exit"

/* `to` holds LEDGER_NAME_MAX. Returns `to`. */
const char *ledger_name(const char *key, const char *suffix, char *to);

/* A file of the key: openat in `folder` with close-on-exec, never through a link, mode 0600. */
int ledger_open(int folder, const char *key, const char *suffix, int flags);

/* At most size - 1 bytes and a NUL; -1: no such file or unreadable. */
long ledger_read(int folder, const char *key, const char *suffix, char *to, size_t size);

/* `ret_result` is set where the answer is RUNNER_STATE_ENDED. */
enum runner_state ledger_state(int folder, const char *key, struct runner_result *ret_result);

/* Who supervises a running key; false as long as that was not yet written. */
MUST_CHECK bool ledger_supervisor(int folder, const char *key, struct identity *ret_identity);

/* Calls `found` for each key with an intent and without a result. */
void ledger_each_open(int folder, void (*found)(void *data, const char *key), void *data);

/* The first `max` keys that begin with `prefix` and come after `after` (NULL: all do), in their order.
 * Returns how many. */
size_t ledger_find(int folder, const char *prefix, const char *after, char (*to)[RUNNER_KEY_MAX + 1],
                   size_t max);

/* Removes what is older than 7 days, or sooner (but never before 25 hours, longer than any command) where
 * there are more than LEDGER_KEYS_MAX keys; of passing keys (runner_protocol.h) after two hours. Returns the
 * number of keys left. */
size_t ledger_sweep(int folder, int64_t now_s);

#endif
