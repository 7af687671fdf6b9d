/* manual.h - pages for man(1), in the language of man(7). What is written is taken literally: no line is a
 * request of that language. SPDX-License-Identifier: MIT */
#ifndef BASE_MANUAL_H
#define BASE_MANUAL_H

#include "base/text.h"

#include <stddef.h>

/* "VERDICT(1)", with the date and the version of this build. */
void manual_title(struct text *page, const char *name, unsigned section);

/* One line, for after a request such as ".B ", and many. */
void manual_line(struct text *page, const char *line, size_t length);
void manual_lines(struct text *page, const char *lines);

/* A paragraph; lines that stand by themselves, or one that is indented, stay as they are. */
void manual_text(struct text *page, const char *words);

void manual_section(struct text *page, const char *title, const char *lines);

/* `tag` in bold, and what it is below. */
void manual_tagged(struct text *page, const char *tag, const char *words);

#endif
