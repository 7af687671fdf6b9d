/* record.c - what can be said about one deployment besides its summary.
 * SPDX-License-Identifier: MIT */
#include "api/record.h"

#include "base/duration.h"
#include "config/gates.h"
#include "engine/snapshot.h"
#include "orchestrator/deployment.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

bool record_is_done(const struct record *record)
{
    return phase_is_terminal(record->state->phase) || record->state->is_escalated;
}

void record_etag(const struct record *record, char to[RECORD_ETAG_SIZE])
{
    const struct deployment_state *state = record->state;
    const uint64_t fields[] = {state->phase,         state->step_state,
                               state->ending,        state->hold,
                               state->part,          state->care,
                               state->is_escalated,  state->is_unverified,
                               state->is_full,       state->would_roll_back,
                               state->step,          state->attempt,
                               state->approvals,     state->last_sequence,
                               state->desired_share, state->confirmed_share,
                               state->passing,       state->muted,
                               state->recorded,      state->confirmed_mirror,
                               state->is_down};

    (void)snprintf(to, RECORD_ETAG_SIZE, "\"dep_%" PRIu64 "-%016" PRIx64 "\"", state->id,
                   snapshot_hash(fields, sizeof(fields)));
}

const struct plan_step *record_step(const struct record *record)
{
    const struct definition *definition = record->definition;

    if (definition == NULL || record->state->step >= definition->plan->count)
        return NULL;
    return &definition->plan->steps[record->state->step];
}

static const char *name_of_reference(const struct definition *definition, const struct plan_step *step)
{
    if (step->kind == STEP_COMMAND && step->reference < definition->command_count)
        return definition->commands[step->reference].name;
    if (step->kind == STEP_SMOKE && step->reference < definition->smoke_count)
        return definition->smokes[step->reference].name;
    if (step->kind == STEP_GATE && step->reference < definition->gate_count)
        return definition->gates[step->reference].name;
    return "";
}

void record_step_text(const struct definition *definition, const struct plan_step *step, struct text *text)
{
    char duration[DURATION_TEXT_MAX];

    switch (step->kind) {
    case STEP_COMMAND:
        text_add(text, "command %s", name_of_reference(definition, step));
        return;
    case STEP_SMOKE:
        text_add(text, "smoke test %s", name_of_reference(definition, step));
        return;
    case STEP_ROUTE:
        text_add(text, step->share > 0 ? "route %g %%" : "route %g %%, testers alone", step->share / 100.0);
        return;
    case STEP_MIRROR:
        if (step->share > 0)
            text_add(text, "copy %g %% of the requests", step->share / 100.0);
        else
            text_add(text, "end the copies");
        return;
    case STEP_OBSERVE:
        text_add(text, "%s for %s", step->is_watch ? "watch" : "observe",
                 duration_format(step->duration_ms, duration, sizeof(duration)));
        return;
    case STEP_APPROVE:
        text_add(text, "approval by %u %s", step->approvals, step->approvals == 1 ? "person" : "people");
        return;
    case STEP_GATE:
        text_add(text, "gate %s", name_of_reference(definition, step));
        return;
    case STEP_REPLACE:
        text_add(text, "replace %u of %u hosts, %u at a time", step->hosts, definition->plan->host_count,
                 step->batch);
        return;
    }
}

void record_approvers(const struct definition *definition, const char *actor, struct text *text)
{
    for (size_t i = 0; i < definition->approver_count; i++)
        text_add(text, "%s%s", i == 0 ? "" : ", ", definition->approvers[i]);
    if (definition->approver_count == 0)
        text_add(text, "whoever may approve");
    if (definition->not_author && actor[0] != '\0')
        text_add(text, ", but not %s", actor);
}

const char *record_state_text(const struct deployment_state *state)
{
    bool is_moving = state->phase == PHASE_RUNNING || state->phase == PHASE_WATCHING;

    if (is_moving && state->step_state == STEP_HELD)
        return "held";
    if (is_moving && state->step_state == STEP_WAITING)
        return state->flight.kind == ACTION_GATE ? "waiting for a gate" : "waiting for people";
    return phase_name(state->phase);
}

