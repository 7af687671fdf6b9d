/* blueprint.h - what a stack of CloudFormation is to be: a template, and the name that it has there.
 * SPDX-License-Identifier: MIT
 *
 * It comes from a file of the stack's code, or out of an app of the CDK. What was planned is kept in the
 * run's folder, so that what is verified behind an apply is what was applied. */
#ifndef IAC_BLUEPRINT_H
#define IAC_BLUEPRINT_H

#include "iac/amazon.h"
#include "iac/stack_described.h"

enum { BLUEPRINT_ACCOUNT_SIZE = 16 };

#define BLUEPRINT_TEMPLATE "template" /* its name in the run's folder */

struct blueprint {
    char *text; /* the template */
    size_t length;
    char name[STACK_NAME_MAX + 1];
    char account[BLUEPRINT_ACCOUNT_SIZE]; /* where alone it may be; "" anywhere */
};

void blueprint_done(struct blueprint *blueprint); /* for CLEANUP */

/* The name that the job says, or `otherwise`. ERR_INVALID. */
MUST_CHECK bool blueprint_name(const struct job *job, const char *otherwise, char to[STACK_NAME_MAX + 1],
                               struct err *err);

/* A tool's `place` and `draw`: STACK-ENVIRONMENT, of a file. ERR_LIMIT: longer than AMAZON_TEMPLATE_MAX. */
MUST_CHECK bool blueprint_place(struct job *job, struct blueprint *ret_blueprint, struct err *err);
MUST_CHECK bool blueprint_from_file(struct job *job, struct blueprint *ret_blueprint, struct err *err);

/* A template of a file, in memory (malloc'ed). */
MUST_CHECK bool blueprint_read_template(const char *path, char **ret_text, size_t *ret_length,
                                        struct err *err);

/* Into the run's folder; and out of it, where it was applied (ERR_NOT_FOUND). */
MUST_CHECK bool blueprint_save(const struct job *job, const struct blueprint *blueprint, struct err *err);
MUST_CHECK bool blueprint_load_applied(const struct job *job, struct blueprint *ret_blueprint,
                                       struct err *err);
void blueprint_is_applied(const struct job *job);
void blueprint_remove(const struct job *job);

#endif
