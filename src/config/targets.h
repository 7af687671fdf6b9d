/* targets.h - where a deployment goes: the slots, commands, approval and traffic of one environment.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_TARGETS_H
#define CONFIG_TARGETS_H

#include "config/options.h"

/* An environment's own approval, and the people that steps ask. */
struct approval {
    bool is_set;
    uint16_t need;
    int64_t timeout_ms;
    enum step_outcome on_timeout;
};

/* Set slots, driver and concurrency of the definition; false: findings were added. */
MUST_CHECK bool targets_build(const struct build *build, const struct node *target,
                              struct definition *definition);

/* `slots: { NAME: { ... } }` */
MUST_CHECK bool slots_build(const struct build *build, const struct node *slots,
                            struct definition *definition);

/* `commands: { NAME: { exec = [ ... ]; } }`: a command's undo stands behind the commands, as NAME/undo. */
MUST_CHECK bool commands_build(const struct build *build, const struct node *commands,
                               struct definition *definition);

/* One command, without its undo and its probe. */
MUST_CHECK bool commands_read(const struct build *build, const struct node *node,
                              struct command_definition *command);

/* The list `exec` of this group: a program's name, and no line for a shell. */
MUST_CHECK bool commands_check_exec(const struct build *build, const struct node *node,
                                    const char *const *arguments, size_t count);

/* `secrets = { DB_PASSWORD = "vault:kv/shop#db"; }` of a command or task: variables that it gets. */
#define COMMANDS_SECRETS_OPTION                                                                              \
    {                                                                                                        \
        .name = "secrets", .type = OPTION_SECRET_MAP, .max = DEFINITION_SECRETS_MAX,                         \
        .help = "variables that hold secrets, by reference; runner.conf must name them too"                  \
    }
MUST_CHECK bool commands_check_secrets(const struct build *build, const struct node *node,
                                       const struct option_value *value);

/* Index of a command, or PLAN_NONE. */
uint16_t commands_find(const struct definition *definition, const char *name);

/* `approval: { ... }` into definition and *ret_approval. */
MUST_CHECK bool approval_build(const struct build *build, const struct node *node,
                               struct definition *definition, struct approval *ret_approval);

/* Index of the schema called `name`; count: reported. */
size_t targets_find_schema(const struct build *build, const struct node *node, const char *what,
                           const char *name, const struct option_schema *schemas, size_t count);

extern const char *const target_outcomes[]; /* "rollback", "hold": as enum step_outcome */

#endif
