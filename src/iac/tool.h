/* tool.h - the tools that make infrastructure, behind one interface: a static table.
 * SPDX-License-Identifier: MIT
 *
 * A plan is saved, shown, counted and known by its hash; an apply takes exactly that one. Every function
 * blocks, and works in the process's present folder, which holds the stack's code. */
#ifndef IAC_TOOL_H
#define IAC_TOOL_H

#include "iac/invocation.h"
#include "iac/plan.h"
#include "iac/work.h"
#include "io/iac_protocol.h"

#include <stdint.h>
#include <stdio.h>

enum job_state {
    JOB_STATE_OWN,   /* as the stack's code says */
    JOB_STATE_LOCAL, /* in the work folder: backend "local" { } */
    JOB_STATE_DAEMON /* with verdictd: backend "http" { } */
};

struct redaction;

enum { JOB_CAPABILITIES_MAX = 4 };

/* Of tools of Amazon's; NULL: not said. */
struct job_settings {
    const char *region, *profile;
    const char *name;     /* of the stack there */
    const char *template; /* a path below the present folder */
    const char *role;     /* ARN of what CloudFormation works as */
    const char *capabilities[JOB_CAPABILITIES_MAX];
    size_t capability_count;
};

/* One command. */
struct job {
    const struct iac_tool *tool;
    const char *verb, *stack, *environment, *run;
    enum job_state state;
    struct job_settings settings;
    bool is_saved;              /* plan=saved: the tool is held to a plan that it saved itself, too */
    const char *lock;           /* DAEMON: its state is saved under this one; NULL: under one of its own */
    const char *url, *token;    /* DAEMON; the token is a reference (io/secret.h) */
    const char *variables;      /* a JSON object */
    const char *approved;       /* of an apply: "sha256:...", "" none is known */
    const char *values;         /* path of the file for name=value lines; NULL: nobody asks */
    int64_t timeout_s, grace_s; /* for all of it, and for its end once it is asked to stop */
    bool lacks_state_alone;     /* of an apply whose state could not be saved: all else was done */
    int bar;                    /* of errored_file.h, 0: none; terraform has it, too, as long as it lives */
    char *sentence;             /* [IAC_WHY_SIZE], the last one that was said */
    struct redaction *hidden;   /* what the tool is given and nobody else is to see */
    struct invocation_signals signals;
    struct work work;
};

struct blueprint;

struct iac_tool {
    const char *name;
    const char *program; /* looked for in PATH; NULL: none, it is one of Amazon's */
    bool keeps_state;    /* in a place of its own: only JOB_STATE_OWN */
    bool saves_plans;    /* where it is asked to: plan=saved */
    /* Each returns how to end, having said why on stderr. */
    enum iac_exit (*plan)(struct job *job);
    enum iac_exit (*plan_destroy)(struct job *job);
    enum iac_exit (*apply)(struct job *job);
    enum iac_exit (*destroy)(struct job *job); /* applies a plan of plan_destroy, with the state archived */
    enum iac_exit (*verify)(struct job *job); /* a new plan is empty; what the stack says of itself is told */
    enum iac_exit (*drift)(struct job *job);  /* what is there is what was made */
    void (*forget)(struct job *job);          /* a run, and what it left elsewhere; NULL: its folder alone */
    /* Of Amazon's, which take job_settings; else NULL. The stack's name there, and its template too. */
    bool (*place)(struct job *job, struct blueprint *ret_blueprint, struct err *err);
    bool (*draw)(struct job *job, struct blueprint *ret_blueprint, struct err *err);
    bool takes_context; /* variables need not be parameters of the template */
};

extern const struct iac_tool iac_tools[];
extern const size_t iac_tool_count;

/* How long somebody else's lock is waited for: a part of what there is, and at most a minute. */
int64_t job_wait_s(const struct job *job);

/* Says why on stderr, and to whoever asks: one line, without secrets. The last one counts. */
void job_say(const struct job *job, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same, of a secret that is not to be had; and of anything else. How to end. */
enum iac_exit job_lacks_secret(const struct job *job, const struct err *err);
enum iac_exit job_complain(const struct job *job, const struct err *err);

/* Adds name=value to what is reported; what does not fit a line is left out. */
void job_tell(const struct job *job, const char *name, const char *value);
void job_tell_number(const struct job *job, const char *name, size_t number);

#endif
