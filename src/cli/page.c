/* page.c - drawn lines, and which of them a small window shows.
 * SPDX-License-Identifier: MIT */
#include "cli/page.h"

void page_init(struct page *page, char *memory, size_t size)
{
    text_init(&page->text, memory, size);
    page->count = 0;
}

void page_end_line(struct page *page, enum page_rank rank)
{
    text_add(&page->text, "\n");
    if (page->count < PAGE_LINES_MAX)
        page->count++;
    page->lines[page->count - 1].end = page->text.length;
    page->lines[page->count - 1].rank = rank;
}

/* How many lines of each rank stay. */
static void share_out(const struct page *page, unsigned rows, unsigned kept[PAGE_RANKS])
{
    for (int rank = 0; rank < PAGE_RANKS; rank++)
        kept[rank] = 0;
    for (unsigned i = 0; i < page->count; i++)
        kept[page->lines[i].rank]++;
    for (int rank = 0; rank < PAGE_RANKS; rank++) {
        kept[rank] = kept[rank] < rows ? kept[rank] : rows;
        rows -= kept[rank];
    }
}

unsigned page_fit(const struct page *page, unsigned rows, struct text *to)
{
    bool is_cut = rows > 0 && page->count > rows;
    unsigned kept[PAGE_RANKS];
    unsigned shown = 0;
    size_t begin = 0;

    share_out(page, is_cut ? rows - 1 : page->count, kept);
    for (unsigned i = 0; i < page->count; i++) {
        unsigned *left = &kept[page->lines[i].rank];
        if (*left > 0) {
            text_add_bytes(to, page->text.data + begin, page->lines[i].end - begin);
            (*left)--;
            shown++;
        }
        begin = page->lines[i].end;
    }
    if (!is_cut)
        return shown;
    text_add(to, "... %u more lines need a larger window\n", page->count - shown);
    return shown + 1;
}
