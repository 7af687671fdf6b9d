/* drifting.h - looks for drift of stacks that ask for it (`drift_every`), and what was found of any.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_DRIFTING_H
#define DAEMON_DRIFTING_H

#include "daemon/notices.h"

#include <stdio.h>

enum { DRIFTING_AT_ONCE = 2 /* looks that were begun here, over all stacks */ };

struct drifting;

/* What the journal knows; before the first turn, and behind the runs that go on. */
MUST_CHECK bool drifting_open(struct daemon *daemon, struct err *err);
void drifting_free(struct drifting *drifting);
/* Rules were read anew. */
void drifting_declare(struct daemon *daemon);

/* What tasks of the batch found, into the same transaction: told where it is new. */
void drifting_collect(struct notices *notices, struct daemon *daemon, const struct batch *batch);
/* The same of one row that is durable. */
void drifting_settle(struct daemon *daemon, const struct batch_row *row, int64_t now_ms);

/* The row of a run that is durable: a look of our own makes room for it. */
void drifting_look_around(struct daemon *daemon, const struct batch_row *row);

void drifting_add_metrics(const struct drifting *drifting, FILE *to);

#endif
