/* record.h - the two small records of a command, as text in its files: who supervises it, how it ended. Pure.
 * SPDX-License-Identifier: MIT
 *
 *     <key>.pid    pid=123 start=456
 *     <key>.exit   exit_status=0 signal=0 timed_out=0 cancelled=0 error=0 */
#ifndef RUNNER_RECORD_H
#define RUNNER_RECORD_H

#include "base/attributes.h"
#include "io/runner_protocol.h"
#include "runner/identity.h"

#include <stdbool.h>
#include <stddef.h>

enum { RECORD_MAX = 256 }; /* bytes of a record, with the NUL */

/* Exactly one line in exactly this form, values in range; else false. */
MUST_CHECK bool record_parse_identity(const char *text, struct identity *ret_identity);
MUST_CHECK bool record_parse_result(const char *text, struct runner_result *ret_result);

/* `to` holds RECORD_MAX. Return the length. */
size_t record_format_identity(const struct identity *process, char *to);
size_t record_format_result(const struct runner_result *result, char *to);

#endif
