/* tally.h - what judging deployments again adds up to: rule by rule and in total, how often the version would
 * have been taken back, how often wrongly, what was missed, and how long it took.
 * SPDX-License-Identifier: MIT
 *
 * False alarms are counted among the good, misses among the bad; whom nobody can say of counts as neither.
 * The total counts rules that act and roll back. A delay begins with the candidate's first traffic. */
#ifndef CLI_TALLY_H
#define CLI_TALLY_H

#include "cli/past.h"

enum { TALLY_NAMED_MAX = 20 /* wrong ones that are named under the table */ };

struct cJSON;

struct tally_row {
    char rule[2 * NAME_MAX_LENGTH + 2];
    enum rule_mode mode;
    enum rule_outcome outcome;
    size_t judged, failed;
    size_t good, bad; /* of those judged */
    size_t false_alarms, misses;
    size_t gaps[PAST_GAP_COUNT]; /* not judged, by why */
    size_t delay_count;
    int64_t *delays_ms; /* of what failed and was not good */
};

struct tally {
    struct tally_row total; /* its judged: at least one rule was */
    size_t unknown, coarse;
    size_t row_count, row_room;
    struct tally_row *rows;
    struct cJSON *deployments; /* NULL: nobody wants them */
    size_t named_count;
    char *named[TALLY_NAMED_MAX];
};

void tally_init(struct tally *tally, bool is_json);
void tally_done(struct tally *tally);

/* `rules` [rule_count]; bit r of `judged`: rules[r] is there. */
void tally_add(struct tally *tally, const struct past *past, const struct rejudged *rules, uint32_t judged);

/* False alarms for each hundred of the good; NAN where there were none. */
double tally_per_100(const struct tally_row *row);
/* The median; -1 where nothing failed. Sorts. */
int64_t tally_delay_ms(struct tally_row *row);

/* To stdout: a table, or one object with `limits`, an array of texts. */
void tally_print(struct tally *tally, const char *const *limits, size_t limit_count);
struct cJSON *tally_json(struct tally *tally, const char *const *limits, size_t limit_count);

#endif
