/* notifier.h - receivers of notices: one file per kind, one static table of types. The outbox keeps a notice
 * until its receiver has it; a notifier only tries once. SPDX-License-Identifier: MIT */
#ifndef DRIVERS_NOTIFIER_H
#define DRIVERS_NOTIFIER_H

#include "base/err.h"
#include "base/option.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct log;
struct http_client;
struct secret_keeper;
struct notify_http_kind;
struct notifier; /* each type's own: an instance ("webhook:ops") */

struct notifier_env {
    struct loop *loop;
    const struct log *log;
    struct http_client *http;
    const struct secret_keeper *secrets; /* of vault: references; NULL: there is none */
};

/* One notice on its way. `id` is the same on every try; `body` is a CloudEvents envelope (structured JSON).
 */
struct notice {
    const char *id;
    const char *body;
};

enum notice_fate {
    NOTICE_DELIVERED,
    NOTICE_RETRY,  /* later; `retry_after_ms` where the receiver said so, else 0 */
    NOTICE_REFUSED /* never: the receiver is gone for good (410) or the notice cannot be taken */
};

typedef void notifier_done(void *data, enum notice_fate fate, int64_t retry_after_ms, const char *why);

struct notifier_type {
    const char *name;
    const struct option *options;
    size_t option_count;
    bool takes_traces; /* of all deployments and runs that ended, and no notices: `body` is an export of OTLP
                        */
    bool keeps_incidents; /* what was opened there stays open until it is told the end: also among `urgent` */
    const struct notify_http_kind *http; /* of those over notify_http */
    /* It forgets what is open unless that is told again, so often; NULL: it does not. */
    int64_t (*repeat_ms)(const struct notifier *notifier);
    MUST_CHECK bool (*open)(const struct notifier_type *type, const struct notifier_env *env,
                            const char *name, const struct option_value *options,
                            struct notifier **ret_notifier, struct err *err);
    void (*close)(struct notifier *notifier);
    /* `done` fires exactly once, from the loop, never inside the call; close() ends what is under way without
     * it. `why` says what came of it, for the log. */
    void (*send)(struct notifier *notifier, const struct notice *notice, notifier_done *done, void *data);
};

/* All types, in notifier_types.c; ends with NULL. */
extern const struct notifier_type *const notifier_types[];

/* The type of a receiver ("slack:deploys"), or NULL. */
const struct notifier_type *notifier_type_find(const char *receiver);

#endif
