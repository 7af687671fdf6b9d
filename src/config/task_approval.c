/* task_approval.c - approvals of runs read.
 * SPDX-License-Identifier: MIT */
#include "config/task_approval.h"

enum { APPROVAL_FROM, APPROVAL_NEED, APPROVAL_NOT_AUTHOR, APPROVAL_TIMEOUT, APPROVAL_OPTION_COUNT };
enum { MINUTE_MS = 60 * 1000, WEEK_MS = 7 * 24 * 60 * MINUTE_MS, PEOPLE_MAX = 32 };

static const struct option options[APPROVAL_OPTION_COUNT] = {
    [APPROVAL_FROM] = {.name = "from",
                       .type = OPTION_LIST,
                       .is_required = true,
                       .min = 1,
                       .max = PEOPLE_MAX,
                       .help = "people or groups of people"},
    [APPROVAL_NEED] = {.name = "need",
                       .type = OPTION_INTEGER,
                       .min = 1,
                       .max = PEOPLE_MAX,
                       .fallback = "1",
                       .help = "how many of them"},
    [APPROVAL_NOT_AUTHOR] = {.name = "not_author",
                             .type = OPTION_BOOL,
                             .fallback = "false",
                             .help = "whoever started it cannot approve"},
    [APPROVAL_TIMEOUT] = {.name = "timeout",
                          .type = OPTION_DURATION,
                          .min = MINUTE_MS,
                          .max = WEEK_MS,
                          .fallback = "8h",
                          .help = "longest wait; silence is no"},
};

bool task_approval_build(const struct build *build, const struct node *group, const char *output,
                         struct run_plan_task *planned, struct run_task_definition *task)
{
    static const struct shape shape = {.options = options, .count = APPROVAL_OPTION_COUNT};
    struct option_value values[APPROVAL_OPTION_COUNT] = {{0}};

    if (!options_read(build, group, &shape, values, NULL))
        return false;
    struct task_review *review = options_array(build, group, 1, sizeof(*review));
    if (review == NULL)
        return false;
    *review = (struct task_review){.output = output,
                                   .approvers = values[APPROVAL_FROM].list,
                                   .approver_count = values[APPROVAL_FROM].list_length,
                                   .not_author = values[APPROVAL_NOT_AUTHOR].flag,
                                   .need = (uint8_t)values[APPROVAL_NEED].number};
    *planned = (struct run_plan_task){.kind = RUN_TASK_AWAIT,
                                      .reference = planned->reference,
                                      .tries_max = 1,
                                      .need = review->need,
                                      .limit_ms = values[APPROVAL_TIMEOUT].duration_ms};
    task->review = review;
    return true;
}
