/* pipeline_stacks.h - `infrastructure = [ ... ]` of a pipeline: stacks that are applied in each environment
 * before its
 * deployment. SPDX-License-Identifier: MIT */
#ifndef CONFIG_PIPELINE_STACKS_H
#define CONFIG_PIPELINE_STACKS_H

#include "config/files.h"
#include "config/options.h"
#include "config/run_definition.h"

/* In a sealed pipeline: { ENVIRONMENT: { STACK: { filled } } }. */
#define PIPELINE_EXPANDED "expanded"

/* Puts the stacks that the filled pipeline names into it, so that they are sealed with it; a stack stands
 * where it has the environment. False: findings were added. */
MUST_CHECK bool pipeline_stacks_fill(const struct config *config, struct arena *arena,
                                     struct config_report *report, struct node *filled);

/* Adds the stages of the stacks of one environment: `prod-network-plan`. */
MUST_CHECK bool pipeline_stacks_build(const struct build *build, const struct node *pipeline,
                                      const struct option_value *stacks, const char *environment,
                                      struct run_definition *definition);

#endif
