/* notice_text.h - texts of others on their way into a message: one line, escaped for where it stands, cut
 * between characters.
 * SPDX-License-Identifier: MIT */
#ifndef DRIVERS_NOTICE_TEXT_H
#define DRIVERS_NOTICE_TEXT_H

#include "base/text.h"

enum notice_escape {
    NOTICE_PLAIN,
    NOTICE_ENTITIES, /* & < > as entities: Slack, HTML */
    NOTICE_MARKDOWN  /* a backslash before what marks, links or mentions */
};

/* Adds `from` to what is in `to`: controls become spaces, broken UTF-8 the replacement character. What does
 * not fit as a whole (an escaped character is one) is left out, and "..." says so; is_cut is set. */
void notice_text_add(struct text *to, const char *from, enum notice_escape escape);

/* The same into a buffer of its own; at most `size` - 1 bytes. Returns `to`. */
const char *notice_text(const char *from, enum notice_escape escape, char *to, size_t size);

#endif
