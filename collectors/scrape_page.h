/* scrape_page.h - the text of one answer, read slice by slice, so that no turn of the loop is a page long.
 * SPDX-License-Identifier: MIT
 *
 * It is good when it was read to its end: until then nothing of it may be taken for true. */
#ifndef COLLECTORS_SCRAPE_PAGE_H
#define COLLECTORS_SCRAPE_PAGE_H

#include "collectors/selector_index.h"
#include "io/http_client.h"

/* A slice ends with the line that reaches one of them. */
enum {
    SCRAPE_SLICE_BYTES = 32 * 1024,  /* of text */
    SCRAPE_SLICE_COMPARISONS = 4096, /* of values with what somebody chooses */
};

/* One of the things that a reader chooses: the owner of an entry. */
struct scrape_part {
    struct selector_entry entry;
    struct selector *selector;
    struct selection selection; /* of the round under way */
    struct err *why;            /* the reader's: what was selected is none */
};

struct scrape_page;

/* A copy of the answer's text. False: it is no page. */
MUST_CHECK bool scrape_page_new(const struct http_answer *answer, struct scrape_page **ret_page,
                                struct err *err);
void scrape_page_free(struct scrape_page *page); /* NULL is fine */

/* Offers a slice of its values. VALUE: there is more; WRONG: "line 17: ...". The index may be another one
 * each time. */
enum labelled_step scrape_page_read(struct scrape_page *page, const struct selector_index *index,
                                    const char *reporter, struct err *err);

#endif
