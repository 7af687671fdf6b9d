/* page.h - drawn lines, and which of them are left out where a window has fewer rows.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

#include "base/text.h"

enum { PAGE_LINES_MAX = 1024 };

/* Left out from the last one on, each from below. */
enum page_rank { PAGE_HEAD, PAGE_NOW, PAGE_NUMBERS, PAGE_OTHER, PAGE_SPACE, PAGE_RANKS };

struct page {
    struct text text;
    unsigned count; /* of lines */
    struct {
        size_t end; /* behind its line feed */
        enum page_rank rank;
    } lines[PAGE_LINES_MAX];
};

/* `memory` is the caller's, and holds the text. */
void page_init(struct page *page, char *memory, size_t size);

/* Ends the line that text was added to. What is behind PAGE_LINES_MAX, or cut, counts as a part of the last.
 */
void page_end_line(struct page *page, enum page_rank rank);

/* What fits into `rows` lines (0: all), into `to`; the last line says how many are left out. Returns its
 * number of lines. */
unsigned page_fit(const struct page *page, unsigned rows, struct text *to);

#endif
