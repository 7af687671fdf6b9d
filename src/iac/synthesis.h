/* synthesis.h - stacks of the CDK: the app is run once, and what it makes is a template.
 * SPDX-License-Identifier: MIT
 *
 * No CDK command is needed: the app that cdk.json names is started with CDK_OUTDIR and CDK_CONTEXT_JSON,
 * without a shell and without Amazon's keys, and leaves a cloud assembly. The context is cdk.json's, what
 * cdk.context.json has found out before, and the stack's variables, which win. */
#ifndef IAC_SYNTHESIS_H
#define IAC_SYNTHESIS_H

#include "iac/blueprint.h"

/* A tool's `place` and `draw`. */
MUST_CHECK bool synthesis_place(struct job *job, struct blueprint *ret_blueprint, struct err *err);
MUST_CHECK bool synthesis_draw(struct job *job, struct blueprint *ret_blueprint, struct err *err);

#endif
