/* html.h - text into a page, so that nothing in it is ever markup.
 * SPDX-License-Identifier: MIT */
#ifndef API_HTML_H
#define API_HTML_H

#include <stdio.h>

/* Begins a page that needs nothing but itself: no script, no other host; light and dark, and on paper. */
void html_begin(FILE *to, const char *title);
void html_end(FILE *to);

/* Escaped: for elements and quoted attributes. What is no UTF-8, and what controls a terminal or the writing
 * direction, is U+FFFD; line ends stay. */
void html_text(FILE *to, const char *text);

/* One element with a text: "<NAME>...</NAME>". `name` is ours, as `class_name` (NULL: none). */
void html_element(FILE *to, const char *name, const char *class_name, const char *text);

#endif
