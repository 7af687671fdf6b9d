/* deployment_spans.h - the spans of a deployment that has ended: its own, one for each step that was entered
 * and for the way back, and below these one for each action; with events for what failed and what people
 * said.
 * SPDX-License-Identifier: MIT
 *
 * What is read from the journal is given row by row: all of its audit first, then actions, then verdicts.
 * Rows of what comes after the end (after-care) are none of it, so that a later export is the same. Pure. */
#ifndef API_DEPLOYMENT_SPANS_H
#define API_DEPLOYMENT_SPANS_H

#include "api/spans.h"
#include "config/definition.h"
#include "io/traceparent.h"
#include "store/journal_view.h"

struct deployment_spans {
    const struct spans_origin *origin;
    const struct journal_deployment *row;
    const struct definition *definition; /* NULL: its steps are known by number alone */
    struct traceparent trace;
    struct spans spans;
    char id[TRACEPARENT_SPAN_SIZE]; /* of its own span */
    struct cJSON *own;
    struct cJSON *part; /* the step, or another part of its way, that is under way; NULL: none */
    int64_t part_began_ms;
    const char *verdict;              /* of that part; NULL: it has none */
    char back[TRACEPARENT_SPAN_SIZE]; /* of the way back; "": not begun */
    bool is_over;
};

/* False: it belongs to no trace, or to one that nobody records. What is pointed to lives as long. */
MUST_CHECK bool deployment_spans_begin(struct deployment_spans *spans, const struct spans_origin *origin,
                                       const struct journal_deployment *row,
                                       const struct definition *definition);
/* Of a way back: the promoted deployment that it takes back. */
void deployment_spans_taken_back(struct deployment_spans *spans, const struct journal_deployment *promoted);
void deployment_spans_audit(struct deployment_spans *spans, const struct journal_audit *row);
void deployment_spans_action(struct deployment_spans *spans, const struct journal_action *row);
void deployment_spans_verdict(struct deployment_spans *spans, const struct journal_verdict *row);
/* The export's text, free(). */
char *deployment_spans_end(struct deployment_spans *spans);

#endif
