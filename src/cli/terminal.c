/* terminal.c - what the output can show.
 * SPDX-License-Identifier: MIT */
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_DEFAULT = 80 };

static bool is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0')
            return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
    }
    return false;
}

void terminal_init(struct terminal *terminal, bool is_plain, bool is_colorless)
{
    const char *no_color = getenv("NO_COLOR");
    const char *kind = getenv("TERM");
    bool is_dumb = kind == NULL || strcmp(kind, "dumb") == 0;

    terminal->is_terminal = isatty(STDOUT_FILENO) == 1 && !is_plain && !is_dumb;
    terminal->has_color = terminal->is_terminal && !is_colorless && (no_color == NULL || no_color[0] == '\0');
    terminal->has_utf8 = is_utf8();
    (void)terminal_measure(terminal);
}

bool terminal_measure(struct terminal *terminal)
{
    struct winsize size = {0};
    int width = terminal->width;
    int height = terminal->height;

    if (terminal->is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        size = (struct winsize){0};
    terminal->width = size.ws_col > 0 ? size.ws_col : WIDTH_DEFAULT;
    terminal->height = size.ws_row;
    return terminal->width != width || terminal->height != height;
}

const char *terminal_color(const struct terminal *terminal, enum terminal_color color)
{
    static const char *const sequences[] = {
        [COLOR_NONE] = "\033[0m",  [COLOR_GOOD] = "\033[32m", [COLOR_BAD] = "\033[31m",
        [COLOR_WARN] = "\033[33m", [COLOR_DIM] = "\033[2m",   [COLOR_BOLD] = "\033[1m",
    };

    return terminal->has_color ? sequences[color] : "";
}
