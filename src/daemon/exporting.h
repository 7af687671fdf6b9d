/* exporting.h - traces of what has ended, for receivers that take them: noted in the outbox with the end
 * itself, read from the journal when they are sent.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_EXPORTING_H
#define DAEMON_EXPORTING_H

#include "daemon/notices.h"

struct export_reading;

/* A row for each end of the batch and each receiver that takes traces; its body is "dep_12" or "run_3". */
void exporting_collect(struct notices *notices, struct daemon *daemon, const struct batch *batch);

/* Makes the export of such a body on a worker. `done` comes from the loop, once: `json`, which becomes its
 * own, or NULL where nobody records it; or an error. */
struct export_reading *exporting_read(struct daemon *daemon, const char *body,
                                      void (*done)(void *data, char *json, const struct err *err),
                                      void *data);
/* `done` is not called; NULL is fine. */
void exporting_forget(struct export_reading *reading);

/* A trace of one span, to be sent by a person who wants to see whether it arrives; free(). */
char *exporting_test(const struct daemon *daemon, const char *person);

#endif
