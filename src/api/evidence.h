/* evidence.h - what the journal kept about a deployment: verdicts, actions, audit rows; runs in workers.
 * SPDX-License-Identifier: MIT */
#ifndef API_EVIDENCE_H
#define API_EVIDENCE_H

#include "api/reading.h"

/* Fills verdicts, actions and audit of the reading of one deployment (rows[0], its definition). */
MUST_CHECK bool evidence_read(struct reading *reading, struct err *err);

/* Fills actions, and audit with the rows of results that say why. */
MUST_CHECK bool evidence_read_results(struct reading *reading, struct err *err);

/* Fills the approvers. */
MUST_CHECK bool evidence_read_approvers(struct reading *reading, struct err *err);

#endif
