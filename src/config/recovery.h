/* recovery.h - `recovery: { steps = ( ... );  rehearse = "drill"; }` of an environment: what is done when a
 * way back cannot restore health, and where that is rehearsed.
 * SPDX-License-Identifier: MIT
 *
 * Its steps become a run (run_definition.h), one stage for each command and those of an apply for each stack,
 * in their order. To the deployment's machine all of them are one command, entered as RECOVERY_COMMAND behind
 * the others. A rehearsal is a run of the same steps with everything else of another environment, the
 * stand-in, and ends with the question whether that is well. */
#ifndef CONFIG_RECOVERY_H
#define CONFIG_RECOVERY_H

#include "base/text.h"
#include "config/files.h"
#include "config/options.h"
#include "config/run_definition.h"

#define RECOVERY_COMMAND "recovery/plan"

/* Names of runs begin so; "SERVICE/ENVIRONMENT" stands behind it. */
#define RECOVERY_RUN  "recovery:"
#define REHEARSAL_RUN "rehearsal:"

enum {
    RECOVERY_STEPS_MAX = 8,
    RECOVERY_RUN_NAME_SIZE = (int)sizeof(REHEARSAL_RUN) + NAME_MAX_LENGTH + 1 + NAME_MAX_LENGTH
};

/* Of a definition; NULL there: none is declared. */
struct recovery_definition {
    size_t step_count;
    const char *rehearse;                  /* the stand-in's name; NULL: none */
    uint16_t reference;                    /* RECOVERY_COMMAND among the commands */
    size_t command_count;                  /* that its steps name */
    uint16_t commands[RECOVERY_STEPS_MAX]; /* among the commands */
};

/* Puts the stacks that the filled steps name into the group, so that they are sealed with it. False: findings
 * were added. */
MUST_CHECK bool recovery_fill(const struct config *config, const char *environment, struct arena *arena,
                              struct config_report *report, struct node *filled);

/* Steps of the group; without any it is the one command `disaster`. */
size_t recovery_step_count(const struct node *recovery);
/* The command of a step; NULL: it has none. */
const char *recovery_step_command(const struct node *recovery, size_t step);

/* Behind the commands: reads `recovery` of a target into the definition. False: findings were added. */
MUST_CHECK bool recovery_build(const struct build *build, const struct node *target,
                               struct definition *definition);

/* The stages of the group of a sealed run. False: findings were added. */
MUST_CHECK bool recovery_build_run(const struct build *build, const struct node *sealed,
                                   struct run_definition *definition);

/* Is the run's name one of a recovery or of a rehearsal? *ret_place: "SERVICE/ENVIRONMENT" of it. */
bool recovery_is_run(const char *pipeline, bool *ret_is_rehearsal, const char **ret_place);

/* What the rule files declare: plans, and lone commands `disaster`. `stand_in` "": none is named. */
void config_each_recovery(const struct config *config,
                          void (*each)(void *data, const char *service, const char *environment,
                                       const char *stand_in),
                          void *data);

#endif
