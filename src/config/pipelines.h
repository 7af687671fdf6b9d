/* pipelines.h - `pipelines: { NAME: { service; stages; environments; release; } }`.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_PIPELINES_H
#define CONFIG_PIPELINES_H

#include "config/files.h"
#include "config/options.h"
#include "config/run_definition.h"

/* Builds what a pipeline's filled-in group says; false: findings were added. */
MUST_CHECK bool pipelines_build(const struct build *build, const struct node *pipeline,
                                struct run_definition *definition);

/* A copy with its variables filled in; and its service and environments are known. False: findings were
 * added. */
MUST_CHECK bool pipelines_fill(const struct config *config, const struct node *pipeline, struct arena *arena,
                               struct config_report *report, struct node *ret_filled);

/* Adds one task to the last stage of the definition, as a stage of a pipeline would read it. */
MUST_CHECK bool pipelines_add_task(const struct build *build, const struct node *node,
                                   struct run_definition *definition);

#endif
