/* stack_options.h - what a stack may say, and what a filled one says besides.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_STACK_OPTIONS_H
#define CONFIG_STACK_OPTIONS_H

#include "base/option.h"

enum {
    STACK_TOOL,
    STACK_DIRECTORY,
    STACK_PROGRAM,
    STACK_TIMEOUT,
    STACK_APPLY_TIMEOUT,
    STACK_GRACE,
    STACK_REFUSE_WHEN,
    STACK_STATE,
    STACK_SAVE_PLAN,
    STACK_OPTION_COUNT, /* of a rule file */
    STACK_ENVIRONMENT = STACK_OPTION_COUNT,
    STACK_VERB, /* its choice is an enum stack_verb */
    STACK_FILLED_COUNT
};

enum stack_verb { STACK_PLANS, STACK_APPLIES, STACK_VERIFIES, STACK_FINDS_DRIFT, STACK_DESTROYS };

extern const struct option stack_options[STACK_FILLED_COUNT];

#endif
