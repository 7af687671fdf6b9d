/* summary.c - a deployment in one sentence.
 * SPDX-License-Identifier: MIT */
#include "api/shape.h"

#include "base/duration.h"
#include "io/clock.h"
#include "orchestrator/deployment.h"
#include "orchestrator/stop.h"

#include <inttypes.h>
#include <math.h>

/* Why it is held, or went back: the rule that decided, with its numbers. */
static void add_rule(const struct record *record, struct text *text)
{
    const struct definition *definition = record->definition;
    uint8_t index = record->state->failed_rule;

    if (index == FAIL_LOST) {
        text_add(text, "traffic went back at once, and the journal lost why");
        return;
    }
    if (definition == NULL || index >= definition->rule_count) {
        text_add(text, index == FAIL_SMOKE ? "a smoke test failed" : "a rule failed");
        return;
    }
    const struct rule_definition *rule = &definition->rules[index];
    text_add(text, "rule %s failed (%s", rule->name, rule->text);
    if (record->rules != NULL && record->rules[index].last.verdict == VERDICT_FAIL) {
        const struct judgement *last = &record->rules[index].last;
        text_add(text, ": ");
        record_value(last->value, record_unit(definition, index), text);
        text_add(text, " against ");
        record_value(last->bound, record_unit(definition, index), text);
    }
    text_add(text, ")");
}

/* What the system that was asked said last. */
static void add_gate(const struct record *record, struct text *text)
{
    static const char *const said[] = {
        [GATE_UNASKED] = "was not asked yet", [GATE_CLOSED] = "is closed", [GATE_SILENT] = "does not answer",
        [GATE_REFUSED] = "refused",           [GATE_OPEN] = "opened",
    };
    const struct plan_step *step = record_step(record);

    if (step == NULL || step->kind != STEP_GATE)
        text_add(text, "the gate");
    else
        record_step_text(record->definition, step, text);
    text_add(text, " %s", said[record->state->gate]);
}

static void add_ending(const struct record *record, struct text *text)
{
    const char *reason = record->row->reason;

    switch (record->state->ending) {
    case ENDING_NONE:
    case ENDING_PASSED:
        text_add(text, "every verdict was a pass");
        return;
    case ENDING_OVERRIDE:
        text_add(text, "a person decided so");
        return;
    case ENDING_FAILED:
        add_rule(record, text);
        return;
    case ENDING_ABORTED:
        text_add(text, "a person stopped it");
        return;
    case ENDING_TAKEN_BACK:
        text_add(text, "a person took it back");
        return;
    case ENDING_NO_EVIDENCE:
        text_add(text, "there was too little evidence to decide");
        return;
    case ENDING_ACTION_FAILED:
        text_add(text, "an action failed");
        return;
    case ENDING_NOT_APPROVED:
        text_add(text, "it was not approved");
        return;
    case ENDING_HELD_TOO_LONG:
        text_add(text, "it was held too long");
        return;
    case ENDING_REFUSED:
        text_add(text, "the rehearsal refused it");
        return;
    case ENDING_ADOPTED:
        text_add(text, "a person adopted what serves%s%s", reason[0] == '\0' ? "" : ": ", reason);
        return;
    case ENDING_REPLACED:
        text_add(text, "a newer deployment took its place");
        return;
    case ENDING_CUT_SHORT:
        text_add(text, "its watch was cut short for an emergency");
        return;
    case ENDING_GATE_SHUT:
        add_gate(record, text);
        return;
    case ENDING_FELL:
        if (record->state->together == 0)
            text_add(text, "another part of its run went wrong");
        else
            text_add(text, "another one of its group went wrong (run_%" PRIu64 ")", record->state->together);
        return;
    }
}

static void add_why(const struct record *record, struct text *text)
{
    if (record->why[0] != '\0')
        text_add(text, " (%s)", record->why);
}

static const char *previous_of(const struct record *record)
{
    return record->row->previous[0] == '\0' ? "the version before" : record->row->previous;
}

static void add_hold(const struct record *record, struct text *text)
{
    text_add(text, "%s is held at %g %%: ", record->row->version, record->state->confirmed_share / 100.0);
    switch (record->state->hold) {
    case HOLD_NONE:
    case HOLD_PERSON:
        text_add(text, "a person stopped it here");
        break;
    case HOLD_RULE:
        add_rule(record, text);
        break;
    case HOLD_UNKNOWN_HAND:
        text_add(text, "somebody else changed the traffic");
        break;
    case HOLD_GATE:
        add_gate(record, text);
        break;
    case HOLD_ESCALATED:
        add_ending(record, text);
        if (record->state->is_stable_bad)
            text_add(text, "; %s is in quarantine, so nothing goes back by itself", previous_of(record));
        text_add(text, "; it needs a person now");
        break;
    case HOLD_BRAKE:
        add_ending(record, text);
        text_add(text,
                 "; so did several other services just now: `verdict rollback` takes it back all the same");
        break;
    }
    add_why(record, text);
}

/* What it has of what stable had alone. */
static void add_part(const struct record *record, struct text *text)
{
    const struct deployment_state *state = record->state;

    if (state->confirmed_mirror > 0)
        text_add(text, "gets copies of %g %% of the requests", state->confirmed_mirror / 100.0);
    else if (record->definition != NULL && record->definition->plan->host_count > 0)
        text_add(text, "runs on %g %% of the hosts", state->confirmed_share / 100.0);
    else
        text_add(text, "gets %g %% of the traffic", state->confirmed_share / 100.0);
}

