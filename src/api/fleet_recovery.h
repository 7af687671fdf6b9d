/* fleet_recovery.h - the part "recovery" of the report of the fleet.
 * SPDX-License-Identifier: MIT */
#ifndef API_FLEET_RECOVERY_H
#define API_FLEET_RECOVERY_H

#include "api/fleet_parts.h"

/* On the loop. */
void fleet_recovery_add(const struct fleet_report *report);

#endif
