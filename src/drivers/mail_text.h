/* mail_text.h - a notice as a letter: headers, and its lines as quoted-printable text. Pure.
 * SPDX-License-Identifier: MIT */
#ifndef DRIVERS_MAIL_TEXT_H
#define DRIVERS_MAIL_TEXT_H

#include "base/text.h"
#include "drivers/notice_facts.h"

enum { MAIL_ADDRESS_MAX = 254, MAIL_TEXT_SIZE = 32 * 1024 };

/* One @ with letters, digits and a few marks around it; nothing that means something in a header. */
bool mail_is_address(const char *text);

/* The whole letter; `line` is its subject and its first line. Its id is the notice's, so that the same one
 * twice is recognised; all letters about a deployment are one thread. False: it does not fit. */
MUST_CHECK bool mail_write(const struct notice_facts *facts, const char *line, const char *from,
                           const char *const *to, size_t to_count, struct text *letter);

/* Adds a line of text (UTF-8, without a line break) and its end as quoted-printable. */
void mail_add_line(struct text *letter, const char *line);

#endif
