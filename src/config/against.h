/* against.h - `against` of a baseline: what the candidate is held against, in order.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_AGAINST_H
#define CONFIG_AGAINST_H

#include "config/rules.h"

enum { AGAINST_DAYS_MAX = 28, /* of older ones the archive keeps no minutes */ AGAINST_TEXT_MAX = 64 };

struct against {
    uint8_t count;
    struct baseline list[COMPARISON_AGAINST_MAX];
};

/* "stable", "before", "7d" and other whole days. */
MUST_CHECK bool against_read(const struct build *build, const struct node *node,
                             const struct option_value *value, struct against *ret_against);

bool against_has(const struct against *against, enum baseline_kind kind);

/* Does the archive keep what these baselines need of the metric? False: a finding was added. */
MUST_CHECK bool against_fit(const struct rule_list *list, const struct node *entry, size_t metric,
                            const struct against *against);

/* The shortest block that what is kept allows: a minute where days ago are looked at that have no single
 * steps any more; else 0. */
int64_t against_row_ms(const struct against *against);

/* Baselines and alpha of a comparison: a test that begins anew beside another baseline has a part of it
 * beside each. */
void against_take(const struct against *against, double alpha, struct comparison *comparison);

/* "stable", "stable or else before", for people. */
void against_write(const struct comparison *comparison, char to[AGAINST_TEXT_MAX]);

/* One of them in the words of a rule file; number `against` - 1, as in a judgement; "" where there is none.
 */
void against_name(const struct comparison *comparison, uint64_t against, char to[AGAINST_TEXT_MAX]);

#endif
