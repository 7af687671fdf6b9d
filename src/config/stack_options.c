/* stack_options.c - the options of stacks.
 * SPDX-License-Identifier: MIT */
#include "config/stack_options.h"

#include "config/stacks.h"
#include "config/targets.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

/* As enum stack_verb. */
const char *const stack_verbs[] = {"plan", "apply", "verify", "drift", "destroy", NULL};

/* As enum stack_tool. */
static const char *const tools[] = {"terraform", "tofu", "pulumi", "cloudformation", "cdk", NULL};
static const char *const states[] = {"own", "local", "daemon", NULL};

/* The first ones are what a rule file may say; the others come with a run. */
const struct option stack_options[STACK_FILLED_COUNT] = {
    [STACK_TOOL] = {.name = "tool",
                    .type = OPTION_CHOICE,
                    .is_required = true,
                    .choices = tools,
                    .help = "what makes it"},
    [STACK_DIRECTORY] = {.name = "directory",
                         .type = OPTION_TEXT,
                         .is_required = true,
                         .help = "absolute; where its code is, one of the runner's `directories`"},
    [STACK_PROGRAM] = {.name = "program",
                       .type = OPTION_TEXT,
                       .fallback = "/usr/bin/verdict-iac",
                       .help = "verdict-iac"},
    [STACK_TIMEOUT] = {.name = "timeout",
                       .type = OPTION_DURATION,
                       .min = 1000,
                       .max = HOUR_MS,
                       .fallback = "15m",
                       .help = "longest time of a plan, a verify, a drift"},
    [STACK_APPLY_TIMEOUT] = {.name = "apply_timeout",
                             .type = OPTION_DURATION,
                             .min = 1000,
                             .max = 12.0 * HOUR_MS,
                             .fallback = "2h",
                             .help = "longest time of an apply or a destroy; then it is interrupted"},
    [STACK_GRACE] = {.name = "grace",
                     .type = OPTION_DURATION,
                     .min = 5000,
                     .max = HOUR_MS,
                     .fallback = "10m",
                     .help = "how long an interrupted one may take to finish what it does"},
    [STACK_REFUSE_WHEN] = {.name = "refuse_when",
                           .type = OPTION_TEXT,
                           .help = "plans that are refused: \"deletes > 0 or monthly_cost > +10%\""},
    [STACK_STATE] = {.name = "state",
                     .type = OPTION_CHOICE,
                     .choices = states,
                     .fallback = "own",
                     .help = "where it is kept: as the code says, with verdict-iac, with verdictd"},
    [STACK_DRIFT_EVERY] = {.name = "drift_every",
                           .type = OPTION_DURATION,
                           .min = 5000,
                           .max = 31.0 * 24 * HOUR_MS,
                           .help = "drift is looked for so often, in each environment; never by itself"},
    [STACK_SAVE_PLAN] = {.name = "save_plan",
                         .type = OPTION_BOOL,
                         .fallback = "false",
                         .help = "pulumi: hold it to a plan that it saves itself, too"},
    [STACK_SECRETS] = COMMANDS_SECRETS_OPTION,
    [STACK_REGION] = {.name = "region",
                      .type = OPTION_TEXT,
                      .help = "of cloudformation and cdk: where, like \"eu-west-1\""},
    [STACK_PROFILE] = {.name = "profile",
                       .type = OPTION_TEXT,
                       .help = "the same: whose keys, of the runner's shared credentials file"},
    [STACK_CALLED] = {.name = "stack_name",
                      .type = OPTION_TEXT,
                      .help = "the same: what it is called there; STACK-ENVIRONMENT, or as the app says"},
    [STACK_ROLE] = {.name = "role",
                    .type = OPTION_TEXT,
                    .help = "the same: ARN of the role that CloudFormation works as; the keys' own rights"},
    [STACK_TEMPLATE] = {.name = "template",
                        .type = OPTION_TEXT,
                        .help = "of cloudformation: its file, below the directory; template.yaml"},
    [STACK_CAPABILITIES] = {.name = "capabilities",
                            .type = OPTION_LIST,
                            .min = 1,
                            .max = STACK_CAPABILITIES_MAX,
                            .help = "of both: what the template may do, like \"CAPABILITY_IAM\""},
    [STACK_ENVIRONMENT] = {.name = "environment", .type = OPTION_TEXT, .is_required = true, .help = "where"},
    [STACK_VERB] = {.name = "verb",
                    .type = OPTION_CHOICE,
                    .is_required = true,
                    .choices = stack_verbs,
                    .help = "what is done"},
};
