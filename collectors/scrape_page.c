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

/* A value on its way to those that it may fit. */
struct offer {
    const struct labelled *value;
    const char *reporter;
    int64_t now_ms;
};

static void offer_one(void *data, void *owner)
{
    const struct offer *offer = data;
    struct scrape_part *part = owner;

    if (part->why->code == ERR_NONE)
        (void)!selection_add(&part->selection, part->selector, offer->reporter, offer->value, offer->now_ms,
                             part->why);
}

enum labelled_step scrape_page_read(struct scrape_page *page, const struct selector_index *index,
                                    const char *reporter, struct err *err)
{
    struct exposition *reading = &page->reading;
    const char *from = reading->at;
    size_t compared = 0;
    struct labelled value;
    struct offer offer = {.value = &value, .reporter = reporter, .now_ms = page->now_ms};

    while (reading->at < reading->end && reading->at - from < SCRAPE_SLICE_BYTES &&
           compared < SCRAPE_SLICE_COMPARISONS) {
        enum labelled_step step = exposition_line(reading, &value, err);
        if (step == LABELLED_WRONG)
            return step;
        if (step == LABELLED_VALUE)
            compared += selector_index_each(index, &value, offer_one, &offer);
    }
    return reading->at < reading->end ? LABELLED_VALUE : LABELLED_END;
}
