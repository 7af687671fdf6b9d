/* window.c - when a deployment may have its turn.
 * SPDX-License-Identifier: MIT */
#include "daemon/window.h"
#include "daemon/live_log.h"

#include "drivers/gate_window.h"
#include "io/clock.h"

enum { ASK_AGAIN_MS = 60 * 1000 }; /* the wall clock may be set meanwhile */

void window_open(struct live *live)
{
    const struct window *window = live->definition->window;
    struct err err = {0};

    if (window == NULL)
        return;
    live->zone = zone_open(ZONE_FOLDER, window->zone, &err);
    if (live->zone != NULL)
        return;
    live_say(live, LIVE_ACTION, "its window stays closed: %s", err.text);
    live_log(live, LOG_LEVEL_ERROR, "the window of %s/%s stays closed: %s", live->definition->service,
             live->definition->environment, err.text);
}

void window_close(struct live *live)
{
    zone_close(live->zone);
    live->zone = NULL;
}

int64_t window_opens_wall_ms(const struct live *live)
{
    const struct definition *definition = live->definition;

    if (definition->window == NULL)
        return 0;
    if (live->zone == NULL)
        return WINDOW_NEVER_MS;
    int64_t now_s = clock_wall_ms() / 1000;
    int64_t opens_s =
        gate_window_opens_s(definition->window, live->zone, now_s, plan_least_ms(definition->plan));
    if (opens_s == GATE_WINDOW_NEVER)
        return WINDOW_NEVER_MS;
    return opens_s <= now_s ? 0 : opens_s * 1000;
}

int64_t window_opens_ms(void *daemon, const void *live)
{
    int64_t now_ms = daemon_now_ms(daemon);
    int64_t opens_ms = window_opens_wall_ms(live);

    if (opens_ms == 0)
        return now_ms;
    int64_t wait_ms = opens_ms - clock_wall_ms();
    if (wait_ms < 1)
        wait_ms = 1;
    return now_ms + (wait_ms < ASK_AGAIN_MS ? wait_ms : ASK_AGAIN_MS);
}
