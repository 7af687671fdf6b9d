/* terraform.h - Terraform and OpenTofu: the same words and the same JSON, two programs.
 * SPDX-License-Identifier: MIT */
#ifndef IAC_TERRAFORM_H
#define IAC_TERRAFORM_H

#include "iac/tool.h"

enum iac_exit terraform_plan(struct job *job);
enum iac_exit terraform_plan_destroy(struct job *job);
enum iac_exit terraform_apply(struct job *job);
enum iac_exit terraform_destroy(struct job *job);
enum iac_exit terraform_verify(struct job *job);
enum iac_exit terraform_drift(struct job *job);
void terraform_forget(struct job *job);

#endif
