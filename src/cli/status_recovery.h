/* status_recovery.h - the part "recovery" of a status, for people.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_STATUS_RECOVERY_H
#define CLI_STATUS_RECOVERY_H

struct cJSON;

/* Prints nothing where no plan is declared; NULL is fine. */
void status_recovery_print(const struct cJSON *recovery);

#endif