const char *record_unit(const struct definition *definition, size_t rule)
{
    const struct rule_definition *row = &definition->rules[rule];

    if (row->rule.metric_count == 0 || row->metrics[0] >= definition->metric_count)
        return "";
    const struct metric_definition *metric = &definition->metrics[row->metrics[0]];
    bool is_tail = row->rule.kind == RULE_COMPARISON && row->rule.comparison.test == COMPARISON_LATENCY_TAIL;
    if (is_tail || (metric->unit[0] == '\0' && metric->kind == SERIES_COUNT))
        return "ratio"; /* of a tail: the requests above its bound */
    return metric->unit;
}

double record_worst_ratio(const struct definition *definition, size_t rule, const struct judgement *judgement)
{
    const struct rule *row = &definition->rules[rule].rule;

    if (row->kind != RULE_COMPARISON || judgement->verdict != VERDICT_PASS || !isfinite(judgement->estimate))
        return NAN;
    return row->metrics[0].is_lower_better ? judgement->upper : judgement->lower;
}

struct record_basis record_basis(const struct definition *definition, size_t rule,
                                 const struct rule_state *state)
{
    const struct rule *row = &definition->rules[rule].rule;
    bool is_bet = row->kind == RULE_COMPARISON && state->wager.other.blocks > 0;

    if (!is_bet)
        return (struct record_basis){.dispersion = NAN, .autocorrelation = NAN};
    return (struct record_basis){.form = state->wager.is_poisson != 0 ? "poisson" : "robust",
                                 .dispersion = dispersion_of_neighbours(&state->wager.other),
                                 .autocorrelation = dispersion_likeness(&state->wager.other)};
}

void record_doubts(const struct definition *definition, size_t rule, const struct rule_state *state,
                   struct text *text)
{
    const struct comparison *comparison = &definition->rules[rule].rule.comparison;
    const struct record_basis basis = record_basis(definition, rule, state);
    const struct dispersion *other = &state->wager.other;
    char block[DURATION_TEXT_MAX];

    if (basis.form == NULL)
        return;
    if (comparison->form == FORM_POISSON && dispersion_has_bursts(other))
        text_add(
            text,
            "events of the other side come in bursts: they scatter %.3g times as much as independent ones "
            "(%" PRIu64 " blocks), so form poisson takes good versions back more often than alpha says; "
            "auto and robust do not. ",
            basis.dispersion, other->blocks);
    if (dispersion_has_spells(other))
        text_add(text,
                 "neighbouring blocks of the other side are alike (correlation %.2f, %" PRIu64 " blocks): "
                 "changes that both sides share cancel, but what lasts longer than a block of %s on one side "
                 "alone may look like the version; longer blocks and more instances help. ",
                 basis.autocorrelation, other->blocks,
                 duration_format(comparison->block_ms, block, sizeof(block)));
    if (text->length > 0)
        text->data[--text->length] = '\0';
}

double record_downtime_s(const struct record *record)
{
    const struct deployment_state *state = record->state;
    int64_t down_ms = state->down_ms;

    if (state->is_down && record->is_live && !phase_is_terminal(state->phase))
        down_ms += record->now_ms - state->down_from_ms;
    return down_ms > 0 ? (double)down_ms / 1000.0 : (double)NAN;
}

const char *record_against(const struct definition *definition, size_t rule,
                           const struct judgement *judgement, char to[AGAINST_TEXT_MAX])
{
    const struct rule *row = &definition->rules[rule].rule;

    against_name(&row->comparison, row->kind == RULE_COMPARISON ? judgement->against : 0, to);
    return to;
}

void record_value(double value, const char *unit, struct text *text)
{
    bool is_ratio = strcmp(unit, "ratio") == 0;
    double shown = is_ratio ? value * 100.0 : value;

    if (!isfinite(value)) {
        text_add(text, "?");
        return;
    }
    text_add(text, fabs(shown) >= 1000.0 ? "%.0f" : "%.3g", shown);
    if (is_ratio)
        text_add(text, " %%");
    else if (unit[0] != '\0')
        text_add(text, " %s", unit);
}
