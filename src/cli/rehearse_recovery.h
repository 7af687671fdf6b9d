/* rehearse_recovery.h - verdict rehearse SERVICE/ENV recovery.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_REHEARSE_RECOVERY_H
#define CLI_REHEARSE_RECOVERY_H

#include "cli/verb.h"

/* Starts it, tells how it goes, and at the end how long each step took. */
int rehearse_recovery(struct cli *cli);

#endif
