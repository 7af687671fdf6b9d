/* delivery.c - into the list, out of it, and what is told then.
 * SPDX-License-Identifier: MIT */
#include "drivers/delivery.h"

#include "io/http_client.h"
#include "io/loop.h"
#include "io/memory.h"

#include <stdlib.h>

struct delivery *delivery_begin(struct notifier *notifier, const struct notifier_env *env,
                                struct delivery **list, notifier_done *done, void *data)
{
    struct delivery *delivery = memory_take(sizeof(*delivery));

    delivery->next = *list;
    delivery->list = list;
    delivery->loop = env->loop;
    delivery->notifier = notifier;
    delivery->done = done;
    delivery->data = data;
    *list = delivery;
    return delivery;
}

void delivery_end(struct delivery *delivery, enum notice_fate fate, int64_t retry_after_ms, const char *why)
{
    notifier_done *done = delivery->done;
    void *data = delivery->data;
    struct delivery **at = delivery->list;

    while (*at != delivery)
        at = &(*at)->next;
    *at = delivery->next;
    notice_facts_done(&delivery->facts);
    free(delivery);
    done(data, fate, retry_after_ms, why);
}

static void end_now(void *data)
{
    struct delivery *delivery = data;
    struct err err = delivery->err;

    delivery_end(delivery, delivery->fate, 0, err.text);
}

void delivery_end_soon(struct delivery *delivery)
{
    loop_defer(delivery->loop, end_now, delivery);
}

void delivery_drop_all(struct delivery **list)
{
    while (*list != NULL) {
        struct delivery *delivery = *list;
        *list = delivery->next;
        http_request_cancel(delivery->call);
        loop_defer_cancel(delivery->loop, end_now, delivery);
        notice_facts_done(&delivery->facts);
        free(delivery);
    }
}
