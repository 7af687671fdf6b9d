/* notifier_bench.h - a notifier on a loop, notices for it, and what the peer that plays its service kept.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_NOTIFIER_BENCH_H
#define SUPPORT_NOTIFIER_BENCH_H

#include "drivers/notifier.h"
#include "io/http_client.h"
#include "io/loop.h"
#include "support/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

enum {
    NOTIFIER_BENCH_PATIENCE_MS = 20000,
    NOTIFIER_BENCH_KEPT_MAX = 64 * 1024,
    NOTIFIER_BENCH_URL_MAX = 128
};

/* What `done` said. */
struct notifier_told {
    bool is_there;
    int count;
    enum notice_fate fate;
    int64_t retry_after_ms;
    char why[512];
};

struct notifier_bench {
    struct folder folder;
    struct loop *loop;
    struct http_client *http;
    const struct notifier_type *type;
    struct notifier *notifier;
};

/* Of cmocka, for the group: the peer (tests/support/notice_peer.py) is one for all of its tests. */
int notifier_bench_start_peer(void **state);
int notifier_bench_stop_peer(void **state);

/* Of cmocka, for each test. The bench's folder has a file "key" with KEY in it. */
int notifier_bench_set_up(void **state);
int notifier_bench_tear_down(void **state);

#define NOTIFIER_BENCH_KEY "0123456789abcdef0123456789abcdef"

/* "file:PATH" of a file of the folder; in a buffer of its own until the next four calls. */
const char *notifier_bench_reference(struct notifier_bench *bench, const char *file);
/* "http://127.0.0.1:PORT" of the peer, and `path` behind it; the same. */
const char *notifier_bench_url(const char *path);

/* Opens a receiver of that type with options as text: name, text, name, text ..., NULL; of
 * a list or map with commas between. One that is open is
 * closed before. */
bool notifier_bench_try_open(struct notifier_bench *bench, const struct notifier_type *type,
                             const char *const *options, struct err *err);
void notifier_bench_open(struct notifier_bench *bench, const struct notifier_type *type,
                         const char *const *options);

/* A notice's body, about dep_7 of shop/prod; `more` (members with a comma behind each) comes first in its
 * data. In one buffer, until the next call. */
const char *notifier_bench_body(const char *event, const char *more);

struct notifier_told notifier_bench_send(struct notifier_bench *bench, const char *body);
/* Sends it, and it ends so; `part` is in why. */
void notifier_bench_expect(struct notifier_bench *bench, const char *body, enum notice_fate fate,
                           int64_t retry_after_ms, const char *part);

/* What the peer kept since the test began, or the last call of this; each request is a line. In one buffer.
 */
const char *notifier_bench_kept(void);
/* Each of the parts (the last one is NULL) is in `kept`. */
void notifier_bench_has(const char *kept, const char *const *parts);

#endif
