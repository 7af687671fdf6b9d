/* terminal.h - what the output can show: colours, UTF-8, redrawing.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>

enum terminal_color { COLOR_NONE, COLOR_GOOD, COLOR_BAD, COLOR_WARN, COLOR_DIM, COLOR_BOLD };

struct terminal {
    bool is_terminal; /* stdout is one: things may be redrawn */
    bool has_color;
    bool has_utf8;
    int width;  /* columns; 80 where it is not known */
    int height; /* rows; 0: not known */
};

/* From stdout, NO_COLOR, TERM and the locale's variables; `is_plain` takes colours and redrawing away,
 * `is_colorless` colours alone. */
void terminal_init(struct terminal *terminal, bool is_plain, bool is_colorless);

/* The size as it is now. True: it is another one. */
bool terminal_measure(struct terminal *terminal);

/* Escape sequence that begins the colour ("" without colours); COLOR_NONE ends all. */
const char *terminal_color(const struct terminal *terminal, enum terminal_color color);

#endif
