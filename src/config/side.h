/* side.h - what one side of a deployment measures: the key of its series, the texts that its source is asked,
 * and how many steps of it the rules want in memory. Pure: of a definition and what the deployment knows.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_SIDE_H
#define CONFIG_SIDE_H

#include "config/config.h"

enum { SIDE_KEY_MAX = 192, SIDE_PAIRS_MAX = 48, SIDE_TEXT_MAX = 4096, SIDE_PAST_STEPS = 7200 };

struct side {
    const struct definition *definition;
    bool is_candidate;
    const char *version;  /* of this side; "" where it has none */
    const char *previous; /* what served when the deployment began; "" none */
    uint8_t slot;         /* where this side runs; past the definition's slots: it has none */
    bool shares_slot;     /* both sides take turns in it */
};

/* The slot, or NULL. */
const struct slot_definition *side_slot(const struct side *side);

/* "version.2.4.1", "slot.blue" or "service": keyed as its source measures, so by what its `option_count`
 * options name. False: this side has no series of the metric. */
MUST_CHECK bool side_key(const struct side *side, const struct metric_definition *metric, size_t option_count,
                         char key[SIDE_KEY_MAX]);

/* Names and texts that its templates may use: name, text, name, text ... Returns the count of pairs.
 * `address`: index, or SIZE_MAX for the first. */
size_t side_pairs(const struct side *side, size_t address, const char *pairs[2 * SIDE_PAIRS_MAX]);

/* The metric's options with their templates filled in, those of lists and maps too: `values` [option_count],
 * their texts in `texts` [option_count][SIDE_TEXT_MAX], from the heap. {{resolution}} is known beside the
 * side's own pairs. An element of a list (not of a map) that names {{address}} becomes one for each address
 * of the slot; elsewhere it is the first. */
MUST_CHECK bool side_fill(const struct side *side, const struct metric_definition *metric,
                          const struct option_schema *schema, struct option_value *values, char *texts,
                          struct err *err);

/* Of what is asked: sides with equal hashes read the same series. */
uint64_t side_hash(const struct option_value *values, size_t option_count);

/* Does the rule, or any rule, read what the metric was before the first traffic? */
bool side_reads_before(const struct rule_definition *rule, size_t metric);
bool side_wants_before(const struct definition *definition, size_t metric);

/* The same of so many days ago. */
bool side_reads_days(const struct rule_definition *rule, size_t metric, uint16_t days);

/* Does any rule hold the candidate against the past? Then what serves is measured between deployments too. */
bool side_wants_past(const struct definition *definition);

/* Steps of a reading of the past: a window, or as many as a comparison may need. */
int64_t side_past_steps(const struct definition *definition, size_t metric);

/* Steps that a window of the metric holds: its own, or the longest span that a rule reads; without limit. */
int64_t side_window(const struct definition *definition, size_t metric);

#endif
