/* iac_protocol.h - what verdictd and verdict-iac agree on: its verbs, the names of what it reports, and what
 * the status says with which it ends.
 * SPDX-License-Identifier: MIT
 *
 *   verdict-iac VERB TOOL STACK ENVIRONMENT [state=own|local|daemon] [SETTING=VALUE...]
 *
 * works in its present folder, which holds the stack's code. All of these are words that the runner's allow
 * list takes. Variables come as a JSON object in VERDICT_VARIABLES, the plan that was approved in
 * VERDICT_OUT_PLAN, and in seconds how long all of it may take and how long its end, once it is asked to
 * stop: VERDICT_TIMEOUT_S, VERDICT_GRACE_S. */
#ifndef IO_IAC_PROTOCOL_H
#define IO_IAC_PROTOCOL_H

enum {
    IAC_VARIABLES_MAX = 3072, /* bytes of the variables as JSON, with the NUL */
    IAC_DIGEST_SIZE = 72,     /* "sha256:", 64 digits, the NUL */
    IAC_WHY_SIZE = 240        /* with the NUL */
};

enum iac_exit {
    IAC_EXIT_DONE = 0,
    IAC_EXIT_FAILED = 1,
    IAC_EXIT_USAGE = 2,
    IAC_EXIT_STALE = 3,       /* of an apply: the state changed since the plan was made */
    IAC_EXIT_OTHER_PLAN = 4,  /* of an apply: the plan is not the one that was approved, or is gone */
    IAC_EXIT_NOT_EMPTY = 5,   /* of a verify: a second plan finds something to do */
    IAC_EXIT_DRIFTED = 6,     /* of a drift: what is there is not what was made */
    IAC_EXIT_INTERRUPTED = 7, /* it was asked to stop, and the tool did so in its own time */
    IAC_EXIT_REFUSED = 8,    /* what was made is in no state: the one that is kept is another one, or newer */
    IAC_EXIT_UNSAVED = 9,    /* the same: whoever keeps the state could not take it */
    IAC_EXIT_NO_SECRET = 10, /* a secret that the tool needs is not to be had; nothing began */
    IAC_EXIT_AGAIN = 75      /* somebody else holds the stack or its state */
};

/* One sentence's end for people; NULL: the status says nothing of its own. */
const char *iac_exit_text(int status);

/* Names in $VERDICT_OUTPUT, and so of a run's outputs. */
#define IAC_OUTPUT_PLAN          "plan"          /* "sha256:..." of the plan file */
#define IAC_OUTPUT_PLAN_FILE     "plan_file"     /* the plan as JSON, for programs that look at it */
#define IAC_OUTPUT_TEMPLATE_FILE "template_file" /* the same: the template, of tools that have one */
#define IAC_OUTPUT_CHANGES       "changes"       /* 0: there is nothing to apply */
#define IAC_OUTPUT_RESOURCES     "resources"     /* that there were when it was looked */
#define IAC_OUTPUT_WHY           "why" /* of one that did not do it: a sentence for people, no output of the run */
#define IAC_OUTPUT_DRIFTS        "drifts"
#define IAC_OUTPUT_OF            "output." /* and the name of one of the stack's; left out where there is no room */

#endif
