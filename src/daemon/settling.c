/* settling.c - looks every few milliseconds.
 * SPDX-License-Identifier: MIT */
#include "daemon/settling.h"

#include "io/memory.h"
#include "io/vault.h"

#include <stdlib.h>

enum { LOOK_MS = 20 };

struct settling {
    struct daemon *daemon;
    struct loop_timer *timer;
    int64_t until_ms;
    void (*then)(void *data);
    void *data;
};

static void look(void *data)
{
    struct settling *settling = data;
    void (*then)(void *data) = settling->then;
    void *whose = settling->data;

    if (settling->daemon->vault != NULL && !vault_is_settled(settling->daemon->vault) &&
        loop_now_ms() < settling->until_ms)
        return;
    settling_stop(settling);
    then(whose);
}

struct settling *settling_start(struct daemon *daemon, void (*then)(void *data), void *data)
{
    struct settling *settling = memory_take(sizeof(*settling));

    settling->daemon = daemon;
    settling->then = then;
    settling->data = data;
    settling->until_ms = loop_now_ms() + SETTLING_MS;
    settling->timer = loop_timer_start(daemon->loop, LOOK_MS, LOOK_MS, look, settling);
    return settling;
}

void settling_stop(struct settling *settling)
{
    if (settling == NULL)
        return;
    loop_timer_stop(settling->timer);
    free(settling);
}
