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
    STACK_DRIFT_EVERY,
    STACK_SAVE_PLAN,
    STACK_SECRETS,
    STACK_REGION, /* of tools of Amazon's; up to the role an environment may say its own */
    STACK_PROFILE,
    STACK_CALLED,
    STACK_ROLE,
    STACK_TEMPLATE,
    STACK_CAPABILITIES,
    STACK_OPTION_COUNT, /* of a rule file */
    STACK_ENVIRONMENT = STACK_OPTION_COUNT,
    STACK_VERB, /* its choice is an enum stack_verb */
    STACK_FILLED_COUNT
};

enum { STACK_PLACE_COUNT = STACK_TEMPLATE - STACK_REGION, STACK_CAPABILITIES_MAX = 4 };

/* As the choices of `tool`. */
enum stack_tool { STACK_TERRAFORM, STACK_TOFU, STACK_PULUMI, STACK_CLOUDFORMATION, STACK_CDK };

enum stack_verb { STACK_PLANS, STACK_APPLIES, STACK_VERIFIES, STACK_FINDS_DRIFT, STACK_DESTROYS };

extern const struct option stack_options[STACK_FILLED_COUNT];

#endif
