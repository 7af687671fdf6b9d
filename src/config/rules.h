/* rules.h - `triggers` and `baselines`: what judges a deployment.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_RULES_H
#define CONFIG_RULES_H

#include "config/condition.h"
#include "config/options.h"

struct wait {
    bool is_set;
    int64_t extend_ms;
    enum step_outcome outcome;
    const struct node *node; /* who said so */
};

/* What an inconclusive end of an observation leads to, as the baselines declare it. */
struct patience {
    struct wait other;        /* observed longer than wanted, at most */
    struct wait source_error; /* and then longer while a source does not answer, at most */
};

/* Rules under construction, and the metrics that they may name. */
struct rule_list {
    const struct build *build;
    const struct condition_metric *outlines; /* [metric_count] */
    const struct metric_definition *metrics; /* [metric_count], or NULL: only check */
    size_t metric_count;
    size_t rule_count;
    struct rule_definition *rules; /* one per trigger and compared metric, at most PLAN_RULES_MAX */
    struct patience patience;
};

/* Append the rules of one trigger or baseline; false: findings were added. */
MUST_CHECK bool triggers_build(struct rule_list *list, const struct node *node);
MUST_CHECK bool baselines_build(struct rule_list *list, const struct node *node);

/* For both: a zeroed rule behind the others, or NULL and a finding. */
struct rule_definition *rules_add(struct rule_list *list, const struct node *node);

/* "50 requests" or "3 values"; the unit must fit the metrics of the rule (kinds[count]). */
MUST_CHECK bool rules_need(const struct build *build, const struct node *node, const char *text,
                           const enum series_kind *kinds, size_t count, double *ret_need);

/* What the rule reads of its metric number `index`, which is metric `metric` of the list. */
void rules_use_metric(const struct rule_list *list, struct rule_definition *rule, uint8_t index,
                      size_t metric);

/* "5%" or "0.05" as a share; NAN where it is neither. */
double rules_share(const char *text);

extern const char *const rule_outcomes[]; /* choices of `then`, as enum rule_outcome */
extern const char *const rule_modes[];    /* choices of `mode`, as enum rule_mode */

/* The part of the rule in the deployment's fate. */
enum plan_rule rules_part(const struct rule *rule);

#endif
