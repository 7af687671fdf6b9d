/* manual.c - pages for man(1).
 * SPDX-License-Identifier: MIT */
#include "base/manual.h"

#include <ctype.h>
#include <string.h>

void manual_title(struct text *page, const char *name, unsigned section)
{
    text_add(page, ".TH ");
    for (const char *at = name; *at != '\0'; at++) {
        char letter = (char)toupper((unsigned char)*at);
        text_add_bytes(page, &letter, 1);
    }
    text_add(page, " %u %s \"verdictd %s\" \"\"\n", section, VERDICT_DATE, VERDICT_VERSION);
}

void manual_line(struct text *page, const char *line, size_t length)
{
    if (length > 0 && (line[0] == '.' || line[0] == '\''))
        text_add(page, "\\&");
    for (size_t i = 0; i < length; i++) {
        if (line[i] == '\\')
            text_add(page, "\\e");
        else if (line[i] == '-')
            text_add(page, "\\-");
        else if (line[i] == '"') /* which would hold the words of a request together */
            text_add(page, "\\(dq");
        else
            text_add_bytes(page, &line[i], 1);
    }
    text_add(page, "\n");
}

void manual_lines(struct text *page, const char *lines)
{
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");
        manual_line(page, lines, length);
        lines += length + (lines[length] == '\n');
    }
}

void manual_text(struct text *page, const char *words)
{
    bool is_fixed = strchr(words, '\n') != NULL || words[0] == ' ';

    text_add(page, "%s", is_fixed ? ".nf\n" : "");
    manual_lines(page, words);
    text_add(page, "%s", is_fixed ? ".fi\n" : "");
}

void manual_section(struct text *page, const char *title, const char *lines)
{
    text_add(page, ".SH %s\n", title);
    manual_lines(page, lines);
}

void manual_tagged(struct text *page, const char *tag, const char *words)
{
    text_add(page, ".TP\n.B ");
    manual_line(page, tag, strlen(tag));
    manual_text(page, words);
}
