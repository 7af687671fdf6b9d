/* answer_status.h - what an HTTP status says about an answer, where only 200 is one.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_ANSWER_STATUS_H
#define COLLECTORS_ANSWER_STATUS_H

#include "base/err.h"
#include "io/http_client.h"

/* False: no answer at all, a redirect (they are not followed), or another status than 200. */
MUST_CHECK bool answer_status_check(const struct http_answer *answer, struct err *err);

#endif