static void add_observed(const struct record *record, const struct plan_step *step, struct text *text)
{
    char observed[DURATION_TEXT_MAX];
    char wanted[DURATION_TEXT_MAX];
    int64_t observed_ms = record->state->observed_ms / 1000 * 1000;

    text_add(text, "%s ", record->row->version);
    add_part(record, text);
    text_add(text, ": observed for %s of %s", duration_format(observed_ms, observed, sizeof(observed)),
             step == NULL ? "?" : duration_format(step->duration_ms, wanted, sizeof(wanted)));
}

static void add_waiting_gate(const struct record *record, struct text *text)
{
    text_add(text, "%s waits: ", record->row->version);
    add_gate(record, text);
    add_why(record, text);
}

static void add_stop(const struct record *record, struct text *text)
{
    if (record->definition != NULL && stop_holds(record->definition->plan, record->state))
        text_add(text, "; what comes next waits for the end of a freeze, or of a closed brake");
}

static void add_step(const struct record *record, struct text *text)
{
    const struct plan_step *step = record_step(record);

    switch (record->state->step_state) {
    case STEP_HELD:
        add_hold(record, text);
        return;
    case STEP_WAITING:
        if (step != NULL && step->kind == STEP_GATE) {
            add_waiting_gate(record, text);
            return;
        }
        text_add(text, "%s waits for approval: %u of %u", record->row->version, record->state->approvals,
                 step == NULL ? 1U : step->approvals);
        return;
    case STEP_OBSERVING:
        add_observed(record, step, text);
        add_stop(record, text);
        return;
    case STEP_IDLE:
    case STEP_ACTING:
        break;
    }
    text_add(text, "%s: step %u", record->row->version, record->state->step + 1U);
    if (step != NULL) {
        text_add(text, " of %u, ", record->definition->plan->count);
        record_step_text(record->definition, step, text);
    }
    add_stop(record, text);
    add_why(record, text);
}

/* Of a version that takes the place of the other. */
static void add_downtime(const struct record *record, struct text *text)
{
    double down_s = record_downtime_s(record);

    if (isnan(down_s))
        return;
    text_add(text, "; nothing served for ");
    record_value(down_s, "s", text);
}

static void add_rolling_back(const struct record *record, struct text *text)
{
    text_add(text, "%s goes back to %s: ", record->row->version, previous_of(record));
    add_ending(record, text);
    if (record->state->ending == ENDING_PASSED)
        text_add(text, ", and the trial is over");
    if (record->state->is_escalated)
        text_add(text, "; the way back does not succeed and needs a person");
    add_why(record, text);
}

static void add_rolled_back(const struct record *record, struct text *text)
{
    if (record->state->ending == ENDING_PASSED && !record->state->is_unverified) {
        text_add(text, "%s was tried on copies of requests: every verdict was a pass; %s serves on",
                 record->row->version, previous_of(record));
        return;
    }
    text_add(text, "%s was rolled back: ", record->row->version);
    add_ending(record, text);
    if (record->state->is_unverified)
        text_add(text, "; nobody verified what serves");
    else
        text_add(text, "; %s serves", previous_of(record));
    add_downtime(record, text);
}

static void add_promoted(const struct record *record, struct text *text)
{
    text_add(text, "%s serves: ", record->row->version);
    add_ending(record, text);
    if (record->state->would_roll_back)
        text_add(text, "; a rule that only records would have taken it back");
    add_downtime(record, text);
}

static void add_queued(const struct record *record, struct text *text)
{
    char opens[CLOCK_STAMP_SIZE];

    text_add(text, "%s waits for ", record->row->version);
    if (record->opens_wall_ms == 0 && record->lock.name != NULL) {
        text_add(text, "lock %s, which dep_%" PRIu64 " of %s/%s holds", record->lock.name,
                 record->lock.holder, record->lock.service, record->lock.environment);
        return;
    }
    if (record->opens_wall_ms == 0) {
        text_add(text, "the deployment before it%s",
                 record->state->together == 0 ? "" : ", or before one of its group");
        return;
    }
    (void)clock_stamp(record->opens_wall_ms, opens);
    if (opens[0] == '\0')
        text_add(text, "its window, which is not in sight");
    else
        text_add(text, "its window, which opens at %s", opens);
    add_why(record, text);
}

static void add_phase(const struct record *record, struct text *text)
{
    const char *version = record->row->version;

    switch (record->state->phase) {
    case PHASE_QUEUED:
        add_queued(record, text);
        return;
    case PHASE_ADMITTING:
        text_add(text, "%s is being checked before its first step", version);
        add_why(record, text);
        return;
    case PHASE_RUNNING:
    case PHASE_WATCHING:
        add_step(record, text);
        return;
    case PHASE_ROLLING_BACK:
        add_rolling_back(record, text);
        return;
    case PHASE_PROMOTED:
        add_promoted(record, text);
        return;
    case PHASE_ROLLED_BACK:
        add_rolled_back(record, text);
        return;
    case PHASE_REJECTED:
        text_add(text, "%s was rejected: ", version);
        add_ending(record, text);
        add_why(record, text);
        return;
    case PHASE_CANCELLED:
        text_add(text, "%s was cancelled before it had any effect", version);
        return;
    case PHASE_SUPERSEDED:
        text_add(text, "%s was superseded by a newer deployment before it had any effect", version);
        return;
    case PHASE_COUNT:
        return;
    }
}

/* What it needs is there; the others of its group are not so far. */
static void add_waits(const struct record *record, struct text *text)
{
    for (uint8_t i = 0; i < record->waits.count; i++)
        text_add(text, "%s %s", i == 0 ? "; it waits for" : ",", record->waits.names[i]);
}

void record_summary(const struct record *record, char to[RECORD_SUMMARY_SIZE])
{
    struct text text;

    text_init(&text, to, RECORD_SUMMARY_SIZE);
    text_add(&text, "%s/%s ", record->row->service, record->row->environment);
    add_phase(record, &text);
    add_waits(record, &text);
}
