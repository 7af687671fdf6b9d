/* combine.h - one gauge out of what several reporters tell.
 * SPDX-License-Identifier: MIT
 *
 * Pure, on the caller's memory. A source that answers for all reporters at once (Prometheus) adds up one
 * answer; of one that hears them one by one (MQTT) a table keeps what each said last. */
#ifndef COLLECTORS_COMBINE_H
#define COLLECTORS_COMBINE_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COMBINE_REPORTERS_MAX = 256 /* of one series; further ones are refused and counted */ };

enum combine_kind {
    COMBINE_MAX,
    COMBINE_MIN,
    COMBINE_AVG,
    COMBINE_SUM,
    COMBINE_SHARE /* part of the reporters whose value is not 0: from 0 to 1 */
};

/* As an option has them, in the order of enum combine_kind; ends with NULL. */
extern const char *const combine_names[];

/* The values of one moment, one of each reporter; begins zeroed. */
struct combine_values {
    size_t count;
    size_t count_not_zero;
    double sum, most, least;
    bool has_not_finite;
};

void combine_add(struct combine_values *values, double value);

/* NAN where nothing was added, where one of them is not finite, and where their sum is not. */
double combine_of(const struct combine_values *values, enum combine_kind kind);

struct combine_reporter {
    uint64_t name; /* its hash */
    int64_t at_ms; /* when it spoke last */
    double value;  /* what it said then */
};

/* What each reporter said last; begins with combine_init. */
struct combine {
    enum combine_kind kind;
    int64_t silence_max_ms; /* who has said nothing for longer is gone */
    int64_t since_ms;       /* when listening began */
    size_t count;
    struct combine_reporter reporters[COMBINE_REPORTERS_MAX];
};

void combine_init(struct combine *combine, enum combine_kind kind, int64_t silence_max_ms, int64_t now_ms);

/* Listening begins anew: what was said before is not known to be true any more. */
void combine_begin(struct combine *combine, int64_t now_ms);

/* Who speaks at all has been heard: listening began silence_max_ms ago. Before, a sum would be one of a part.
 */
bool combine_is_complete(const struct combine *combine, int64_t now_ms);

/* False: a reporter more than COMBINE_REPORTERS_MAX; nothing was taken. Times never fall. */
MUST_CHECK bool combine_put(struct combine *combine, const char *reporter, double value, int64_t now_ms);

/* False: it is not complete yet, nobody has said anything, or everybody who did is gone. */
MUST_CHECK bool combine_value(struct combine *combine, int64_t now_ms, double *ret_value);

#endif
