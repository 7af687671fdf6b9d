/* selector.h - which values of a text are meant: `name{a="x",b!="y",c=~"5..",d!~"a|b"}`, as PromQL writes it.
 * SPDX-License-Identifier: MIT
 *
 * Texts stand in double or single quotes; a label that a value does not have is "". Patterns are PCRE2's and
 * have to fit the whole text. The name is everything in front of the brace. */
#ifndef COLLECTORS_SELECTOR_H
#define COLLECTORS_SELECTOR_H

#include "base/err.h"
#include "collectors/labelled.h"
#include "collectors/prometheus_answer.h"

enum { SELECTOR_MATCHERS_MAX = 16, SELECTOR_LENGTH_MAX = 4096 };

struct selector;

/* ERR_INVALID: what is wrong, and at which character. */
MUST_CHECK bool selector_new(const char *text, struct selector **ret_selector, struct err *err);
void selector_free(struct selector *selector); /* NULL is fine */

/* Is `text` one? What still holds {{names}} counts as right. */
MUST_CHECK bool selector_check(const char *text, struct err *err);

/* False: a pattern takes too long over a label. */
MUST_CHECK bool selector_fits(const struct selector *selector, const struct labelled *value, bool *ret_fits,
                              struct err *err);

/* For who has many selectors. Alike are those of one name that say of the same labels what they are; among
 * these a value fits only one that has its key. False: it fits none that is like `like`. */
const char *selector_name(const struct selector *selector);
bool selector_is_alike(const struct selector *a, const struct selector *b);
uint64_t selector_key(const struct selector *selector);
bool selector_key_of(const struct selector *like, const struct labelled *value, uint64_t *ret_key);

/* The value's labels by name, where they are; `ret_sorted` has room for LABELLED_LABELS_MAX. */
void selector_sort_labels(const struct labelled *value, const struct label **ret_sorted);

/* Values that fit, on their way to a vector; begins zeroed, ends with selection_done. */
struct selection {
    size_t count, size;
    struct prometheus_sample *samples; /* labels: not set before selection_take */
    size_t *places;                    /* where in `texts` their labels are */
    char *texts;
    size_t texts_length, texts_size;
    int64_t age_max_ms; /* what is older is wrong; 0: LABELLED_AGE_MAX_MS */
    size_t timed;       /* values that say their time, */
    int64_t oldest_ms;  /* and the oldest of these times */
};

/* Takes the value in if it fits. `reporter` is put before its labels, so that what several say stays apart.
 * False: it is no number, says that it is of another time than `now_ms` (of 1970; older than the selection
 * allows, or more than LABELLED_AGE_MAX_MS ahead), has an `le` that is none, is one more than
 * PROMETHEUS_SAMPLES_MAX, or cannot be compared. */
MUST_CHECK bool selection_add(struct selection *selection, const struct selector *selector,
                              const char *reporter, const struct labelled *value, int64_t now_ms,
                              struct err *err);

/* What was selected, as Prometheus would answer it; the selection is empty then. */
void selection_take(struct selection *selection, struct prometheus_vector *ret_vector);
/* The same, but it stays the selection's: no prometheus_vector_done. */
void selection_show(const struct selection *selection, struct prometheus_vector *ret_vector);
/* Empty, with what memory is likely to be used again. */
void selection_reset(struct selection *selection);
void selection_done(struct selection *selection);

#endif
