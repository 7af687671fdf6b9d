/* stack_plan.h - the text of a plan: what people approve by its hash, and what is looked at again before it
 * is done.
 * SPDX-License-Identifier: MIT
 *
 * One line of JSON: where and what (the head), what CloudFormation says of it, and the resources that change.
 * The same plan always has the same text. */
#ifndef IAC_STACK_PLAN_H
#define IAC_STACK_PLAN_H

#include "iac/tool.h"

struct cJSON;

#define STACK_PLAN_FILE "plan.json" /* its name in the run's folder */

/* Which texts; "" what it has not. */
struct stack_plan_head {
    const char *kind; /* STACK_PLAN_CHANGE or STACK_PLAN_DELETE */
    const char *region, *profile, *role;
    const char *name;       /* of the stack */
    const char *stack;      /* its ARN; "" there is none */
    const char *change_set; /* its ARN; "" nothing is to be changed */
    const char *template;   /* "sha256:..."; "" of a delete */
};

#define STACK_PLAN_CHANGE "change"
#define STACK_PLAN_DELETE "delete"

/* malloc'ed. `described` (NULL: nothing) and `resources` are taken over. */
char *stack_plan_text(const struct stack_plan_head *head, struct cJSON *described, struct cJSON *resources);

void stack_plan_digest(const char *text, char to[IAC_DIGEST_SIZE]);

/* One that was saved; its head's texts are the tree's. */
struct stack_plan {
    char *text;
    struct cJSON *tree;
    struct stack_plan_head head;
};

void stack_plan_done(struct stack_plan *plan); /* for CLEANUP */

/* ERR_NOT_FOUND: there is none. */
MUST_CHECK bool stack_plan_load(const struct job *job, struct stack_plan *ret_plan, struct err *err);

/* The same, and it is the one that was approved; else it was said why not. */
MUST_CHECK bool stack_plan_load_approved(const struct job *job, const char *kind,
                                         struct stack_plan *ret_plan);

/* Saved, and told by its hash. */
MUST_CHECK bool stack_plan_save(const struct job *job, const char *text, struct err *err);
void stack_plan_remove(const struct job *job);

#endif
