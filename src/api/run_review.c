/* run_review.c - who may answer a task: a review is for people, and for exactly what it names.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"

#include <string.h>

static bool is_reviewer(const struct api_env *env, const struct task_review *review, const char *name)
{
    for (size_t i = 0; i < review->approver_count; i++)
        if (env->is_member(env->data, review->approvers[i], name))
            return true;
    return review->approver_count == 0;
}

/* A stack's own, or of what the whole run is about. */
static bool has_right(struct call *call, const struct journal_run *row,
                      const struct run_definition *definition, const struct run_task_definition *task)
{
    if (task->stack != NULL)
        return call_allowed(call, TOKEN_APPROVE, task->stack->name, task->stack->environment);
    return runs_allowed(call, TOKEN_APPROVE, row->service, definition);
}

/* False: answered with 403. */
static bool may_review(struct call *call, const struct journal_run *row,
                       const struct run_definition *definition, const struct run_task_definition *task,
                       bool is_good)
{
    const char *name = call->principal.name;

    if (!has_right(call, row, definition, task))
        return false;
    if (!call->principal.is_person)
        problem_answer(call, 403, "forbidden",
                       "only people approve, and %s is none: bind a token to a person", name);
    else if (!is_reviewer(&call->api->env, task->review, name))
        problem_answer(call, 403, "forbidden", "%s is not among those who may approve this", name);
    else if (is_good && task->review->not_author && strcmp(row->actor, name) == 0)
        problem_answer(call, 403, "forbidden", "%s started this run, and somebody else must approve it",
                       name);
    else
        return true;
    return false;
}

/* What was reported under this name, or "". */
static const char *reported(const struct call *call, const char *name)
{
    for (size_t i = 0; i < call->reading->output_count; i++)
        if (strcmp(call->reading->outputs[i].name, name) == 0)
            return call->reading->outputs[i].value;
    return "";
}

/* A yes is for one plan, and for no other. */
static bool names_it(struct call *call, const struct task_review *review, const struct runs_answer *answer)
{
    const char *there = reported(call, review->output);
    const char *named = "";

    for (size_t i = 0; i < answer->count; i++)
        if (strcmp(answer->outputs[i].name, review->output) == 0)
            named = answer->outputs[i].value;
    if (named[0] != '\0' && strcmp(named, there) == 0)
        return true;
    problem_answer(call, 409, "conflict",
                   "#/outputs/%s: must name what is approved; you name '%.80s', and there is "
                   "'%.80s'",
                   review->output, named, there);
    return false;
}

bool runs_may_answer(struct call *call, const struct journal_run *row,
                     const struct run_definition *definition, const struct runs_answer *answer)
{
    const struct run_task_definition *task = &definition->tasks[answer->task];

    if (task->review == NULL)
        return runs_allowed(call, TOKEN_DEPLOY, row->service, definition);
    return may_review(call, row, definition, task, answer->is_good) &&
           (!answer->is_good || task->review->output == NULL || names_it(call, task->review, answer));
}
