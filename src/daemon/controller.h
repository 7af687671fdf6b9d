/* controller.h - an upstream controller hears of the fleet, and may answer with commands.
 * SPDX-License-Identifier: MIT
 *
 * A report is put when something changed, and at the latest after `every`; signed as webhooks are. One is
 * under way at a time; one that fails is not kept: the next try takes a new one, so that what arrives is
 * always the newest. Commands come in by our own door, as requests of the token that is declared for the
 * controller, so that they can do nothing which that could not; each is done once, by its id, also over
 * restarts. */
#ifndef DAEMON_CONTROLLER_H
#define DAEMON_CONTROLLER_H

#include "daemon/daemon.h"
#include "drivers/controller_answer.h"

#include <stdio.h>

struct cJSON;
struct orders_desk;

enum {
    CONTROLLER_CHANGE_MS = 500, /* what changes within so long is told together */
    CONTROLLER_PAUSE_MS = 1000, /* at least so long between two reports */
    CONTROLLER_COST_TIMES = 10, /* and so many times as long as one took to make */
    CONTROLLER_KNOWN_MAX = 256, /* ids of commands that are remembered */
    CONTROLLER_TOLD_MAX = 32,   /* of them so many are in a report, with what came of them */
    CONTROLLER_ORDER_MS = 30000 /* for one command */
};

/* NULL where the settings declare none. */
struct controller *controller_new(struct daemon *daemon);
void controller_free(struct controller *controller); /* NULL is fine, also in what follows */

/* Something is durable that the report tells of. */
void controller_changed(struct controller *controller);

void controller_add_metrics(const struct controller *controller, FILE *to);

/* orders_desk.c: commands, one after the other. */
struct orders_desk *orders_desk_new(struct daemon *daemon);
void orders_desk_free(struct orders_desk *desk);
/* Takes them over. Those that are known are not done again; while others are under way all are dropped: who
 * wants them says so again. */
void orders_desk_take(struct orders_desk *desk, struct controller_orders *orders);
/* What came of the newest ones: {"id","result","status","detail"}. */
struct cJSON *orders_desk_shape(const struct orders_desk *desk);
void orders_desk_add_metrics(const struct orders_desk *desk, FILE *to);

#endif
