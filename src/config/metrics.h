/* metrics.h - `metrics: { NAME: { ... } }`: what is measured, where, and how its silence is read.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_METRICS_H
#define CONFIG_METRICS_H

#include "config/condition.h"
#include "config/options.h"

/* False: findings were added. */
MUST_CHECK bool metrics_build(const struct build *build, const struct node *node,
                              struct metric_definition *ret_metric);

/* The metric as conditions see it. */
struct condition_metric metrics_outline(const struct build *build, const struct metric_definition *metric);

/* The same of a definition that is not filled in: what is unknown counts as right. */
struct condition_metric metrics_raw_outline(const struct node *node);

#endif
