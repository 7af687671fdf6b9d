/* gate_answer.h - what the answer of a web gate means. Pure.
 * SPDX-License-Identifier: MIT
 *
 * Only a 2xx with the JSON object {"open": true} opens; "refused": true beside an `open` that is false is a
 * no for good. `reason`, a text, is shown to people. Whatever else comes is no answer. */
#ifndef DRIVERS_GATE_ANSWER_H
#define DRIVERS_GATE_ANSWER_H

#include "drivers/gate.h"

/* `to`: the reason in one line without control characters, cut where it is too long; or what is wrong. */
enum gate_word gate_answer_read(int status, const char *body, size_t length, char to[GATE_WHY_MAX + 1]);

#endif
