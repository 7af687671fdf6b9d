/* delivery.h - a notice on its way to a receiver that is asked through libcurl.
 * SPDX-License-Identifier: MIT
 *
 * It stands in its notifier's list until it ends, which it does once, or until the notifier is closed. */
#ifndef DRIVERS_DELIVERY_H
#define DRIVERS_DELIVERY_H

#include "drivers/notice_facts.h"
#include "drivers/notifier.h"

struct http_call;

struct delivery {
    struct delivery *next, **list;
    struct loop *loop;
    struct notifier *notifier;
    struct notice_facts facts; /* empty where the notice goes as it is */
    size_t number;             /* of the request, where there are several */
    struct http_call *call;    /* NULL: none is asked, the end is due */
    enum notice_fate fate;     /* of that end */
    struct err err;            /* and why */
    notifier_done *done;
    void *data;
};

struct delivery *delivery_begin(struct notifier *notifier, const struct notifier_env *env,
                                struct delivery **list, notifier_done *done, void *data);

/* What `done` does may close the notifier: nothing of both may be used after it. */
void delivery_end(struct delivery *delivery, enum notice_fate fate, int64_t retry_after_ms, const char *why);

/* At the end of this turn, with its own fate and error: for what ends before anybody was asked. */
void delivery_end_soon(struct delivery *delivery);

/* Ends all of a list; nobody is told. */
void delivery_drop_all(struct delivery **list);

#endif
