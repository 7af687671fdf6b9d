/* tool.c - the table of tools.
 * SPDX-License-Identifier: MIT */
#include "iac/tool.h"

#include "base/text.h"
#include "iac/blueprint.h"
#include "iac/cloudformation.h"
#include "iac/pulumi.h"
#include "iac/synthesis.h"
#include "iac/terraform.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define TERRAFORM                                                                                            \
    .plan = terraform_plan, .plan_destroy = terraform_plan_destroy, .apply = terraform_apply,                \
    .destroy = terraform_destroy, .verify = terraform_verify, .drift = terraform_drift

#define CLOUDFORMATION                                                                                       \
    .plan = cloudformation_plan, .plan_destroy = cloudformation_plan_destroy, .apply = cloudformation_apply, \
    .destroy = cloudformation_destroy, .verify = cloudformation_verify, .drift = cloudformation_drift,       \
    .forget = cloudformation_forget, .keeps_state = true

const struct iac_tool iac_tools[] = {
    {.name = "terraform", .program = "terraform", TERRAFORM},
    {.name = "tofu", .program = "tofu", TERRAFORM},
    {.name = "pulumi",
     .program = "pulumi",
     .keeps_state = true,
     .saves_plans = true,
     .plan = pulumi_plan,
     .plan_destroy = pulumi_plan_destroy,
     .apply = pulumi_apply,
     .destroy = pulumi_destroy,
     .verify = pulumi_verify,
     .drift = pulumi_drift},
    {.name = "cloudformation", CLOUDFORMATION, .place = blueprint_place, .draw = blueprint_from_file},
    {.name = "cdk", CLOUDFORMATION, .place = synthesis_place, .draw = synthesis_draw, .takes_context = true},
};

const size_t iac_tool_count = ARRAY_LENGTH(iac_tools);

enum iac_exit job_complain(const struct job *job, const struct err *err)
{
    struct err shown = *err;

    redaction_apply(job->hidden, shown.text);
    (void)fprintf(stderr, "verdict-iac: %s\n", shown.text);
    if (err->code == ERR_UNAVAILABLE && job->signals.is_interrupted)
        return IAC_EXIT_INTERRUPTED;
    return err->code == ERR_CONFLICT ? IAC_EXIT_AGAIN : IAC_EXIT_FAILED;
}

void job_tell(const struct job *job, const char *name, const char *value)
{
    if (job->values == NULL || strpbrk(value, "\r\n") != NULL)
        return;
    int fd = open(job->values, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    (void)dprintf(fd, "%s=%s\n", name, value);
    (void)close(fd);
}

void job_tell_number(const struct job *job, const char *name, size_t number)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%zu", number);
    job_tell(job, name, text);
}
