/* condition.h - conditions of triggers: text → expression over the metrics that it names.
 * SPDX-License-Identifier: MIT
 *
 * Times in a condition are seconds, shares are of one: `latency > 300ms` compares with 0.3, `error_rate > 5%`
 * with 0.05. A metric whose unit is "ms", "us" or "%" has the literals beside it converted. `stable + 30%` is
 * stable * 1.3, `stable + 50ms` and `stable + 0.5pp` are differences; a bare `stable` or `before` is the
 * left side's metric or aggregate on the other side. `signal(name)` is true where the metric "signal_name" is
 * known and not 0: an alert that others tell us of. Case does not count in its name, and what is neither
 * letter nor digit is a _; a metric known as CONDITION_ANY_SIGNAL stands for every signal. */
#ifndef CONFIG_CONDITION_H
#define CONFIG_CONDITION_H

#include "config/parser.h"

#define CONDITION_SIGNAL     "signal_"
#define CONDITION_ANY_SIGNAL "signal_*"

struct condition {
    struct expression expression;
    uint8_t metric_count;
    size_t metrics[RULE_METRICS_MAX]; /* metric i of the expression is metrics[i] of what was given */
};

/* `known`: further names to suggest from where a metric is unknown. */
MUST_CHECK bool condition_parse(const char *text, const struct condition_metric *metrics, size_t metric_count,
                                const char *const *known, size_t known_count, struct condition *ret_condition,
                                struct err *err);

/* Is it a word of the language, which no metric may be called? */
bool condition_is_reserved(const char *name);

/* The next word in `text` from *at on that may be a metric's name, copied into `to`; false: none is left.
 * What signal(name) reads is the metric "signal_name". */
bool condition_next_name(const char *text, size_t *at, char *to, size_t size);

/* The metric that signal(name) reads, as far as it fits. */
void condition_name_signal(const char *name, size_t length, char *to, size_t size);

#endif
