/* past.h - one deployment of the past as it is judged again: whose it was, what became of it, its values.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_PAST_H
#define CLI_PAST_H

#include "base/text.h"
#include "cli/rejudge.h"
#include "config/side.h"

enum { PAST_MARKS_MAX = 256, PAST_ID_SIZE = 32, PAST_OUTCOME_SIZE = 64 };

enum past_label {
    PAST_UNKNOWN, /* nobody can say whether the version was good */
    PAST_GOOD,    /* it served, and nobody took it back */
    PAST_BAD      /* a rule or a person took it back */
};

/* Why a metric cannot be read again. */
enum past_gap {
    PAST_COMPLETE,
    PAST_NOTHING,   /* the candidate has no values */
    PAST_HISTOGRAM, /* no buckets of the candidate's: at most quantiles, of an older verdictd */
    PAST_SHAPE,     /* the values are of another kind or resolution */
    PAST_CHANGED,   /* the metric asks something else now */
    PAST_SOURCE,    /* its source has no history, or did not tell */
    PAST_DAYS,      /* a comparison with days before: their values were not read */
    PAST_GAP_COUNT
};

struct past {
    char id[PAST_ID_SIZE];
    char service[NAME_MAX_LENGTH + 1], environment[NAME_MAX_LENGTH + 1];
    char version[VERSION_MAX_LENGTH + 1], previous[VERSION_MAX_LENGTH + 1];
    char outcome[PAST_OUTCOME_SIZE]; /* "rolled_back (failed)" */
    enum past_label label;
    bool is_coarse;                      /* some values are averages over more than a step */
    const struct definition *definition; /* by the rules of today */
    int64_t from_ms;                     /* values from here on */
    int64_t began_ms;                    /* before anything was done; 0: with the first traffic */
    int64_t routed_ms, until_ms;
    size_t mark_count;
    struct rejudge_mark marks[PAST_MARKS_MAX];
    struct rejudge_metric metrics[DEFINITION_METRICS_MAX];
    enum past_gap gaps[DEFINITION_METRICS_MAX];
};

/* All metrics of its definition still have to be read. */
void past_init(struct past *past, const struct definition *definition);
void past_done(struct past *past); /* frees the values */

/* Room for the values of one side in the steps [from_ms, to_ms) of the metric; all NAN. False: more than
 * REJUDGE_STEPS_MAX. */
MUST_CHECK bool past_take_values(struct past *past, size_t metric, enum expression_side side, int64_t from_ms,
                                 int64_t to_ms, double **ret_values);

/* The same for what the metric was so many days ago; so that a rule that compares with it is judged. NULL:
 * more different days than REJUDGE_AGO_MAX. */
struct rejudge_values *past_days(struct past *past, size_t metric, uint16_t days);
MUST_CHECK bool past_fill(const struct past *past, size_t metric, struct rejudge_values *values,
                          int64_t from_ms, int64_t to_ms, double **ret_memory);

/* Judges again what can be; `ret_rules` [rule_count], *ret_judged: bit r: rule r was. */
MUST_CHECK bool past_judge(const struct past *past, struct rejudged *ret_rules, uint32_t *ret_judged,
                           struct err *err);

/* What kept rule `rule` from being judged again; PAST_COMPLETE: nothing. */
enum past_gap past_rule_gap(const struct past *past, size_t rule);
const char *past_gap_text(enum past_gap gap);
const char *past_label_name(enum past_label label);

#endif
