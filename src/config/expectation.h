/* expectation.h - what a smoke test expects of an answer: text → extracts and an expression over them.
 * SPDX-License-Identifier: MIT
 *
 * status (number), time (the answer's, in milliseconds), json('.path') compared with a number or with a text,
 * header('name') == 'text', body =~ 'pattern'; of a connection banner =~ 'pattern', of a handshake days_left
 * (number) and time; of a command exit (number), time, output =~ 'pattern' and json() of what it printed. A
 * bare version, previous, slot, host or address is the text of that name; templates in quotes work too. */
#ifndef CONFIG_EXPECTATION_H
#define CONFIG_EXPECTATION_H

#include "config/parser.h"

/* Sets expectation, extract_count and extracts of *ret_check, whose kind says which words there are; texts go
 * to the arena. */
MUST_CHECK bool expectation_parse(const char *text, struct arena *arena, struct smoke_check *ret_check,
                                  struct err *err);

#endif
