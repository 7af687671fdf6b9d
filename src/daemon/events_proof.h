/* events_proof.h - by whom a message is signed.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_EVENTS_PROOF_H
#define DAEMON_EVENTS_PROOF_H

#include "api/signed_message.h"
#include "config/settings.h"

struct secret_keeper;

/* A message does not say whose it is: the hook of `events` whose secret fits, or NULL. `err`: a secret that
 * cannot be read, or is none; else untouched. */
const struct settings_hook *events_proof(const struct settings *settings, const struct secret_keeper *keeper,
                                         const struct signed_message *parts, struct err *err);

#endif
