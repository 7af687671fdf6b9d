/* notice_line.h - the sentence of a notice in the words of whoever wants it: a text with {{blanks}}, filled
 * from the facts. Pure.
 * SPDX-License-Identifier: MIT */
#ifndef DRIVERS_NOTICE_LINE_H
#define DRIVERS_NOTICE_LINE_H

#include "drivers/notice_facts.h"
#include "drivers/notice_text.h"

enum { NOTICE_LINE_SIZE = 3072 };

/* The option `text` of receivers that write sentences. */
#define NOTIFY_OPTION_OF_TEXT                                                                                \
    {                                                                                                        \
        .name = "text", .type = OPTION_TEXT, .blanks = notice_blanks,                                        \
        .help = "the sentence of its messages, with blanks such as {{service}}, {{version}}, {{metric}}, "   \
                "{{value}}, {{bound}}, {{action}}, {{actor}}, {{link}}"                                      \
    }

/* Names of the blanks; ends with NULL. */
extern const char *const notice_blanks[];

/* The sentence into `to`: `text` with its blanks filled, or (NULL) the summary. What others wrote is escaped
 * for where it stands, the words of `text` are not: they may mark and link. A fact that is not there leaves
 * its blank empty. Returns `to`. */
const char *notice_line(const struct notice_facts *facts, const char *text, enum notice_escape escape,
                        char *to, size_t size);

#endif
