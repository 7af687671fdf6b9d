/* events_door.h - signed messages from verdict/INSTANCE/in/deployments of a broker, answered on .../ack.
 * SPDX-License-Identifier: MIT
 *
 * A message is the request POST /v1/hooks/NAME, of the hook with whose secret it is signed, and its answer is
 * the answer of that: nothing is decided here. What nobody signed is counted and gets none. */
#ifndef DAEMON_EVENTS_DOOR_H
#define DAEMON_EVENTS_DOOR_H

#include "daemon/daemon.h"

#include <stdio.h>

enum {
    EVENTS_DOOR_WAITING_MAX = 64,       /* messages without an answer that the broker has */
    EVENTS_DOOR_PAYLOAD_MAX = 64 * 1024 /* an envelope with its body */
};

struct events_door;

/* After the api. NULL: the settings have none; or its broker has no settings to connect by, which is logged.
 */
struct events_door *events_door_new(struct daemon *daemon);

/* The daemon stops: the broker keeps what comes from now on, and who was heard still gets an answer. NULL is
 * fine, as for the next two. */
void events_door_stop(struct events_door *door);

/* No message waits for the api. */
bool events_door_is_quiet(const struct events_door *door);

/* Before the api's end. Answers that are still to come are not heard: who sent it sends it again. */
void events_door_free(struct events_door *door);

/* Of the broker that is away, or does not let us listen; or NULL. */
const char *events_door_trouble(const struct events_door *door);

void events_door_add_metrics(const struct events_door *door, FILE *to);

#endif
