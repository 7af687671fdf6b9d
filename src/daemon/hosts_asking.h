/* hosts_asking.h - the command of `hosts_from`, asked before a deployment begins.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_HOSTS_ASKING_H
#define DAEMON_HOSTS_ASKING_H

#include "daemon/live.h"

/* `sealed`: malloc'ed, with the hosts in it; NULL: `err` says why there are none. */
typedef void hosts_asked(void *data, char *sealed, const struct err *err);

/* Runs the command with the versions of `live`; `asked` hears of it once, from the loop. False: nothing was
 * asked (ERR_LIMIT). */
MUST_CHECK bool hosts_ask(struct live *live, const char *sealed, hosts_asked *asked, void *data,
                          struct err *err);

/* The same deployment over the sealed text with its hosts, which it takes over; `live` is gone then. NULL:
 * the text was freed and `live` stays. */
struct live *hosts_take(struct live *live, char *sealed, struct err *err);

/* At the end of the daemon, after the runner's client went: nobody hears any more. */
void hosts_asking_drop(struct daemon *daemon);

#endif
