/* scrape_page.c - a text, and how far it is read.
 * SPDX-License-Identifier: MIT */
#include "collectors/scrape_page.h"

#include "collectors/answer_status.h"
#include "collectors/exposition.h"
#include "io/clock.h"
#include "io/memory.h"

#include <stdlib.h>
#include <strings.h>

enum { TYPE_MAX = 160 };

struct scrape_page {
    char *text;
    int64_t now_ms; /* since 1970: when it came */
    struct exposition reading;
};

static bool is_open_metrics(const struct http_answer *answer)
{
    static const char type[] = "application/openmetrics-text";
    char said[TYPE_MAX];

    return http_answer_header(answer, "Content-Type", said, sizeof(said)) &&
           strncasecmp(said, type, sizeof(type) - 1) == 0;
}

bool scrape_page_new(const struct http_answer *answer, struct scrape_page **ret_page, struct err *err)
{
    if (!answer_status_check(answer, err))
        return false;
    struct scrape_page *page = memory_take(sizeof(*page));
    page->text = memory_copy_bytes(answer->body, answer->length);
    page->now_ms = clock_wall_ms();
    if (!exposition_begin(&page->reading, page->text, answer->length, is_open_metrics(answer), err)) {
        scrape_page_free(page);
        return false;
    }
    *ret_page = page;
    return true;
}

void scrape_page_free(struct scrape_page *page)
{
    if (page == NULL)
        return;
    free(page->text);
    free(page);
}

enum labelled_step scrape_page_read(struct scrape_page *page, const struct scrape_index *index,
                                    const char *reporter, struct err *err)
{
    struct exposition *reading = &page->reading;
    const char *from = reading->at;
    size_t compared = 0;
    struct labelled value;

    while (reading->at < reading->end && reading->at - from < SCRAPE_SLICE_BYTES &&
           compared < SCRAPE_SLICE_COMPARISONS) {
        enum labelled_step step = exposition_line(reading, &value, err);
        if (step == LABELLED_WRONG)
            return step;
        if (step == LABELLED_VALUE)
            compared += scrape_index_offer(index, reporter, &value, page->now_ms);
    }
    return reading->at < reading->end ? LABELLED_VALUE : LABELLED_END;
}
