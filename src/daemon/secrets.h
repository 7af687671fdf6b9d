/* secrets.h - what must never be shown. SPDX-License-Identifier: MIT */
#ifndef DAEMON_SECRETS_H
#define DAEMON_SECRETS_H

#include "daemon/daemon.h"

/* Reads every secret that the settings name, so that it is struck out of what is shown; again whenever one
 * may have changed, and older ones stay known. */
void daemon_learn_secrets(struct daemon *daemon);
void daemon_forget_secrets(struct daemon *daemon);

#endif
