/* definition.h - what one deployment is made of: a service in an environment with its strategy, resolved from
 * rule files, variables filled in, ready to be used and to be sealed. Read-only after it was built, in one
 * arena. SPDX-License-Identifier: MIT */
#ifndef CONFIG_DEFINITION_H
#define CONFIG_DEFINITION_H

#include "base/option.h"
#include "config/schemas.h"
#include "config/smoke_definition.h"
#include "judge/rule.h"
#include "orchestrator/plan.h"
#include "orchestrator/window.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    DEFINITION_SLOTS_MAX = 8,
    DEFINITION_ADDRESSES_MAX = 32, /* addresses or servers of one slot */
    DEFINITION_METRICS_MAX = 32,
    DEFINITION_COMMANDS_MAX = 32,
    DEFINITION_SMOKE_MAX = 8,
    DEFINITION_CHECKS_MAX = 16,
    DEFINITION_ARGUMENTS_MAX = 64,
    DEFINITION_SECRETS_MAX = 16, /* of one command */
    DEFINITION_VALUES_MAX = 40   /* of an environment and of one command, together */
};

struct slot_definition {
    const char *name;
    const char *const *servers; /* names that the traffic driver knows */
    size_t server_count;
    const char *const *addresses; /* "host:port" */
    size_t address_count;
    const char *const *variables; /* name, text, name, text ... innermost wins already applied */
    size_t variable_count;        /* pairs */
};

enum metric_scope {
    SCOPE_SIDE,   /* one series per slot or version: its texts name a side */
    SCOPE_SERVICE /* one series for the whole service */
};

struct metric_definition {
    const char *name;
    size_t collector;   /* index in option_schemas.collectors */
    const char *source; /* instance: "main" of "prometheus:main" */
    enum series_kind kind;
    enum metric_scope scope;
    const char *unit; /* "" or "s", "%" ... for people */
    int64_t step_ms;  /* resolution of the series */
    int64_t every_ms; /* how often a pulled source is asked */
    int64_t age_max_ms;
    int64_t holds_ms;  /* a value stays true so long; 0: as long as its step */
    int64_t window_ms; /* so much of it stays in memory, or what the longest span of a rule needs */
    enum no_data_answer no_data;
    bool is_lower_better;
    const struct option_value
        *options; /* [collector's use_count]; texts may hold {{version}} {{slot}} {{address}}
                     {{resolution}}: filled per side by template_fill() */
};

struct command_definition {
    const char *name;
    const char *const *arguments; /* argv; may hold templates */
    size_t argument_count;
    const char *const *secrets; /* name of a variable, reference, name, reference ... */
    size_t secret_count;        /* pairs */
    const char *const *values;  /* NAME, text, NAME, text ...: VERDICT_NAME; may hold templates */
    size_t value_count;         /* pairs */
    int64_t timeout_ms;
    bool is_once;
    bool is_undone_first; /* before all others that are not */
    enum command_repeat repeat;
    enum command_on_rollback on_rollback;
    uint16_t tries_max;
    uint16_t undo;  /* index of its undo among the commands (entered as NAME/undo), or PLAN_NONE */
    uint16_t probe; /* class PROBE: index of its probe (entered as NAME/probe); else PLAN_NONE */
    bool is_probe;  /* it is one: exit 0 says done, 1 not done, all else nothing */
};

struct rule_definition {
    const char *name; /* "errors", "http/error_rate" */
    const char *text; /* as written, for evidence: "error_rate > 5% for 10s" */
    struct rule rule;
    uint8_t metrics[RULE_METRICS_MAX]; /* the rule's metric i is definition metric metrics[i] */
};

enum concurrency { CONCURRENCY_REFUSE, CONCURRENCY_QUEUE, CONCURRENCY_REPLACE };

struct definition_common;   /* sharing.h */
struct recovery_definition; /* recovery.h */

/* Who hears of what. */
struct receivers {
    const char *const *all; /* "webhook:ops" */
    const char *const *urgent;
    size_t all_count, urgent_count;
};

struct definition {
    size_t bytes;                     /* memory that it takes, all in all; without what is shared */
    struct definition_common *common; /* whose parts these are; NULL: its own */
    const char *service;
    const char *environment;
    const char *strategy;
    struct plan *plan;
    size_t rule_count;
    const struct rule_definition *rules; /* [rule_count], the order of plan.rules */
    size_t metric_count;
    const struct metric_definition *metrics;
    size_t smoke_count;
    const struct smoke_definition *smokes; /* the order of plan_step.reference */
    size_t command_count;
    const struct command_definition *commands;
    bool has_prepare;          /* `prepare` says what the environment needs */
    uint16_t prepare;          /* its command, before any other step; PLAN_NONE: none */
    uint16_t configure;        /* what writes `files`; PLAN_NONE: there are none */
    const char *const *values; /* as of a command, for all of them */
    size_t value_count;        /* pairs */
    size_t slot_count;
    const struct slot_definition *slots;
    size_t host_count;                     /* ≤ PLAN_HOSTS_MAX; 0: it has slots, or nothing of either */
    const struct host_definition *hosts;   /* hosts.h */
    const struct hosts_source *hosts_from; /* hosts_from.h; NULL: none, or its hosts are known */
    size_t driver;                         /* index in option_schemas.drivers; SIZE_MAX: no traffic driver */
    const char *driver_instance;
    const struct option_value *driver_options; /* [driver's use_count] */
    enum concurrency concurrency;
    const struct window *window; /* when deployments begin; NULL: always */
    const char *lock;            /* targets that name the same one take turns; NULL: none */
    struct receivers notify;
    bool needs_approval, not_author;
    const char *const *approvers;        /* people, groups of people resolved */
    const struct gate_definition *gates; /* gates.h; the order of plan_step.reference */
    size_t approver_count, gate_count;
    const struct recovery_definition *recovery; /* NULL: none but perhaps the command `disaster` */
};

#endif
