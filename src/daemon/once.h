/* once.h - commands that run once for a service, an environment and a version, whoever deploys it again.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_ONCE_H
#define DAEMON_ONCE_H

#include "daemon/acting.h"
#include "store/journal_once.h"

/* Is the action about such a command: itself, its undo, its probe? Sets command and part. */
bool once_is_about(const struct live *live, const struct action *action, struct journal_once *ret_once);

/* Asks the journal what became of the action's command before, and then runs it, or ends the action: done is
 * done, and one that nobody knows the end of is not started again. False: there is nothing to ask. */
bool once_asks(struct live *live, struct acting *acting);

/* Of an action that is forgotten while the journal is read. */
void once_drop(struct acting *acting);

#endif
