/* tool.c - the table of tools.
 * SPDX-License-Identifier: MIT */
#include "iac/tool.h"

#include "base/text.h"
#include "iac/blueprint.h"
#include "iac/cloudformation.h"
#include "iac/pulumi.h"
#include "iac/synthesis.h"
#include "iac/terraform.h"
#include "io/redaction.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_PART = 4 /* of the time that there is */ };

#define TERRAFORM                                                                                            \
    .plan = terraform_plan, .plan_destroy = terraform_plan_destroy, .apply = terraform_apply,                \
    .destroy = terraform_destroy, .verify = terraform_verify, .drift = terraform_drift,                      \
    .forget = terraform_forget

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

int64_t job_wait_s(const struct job *job)
{
    int64_t part_s = job->timeout_s / WAIT_PART;

    return part_s < 1 ? 1 : part_s > WORK_LOCK_MS / 1000 ? WORK_LOCK_MS / 1000 : part_s;
}

void job_say(const struct job *job, const char *format, ...)
{
    char why[IAC_WHY_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    redaction_apply(job->hidden, why);
    for (char *at = why; *at != '\0'; at++)
        if ((unsigned char)*at < ' ')
            *at = ' ';
    (void)fprintf(stderr, "verdict-iac: %s\n", why);
    (void)snprintf(job->sentence, IAC_WHY_SIZE, "%s", why);
}

enum iac_exit job_lacks_secret(const struct job *job, const struct err *err)
{
    job_say(job, "a secret is missing, and nothing was begun (%.140s): mend it in the runner's `environment`",
            err->text);
    return IAC_EXIT_NO_SECRET;
}

enum iac_exit job_complain(const struct job *job, const struct err *err)
{
    job_say(job, "%s", err->text);
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
