/* run_definition.h - what one run is made of: a pipeline of a service, its texts filled in, a group of
 * services with their versions, or a stack of infrastructure and what is done to it; ready to be used and to
 * be sealed. Read-only after it was built, in one block.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_RUN_DEFINITION_H
#define CONFIG_RUN_DEFINITION_H

#include "base/text.h"
#include "config/definition.h"
#include "judge/scan.h"
#include "orchestrator/run_plan.h"

/* What earlier tasks reported, as a reason not to run: extract JSON_NUMBER is the output `path`, JSON_EQUALS
 * whether it equals `text`, which may hold {{version}}. */
struct task_skip {
    struct expression when;
    uint8_t extract_count;
    struct smoke_extract extracts[SMOKE_EXTRACTS_MAX];
};

/* A stack of infrastructure in one of its environments. */
struct stack_place {
    const char *name, *environment;
    const char *program;   /* verdict-iac */
    const char *directory; /* where its code is */
    const char *tool;
    bool is_kept;           /* its state is with verdictd */
    const char *variables;  /* a JSON object */
    int64_t grace_ms;       /* from being asked to stop to being killed */
    int64_t drift_every_ms; /* 0: nobody looks by himself */
    struct receivers notify;
};

/* An answer that people give to one thing alone: AWAIT. */
struct task_review {
    const char *output; /* whose value the yes has to name: the hash of a plan; NULL: the run alone */
    const char *const *approvers; /* people or groups of people */
    size_t approver_count;        /* 0: any person with the right */
    bool not_author;
    uint8_t need; /* so many of them */
};

/* What a stack's command does. */
enum stack_word { STACK_WORD_NONE, STACK_WORD_PLAN, STACK_WORD_APPLY, STACK_WORD_VERIFY, STACK_WORD_DRIFT };

/* A task of the plan, in the plan's order. */
struct run_task_definition {
    const char *name;             /* of a deployment "deploy", in a group its service */
    const char *service;          /* DEPLOY, and of a recovery, else NULL */
    const char *environment;      /* the same */
    const char *version, *digest; /* in a group: what goes there, "" no digest; else NULL: the run's */
    const char *const *arguments; /* COMMAND: argv; may hold {{version}} */
    size_t argument_count;
    const char *const *secrets; /* COMMAND: name of a variable, reference, name, reference ... */
    size_t secret_count;        /* pairs */
    const char *directory;      /* COMMAND: where it works; "" the runner's own */
    int64_t timeout_ms;         /* COMMAND: of one try */
    enum scan_format parse;
    const struct expression *fail_when; /* NULL: every report that can be read passes */
    const char *fail_text;              /* as written */
    const struct task_skip *skip; /* NULL: always runs; an awaited answer is given by itself where it holds */
    const struct stack_place *stack; /* NULL: of no stack */
    const struct task_skip *refuse; /* of outputs, when it is done: where it holds the task failed; or NULL */
    const char *refuse_text;        /* as written */
    const struct task_review *review; /* AWAIT; NULL: whoever may start a run may answer */
    enum stack_word word;
    bool restores;      /* not a command: writes the state of its stack back as it was verified last */
    const char *health; /* sealed text of an environment: not a command, but its smoke test of what serves */
};

struct run_definition {
    const char *pipeline;            /* or the group, "STACK/ENVIRONMENT", or a name of recovery.h */
    bool is_group;                   /* one stage: deployments that stand or fall together */
    const struct stack_place *stack; /* NULL: not of a stack alone */
    const char *service;             /* "" of a group and of a stack */
    struct receivers notify;         /* of its own; a stack's are at its place */
    const char *environment;         /* of a recovery or its rehearsal: where it happens; else NULL */
    bool is_rehearsal;
    struct run_plan plan;
    const char *stages[RUN_STAGES_MAX]; /* names: its own, those of the environments, "release" */
    uint8_t begins[RUN_STAGES_MAX]; /* where a run begins anew that failed in this stage: with a new plan */
    struct run_task_definition tasks[RUN_TASKS_MAX];
};

/* Who made the plan that a task reviews, as "NAME" or "STAGE/NAME"; false: it reviews none. */
enum { RUN_TASK_NAME_SIZE = 2 * NAME_MAX_LENGTH + 2 };
MUST_CHECK bool run_definition_planner(const struct run_definition *definition, uint8_t task,
                                       char to[RUN_TASK_NAME_SIZE]);

/* What goes where, in a group. */
struct run_member {
    const char *service, *version;
    const char *digest; /* "" none */
};

struct config;

/* The canonical text of a pipeline with its variables filled in, malloc'ed; NULL with ERR_NOT_FOUND (the text
 * names the nearest) or ERR_INVALID (the first finding). */
char *config_seal_pipeline(const struct config *config, const char *pipeline, struct err *err);

/* The same of a group, with a version for each of its services; ERR_INVALID too where one is missing, or is
 * not in the group. */
char *config_seal_group(const struct config *config, const char *group, const struct run_member *members,
                        size_t count, struct err *err);

/* The same of a stack in an environment, for a verb (stacks.h); ERR_INVALID too where it has no such one. */
char *config_seal_stack(const struct config *config, const char *stack, const char *environment,
                        const char *verb, struct err *err);

/* Calls `each` for every stack in every environment where drift is looked for by itself. */
void config_each_drift(const struct config *config,
                       void (*each)(void *data, const char *stack, const char *environment, int64_t every_ms),
                       void *data);

/* The recovery plan of a deployment, from its own sealed text; ERR_NOT_FOUND: it has none. */
char *config_seal_recovery(const char *sealed, struct err *err);

/* The recovery plan of an environment with everything else of its stand-in. ERR_CONFLICT: it declares no
 * plan, or no stand-in. */
char *config_seal_rehearsal(const struct config *config, const char *service, const char *environment,
                            struct err *err);

/* The definition that a sealed text describes, whatever the rule files say by now; for
 * run_definition_free(). */
struct run_definition *config_unseal_pipeline(const char *sealed, struct err *err);
void run_definition_free(struct run_definition *definition);

#endif
