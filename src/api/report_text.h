/* report_text.h - the evidence of a deployment as text for people.
 * SPDX-License-Identifier: MIT */
#ifndef API_REPORT_TEXT_H
#define API_REPORT_TEXT_H

#include "api/reading.h"

/* malloc'ed. */
char *report_text(const struct record *record, const struct reading *reading);

#endif
