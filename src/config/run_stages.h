/* run_stages.h - stages and tasks put into a run's definition, one after the other.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_RUN_STAGES_H
#define CONFIG_RUN_STAGES_H

#include "config/options.h"
#include "config/run_definition.h"

/* A stage without tasks, behind the others; NULL (and a finding): no more, or the name is taken. */
struct run_plan_stage *run_stages_add(const struct build *build, const struct node *at, const char *name,
                                      struct run_definition *definition);

/* A task of the last stage, its `reference` set; UINT8_MAX (and a finding): no more. */
uint8_t run_stages_add_task(const struct build *build, const struct node *at,
                            struct run_definition *definition);

#endif
