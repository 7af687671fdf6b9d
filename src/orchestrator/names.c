/* names.c - the machine's words, as API, CLI and logs show them.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/deployment.h"

#include <assert.h>

static const char *const phases[PHASE_COUNT] = {
    [PHASE_QUEUED] = "queued",
    [PHASE_ADMITTING] = "admitting",
    [PHASE_RUNNING] = "running",
    [PHASE_WATCHING] = "watching",
    [PHASE_ROLLING_BACK] = "rolling_back",
    [PHASE_PROMOTED] = "promoted",
    [PHASE_ROLLED_BACK] = "rolled_back",
    [PHASE_REJECTED] = "rejected",
    [PHASE_CANCELLED] = "cancelled",
    [PHASE_SUPERSEDED] = "superseded",
};

static const char *const step_states[] = {
    [STEP_IDLE] = "idle",       [STEP_ACTING] = "acting", [STEP_OBSERVING] = "observing",
    [STEP_WAITING] = "waiting", [STEP_HELD] = "held",
};

static const char *const endings[] = {
    [ENDING_NONE] = "none",
    [ENDING_PASSED] = "passed",
    [ENDING_OVERRIDE] = "override",
    [ENDING_FAILED] = "failed",
    [ENDING_ABORTED] = "aborted",
    [ENDING_TAKEN_BACK] = "taken_back",
    [ENDING_NO_EVIDENCE] = "no_evidence",
    [ENDING_ACTION_FAILED] = "action_failed",
    [ENDING_NOT_APPROVED] = "not_approved",
    [ENDING_HELD_TOO_LONG] = "held_too_long",
    [ENDING_REFUSED] = "refused",
    [ENDING_ADOPTED] = "adopted",
    [ENDING_REPLACED] = "replaced",
    [ENDING_CUT_SHORT] = "cut_short",
    [ENDING_GATE_SHUT] = "gate_shut",
    [ENDING_FELL] = "fell",
};

static const char *const step_kinds[] = {
    [STEP_COMMAND] = "command", [STEP_SMOKE] = "smoke",     [STEP_ROUTE] = "route",
    [STEP_OBSERVE] = "observe", [STEP_APPROVE] = "approve", [STEP_REPLACE] = "replace",
    [STEP_MIRROR] = "mirror",   [STEP_GATE] = "gate",
};

static const char *const verbs[VERB_COUNT] = {
    [VERB_PROMOTE] = "promote",
    [VERB_PROMOTE_FULL] = "promote --full",
    [VERB_HOLD] = "hold",
    [VERB_RESUME] = "resume",
    [VERB_ABORT] = "abort",
    [VERB_ROLLBACK] = "rollback",
    [VERB_ROLLBACK_PAST] = "rollback --past-no-return",
    [VERB_APPROVE] = "approve",
    [VERB_REJECT] = "reject",
    [VERB_MUTE] = "mute",
    [VERB_ADOPT] = "adopt",
};

static const char *const action_kinds[] = {
    [ACTION_NONE] = "none",     [ACTION_REHEARSE] = "rehearse", [ACTION_COMMAND] = "command",
    [ACTION_CANCEL] = "cancel", [ACTION_SMOKE] = "smoke",       [ACTION_ROUTE] = "route",
    [ACTION_VERIFY] = "verify", [ACTION_MIRROR] = "mirror",     [ACTION_GATE] = "gate",
};

static const char *const trace_kinds[] = {
    [TRACE_PHASE] = "phase",
    [TRACE_STEP] = "step",
    [TRACE_ACTION] = "action",
    [TRACE_RESULT] = "result",
    [TRACE_CONFIRMED] = "confirmed",
    [TRACE_STEP_PASS] = "step_pass",
    [TRACE_OVERRIDE] = "override",
    [TRACE_FAIL] = "fail",
    [TRACE_WOULD_FAIL] = "would_fail",
    [TRACE_HELD] = "held",
    [TRACE_RESUMED] = "resumed",
    [TRACE_APPROVAL_WANTED] = "approval_wanted",
    [TRACE_APPROVED] = "approved",
    [TRACE_REJECTED] = "rejected",
    [TRACE_ESCALATED] = "escalated",
    [TRACE_DRIFT] = "drift",
    [TRACE_MUTED] = "muted",
    [TRACE_QUARANTINE] = "quarantine",
    [TRACE_ADOPTED] = "adopted",
    [TRACE_RETIRED] = "retired",
    [TRACE_FORGOTTEN] = "quarantine_forgotten",
    [TRACE_HOSTS_TAKEN] = "hosts_taken",
    [TRACE_HOSTS_READY] = "hosts_ready",
    [TRACE_MIRRORED] = "mirrored",
    [TRACE_DOWNTIME] = "downtime",
    [TRACE_EMERGENCY] = "emergency",
    [TRACE_RETRIED] = "retried",
    [TRACE_DISASTER] = "disaster",
    [TRACE_DISASTER_OVER] = "disaster_over",
    [TRACE_BRAKED] = "braked",
    [TRACE_REMINDED] = "approval_reminded",
};

static const char *const gate_answers[] = {
    [GATE_UNASKED] = "unasked", [GATE_CLOSED] = "closed", [GATE_SILENT] = "silent",
    [GATE_REFUSED] = "refused", [GATE_OPEN] = "open",
};

static const char *const hold_causes[] = {
    [HOLD_NONE] = "none",           [HOLD_PERSON] = "person",
    [HOLD_RULE] = "rule",           [HOLD_UNKNOWN_HAND] = "unknown_hand",
    [HOLD_ESCALATED] = "escalated", [HOLD_BRAKE] = "brake",
    [HOLD_GATE] = "gate",
};

const char *phase_name(enum deployment_phase phase)
{
    assert(phase < PHASE_COUNT);
    return phases[phase];
}

const char *step_state_name(enum step_state state)
{
    return step_states[state];
}

const char *ending_name(enum ending ending)
{
    return endings[ending];
}

const char *step_kind_name(enum step_kind kind)
{
    return step_kinds[kind];
}

const char *verb_name(enum verb verb)
{
    assert(verb < VERB_COUNT);
    return verbs[verb];
}

const char *action_kind_name(enum action_kind kind)
{
    return action_kinds[kind];
}

const char *trace_kind_name(enum trace_kind kind)
{
    return trace_kinds[kind];
}

const char *hold_cause_name(enum hold_cause cause)
{
    return hold_causes[cause];
}

const char *gate_answer_name(enum gate_answer answer)
{
    return gate_answers[answer];
}
