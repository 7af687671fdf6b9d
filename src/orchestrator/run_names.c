/* run_names.c - the words of runs, as API, CLI and logs show them.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "orchestrator/run.h"

#include <assert.h>
#include <stddef.h>

static const char *const phases[RUN_PHASE_COUNT] = {
    [RUN_QUEUED] = "queued",     [RUN_RUNNING] = "running",   [RUN_WAITING] = "waiting",
    [RUN_STOPPING] = "stopping", [RUN_RELEASED] = "released", [RUN_FAILED] = "failed",
    [RUN_ABORTED] = "aborted",
};

static const char *const task_phases[TASK_PHASE_COUNT] = {
    [TASK_IDLE] = "idle",         [TASK_RUNNING] = "running", [TASK_RESTING] = "resting",
    [TASK_AWAITING] = "awaiting", [TASK_ASKING] = "asking",   [TASK_STOPPING] = "stopping",
    [TASK_DONE] = "done",         [TASK_SKIPPED] = "skipped", [TASK_FAILED] = "failed",
    [TASK_STOPPED] = "stopped",
};

static const char *const trace_kinds[] = {
    [RUN_TRACE_PHASE] = "run_phase",       [RUN_TRACE_STAGE] = "run_stage",
    [RUN_TRACE_TASK] = "run_task",         [RUN_TRACE_TRY] = "run_try",
    [RUN_TRACE_GIVEN_UP] = "run_given_up", [RUN_TRACE_FALLS] = "run_falls",
    [RUN_TRACE_APPROVED] = "run_approved", [RUN_TRACE_REMINDED] = "run_reminded",
};

static const char *const causes[CAUSE_COUNT] = {
    [CAUSE_NONE] = "",
    [CAUSE_COMMAND] = "its command ended badly",
    [CAUSE_UNKNOWN] = "nobody can tell how its command ended",
    [CAUSE_SILENCE] = "nobody answered in time",
    [CAUSE_ANSWER] = "the answer was no",
    [CAUSE_DIGEST] = "it reported another digest than the one that is under way",
    [CAUSE_REFUSED] = "the deployment was refused",
    [CAUSE_DEPLOYMENT] = "the deployment did not end as promoted",
};

const char *run_phase_name(enum run_phase phase)
{
    assert((size_t)phase < ARRAY_LENGTH(phases));
    return phases[phase];
}

const char *run_task_phase_name(enum run_task_phase phase)
{
    assert((size_t)phase < ARRAY_LENGTH(task_phases));
    return task_phases[phase];
}

const char *run_trace_kind_name(enum run_trace_kind kind)
{
    assert((size_t)kind < ARRAY_LENGTH(trace_kinds));
    return trace_kinds[kind];
}

const char *run_cause_text(enum run_cause cause)
{
    assert((size_t)cause < ARRAY_LENGTH(causes));
    return causes[cause];
}
