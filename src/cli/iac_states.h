/* iac_states.h - verdict iac, of what the daemon keeps: states of stacks, their versions and locks.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_IAC_STATES_H
#define CLI_IAC_STATES_H

#include "cli/verb.h"

/* ls: all stacks; ls STACK ENV: the versions of one. */
int iac_states_list(struct cli *cli);
/* state STACK ENV: one version as it came. */
int iac_states_get(struct cli *cli);
/* unlock STACK ENV: breaks the lock of whoever holds it now. */
int iac_states_unlock(struct cli *cli);
/* restore STACK ENV: an older version as the newest one. */
int iac_states_restore(struct cli *cli);

#endif
