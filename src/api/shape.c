/* shape.c - deployments, judgements and times as JSON.
 * SPDX-License-Identifier: MIT */
#include "api/shape.h"

#include "config/gates.h"
#include "io/clock.h"
#include "io/digest.h"
#include "io/traceparent.h"
#include "orchestrator/deployment.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const kinds[] = {[RULE_TRIGGER] = "trigger",
                                    [RULE_COMPARISON] = "comparison",
                                    [RULE_SHARE] = "share",
                                    [RULE_SCORE] = "score"};
static const char *const modes[] = {[RULE_ACT] = "act", [RULE_ASK] = "ask", [RULE_RECORD] = "record"};

void shape_time(cJSON *object, const char *name, int64_t wall_ms)
{
    char text[CLOCK_STAMP_SIZE];

    if (clock_stamp(wall_ms, text)[0] == '\0')
        cJSON_AddNullToObject(object, name);
    else
        cJSON_AddStringToObject(object, name, text);
}

void shape_trace(cJSON *object, const char *traceparent)
{
    struct traceparent trace;

    if (traceparent_read(traceparent, &trace))
        cJSON_AddStringToObject(object, "trace_id", trace.trace);
    else
        cJSON_AddNullToObject(object, "trace_id");
}

void shape_deployment_id(cJSON *object, const char *name, uint64_t deployment)
{
    char id[RECORD_ID_SIZE];

    (void)snprintf(id, sizeof(id), "dep_%" PRIu64, deployment);
    if (deployment == 0)
        cJSON_AddNullToObject(object, name);
    else
        cJSON_AddStringToObject(object, name, id);
}

void shape_judgement(cJSON *object, const struct judgement *judgement)
{
    cJSON_AddStringToObject(object, "verdict", verdict_name(judgement->verdict));
    cJSON_AddStringToObject(object, "reason", reason_name(judgement->reason));
    cJSON_AddNumberToObject(object, "value", judgement->value);
    cJSON_AddNumberToObject(object, "bound", judgement->bound);
    cJSON_AddNumberToObject(object, "estimate", judgement->estimate);
    cJSON_AddNumberToObject(object, "lower", judgement->lower);
    cJSON_AddNumberToObject(object, "upper", judgement->upper);
    cJSON_AddNumberToObject(object, "statistic", judgement->statistic);
    cJSON_AddNumberToObject(object, "limit", judgement->limit);
    cJSON_AddNumberToObject(object, "count", judgement->count);
    cJSON_AddNumberToObject(object, "stable_count", judgement->stable_count);
    cJSON_AddNumberToObject(object, "dropped", judgement->dropped);
    cJSON_AddNumberToObject(object, "dropped_percent", judgement->dropped_share / 100.0);
    cJSON_AddNumberToObject(object, "span_s", (double)(judgement->to_ms - judgement->from_ms) / 1000.0);
}

void shape_rule_judgement(cJSON *object, const struct definition *definition, size_t rule,
                          const struct judgement *judgement)
{
    char against[AGAINST_TEXT_MAX];

    shape_judgement(object, judgement);
    cJSON_AddNumberToObject(object, "worst_ratio", record_worst_ratio(definition, rule, judgement));
    if (record_against(definition, rule, judgement, against)[0] != '\0')
        cJSON_AddStringToObject(object, "against", against);
}

static const char *state_of_step(const struct deployment_state *state, uint8_t index)
{
    if (state->phase == PHASE_PROMOTED || index < state->step)
        return "done";
    if (index > state->step || state->phase == PHASE_QUEUED || state->phase == PHASE_ADMITTING)
        return "todo";
    switch (state->phase) {
    case PHASE_RUNNING:
    case PHASE_WATCHING:
        return "current";
    case PHASE_ROLLING_BACK:
    case PHASE_ROLLED_BACK:
        return "failed";
    case PHASE_QUEUED:
    case PHASE_ADMITTING:
    case PHASE_PROMOTED:
    case PHASE_REJECTED:
    case PHASE_CANCELLED:
    case PHASE_SUPERSEDED:
    case PHASE_COUNT:
        return "todo";
    }
    return "todo";
}

static cJSON *shape_step(const struct definition *definition, const struct deployment_state *state,
                         uint8_t index)
{
    const struct plan_step *step = &definition->plan->steps[index];
    cJSON *object = cJSON_CreateObject();
    char memory[256];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    record_step_text(definition, step, &text);
    cJSON_AddNumberToObject(object, "index", index);
    cJSON_AddStringToObject(object, "kind", step_kind_name(step->kind));
    cJSON_AddStringToObject(object, "text", memory);
    cJSON_AddStringToObject(object, "state", state_of_step(state, index));
    if (step->kind == STEP_ROUTE || step->kind == STEP_MIRROR)
        cJSON_AddNumberToObject(object, "share", step->share / 100.0);
    if (step->kind == STEP_REPLACE)
        cJSON_AddNumberToObject(object, "hosts", step->hosts);
    if (step->kind == STEP_OBSERVE) {
        cJSON_AddBoolToObject(object, "watch", step->is_watch);
        cJSON_AddNumberToObject(object, "duration_s", (double)step->duration_ms / 1000.0);
    }
    if (step->kind == STEP_APPROVE)
        cJSON_AddNumberToObject(object, "approvals", step->approvals);
    return object;
}

static void add_steps(cJSON *object, const struct record *record)
{
    cJSON *steps = cJSON_AddArrayToObject(object, "steps");

    for (uint8_t i = 0; record->definition != NULL && i < record->definition->plan->count; i++)
        cJSON_AddItemToArray(steps, shape_step(record->definition, record->state, i));
}

/* The step under way: what it is, and how far. */
static void add_step(cJSON *object, const struct record *record)
{
    const struct deployment_state *state = record->state;
    bool is_moving = state->phase == PHASE_RUNNING || state->phase == PHASE_WATCHING;

    if (!is_moving || record_step(record) == NULL) {
        cJSON_AddNullToObject(object, "step");
        return;
    }
    cJSON *step = shape_step(record->definition, state, state->step);
    cJSON_DeleteItemFromObject(step, "state");
    cJSON_AddStringToObject(step, "state", step_state_name(state->step_state));
    cJSON_AddNumberToObject(step, "attempt", state->attempt);
    cJSON_AddNumberToObject(step, "count", record->definition->plan->count);
    cJSON_AddNumberToObject(step, "observed_s", (double)state->observed_ms / 1000.0);
    if (record->is_live)
        cJSON_AddNumberToObject(step, "since_s", (double)(record->now_ms - state->step_entered_ms) / 1000.0);
    cJSON_AddItemToObject(object, "step", step);
}

static void add_basis(cJSON *object, const struct definition *definition, size_t rule,
                      const struct rule_state *state)
{
    const struct record_basis basis = record_basis(definition, rule, state);
    char memory[RECORD_DOUBTS_SIZE];
    struct text text;

    if (basis.form == NULL)
        return;
    text_init(&text, memory, sizeof(memory));
    record_doubts(definition, rule, state, &text);
    cJSON_AddStringToObject(object, "form", basis.form);
    cJSON_AddNumberToObject(object, "dispersion", basis.dispersion);
    cJSON_AddNumberToObject(object, "autocorrelation", basis.autocorrelation);
    cJSON_AddStringToObject(object, "doubts", memory);
}

static cJSON *shape_rule(const struct record *record, size_t index)
{
    const struct rule_definition *rule = &record->definition->rules[index];
    const uint32_t bit = UINT32_C(1) << index;
    char hex[DIGEST_SHA256_HEX_SIZE];
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "name", rule->name);
    cJSON_AddStringToObject(object, "condition", rule->text);
    digest_sha256_hex(rule->text, strlen(rule->text), hex);
    cJSON_AddStringToObject(object, "sha256", hex);
    cJSON_AddStringToObject(object, "kind", kinds[rule->rule.kind]);
    cJSON_AddStringToObject(object, "mode", modes[rule->rule.mode]);
    cJSON_AddStringToObject(object, "then", rule->rule.outcome == RULE_ROLLBACK ? "rollback" : "hold");
    cJSON_AddBoolToObject(object, "muted", (record->state->muted & bit) != 0);
    cJSON_AddBoolToObject(object, "decided", record->state->failed_rule == index);
    cJSON_AddStringToObject(object, "unit", record_unit(record->definition, index));
    if (record->rules != NULL)
        shape_rule_judgement(object, record->definition, index, &record->rules[index].last);
    if (record->rules != NULL)
        add_basis(object, record->definition, index, &record->rules[index]);
    return object;
}

static void add_rules(cJSON *object, const struct record *record)
{
    cJSON *rules = cJSON_AddArrayToObject(object, "rules");

    for (size_t i = 0; record->definition != NULL && i < record->definition->rule_count; i++)
        cJSON_AddItemToArray(rules, shape_rule(record, i));
}

static void add_approvals(cJSON *object, const struct record *record)
{
    const struct plan_step *step = record_step(record);
    char memory[RECORD_SUMMARY_SIZE];
    char answer[RECORD_ID_SIZE + 16];
    struct text who;

    if (record->state->step_state != STEP_WAITING || step == NULL || step->kind != STEP_APPROVE) {
        cJSON_AddNullToObject(object, "approvals");
        return;
    }
    cJSON *approvals = cJSON_AddObjectToObject(object, "approvals");
    cJSON_AddNumberToObject(approvals, "needed", step->approvals);
    cJSON_AddNumberToObject(approvals, "got", record->state->approvals);
    cJSON *from = cJSON_AddArrayToObject(approvals, "from");
    for (size_t i = 0; i < record->definition->approver_count; i++)
        cJSON_AddItemToArray(from, cJSON_CreateString(record->definition->approvers[i]));
    text_init(&who, memory, sizeof(memory));
    record_approvers(record->definition, record->row->actor, &who);
    cJSON_AddStringToObject(approvals, "approvers", memory);
    (void)snprintf(answer, sizeof(answer), "verdict approve dep_%" PRIu64, record->row->id);
    cJSON_AddStringToObject(approvals, "answer", answer);
}

static void add_texts(cJSON *object, const struct journal_deployment *row)
{
    cJSON_AddStringToObject(object, "service", row->service);
    cJSON_AddStringToObject(object, "environment", row->environment);
    cJSON_AddStringToObject(object, "version", row->version);
    cJSON_AddStringToObject(object, "digest", row->digest);
    cJSON_AddStringToObject(object, "previous", row->previous);
    cJSON_AddStringToObject(object, "kind", row->kind == PLAN_ROLLBACK ? "rollback" : "deploy");
    cJSON_AddStringToObject(object, "strategy", row->strategy);
    cJSON_AddStringToObject(object, "actor", row->actor);
    cJSON_AddStringToObject(object, "reason", row->reason);
    cJSON_AddStringToObject(object, "run_url", row->run_url);
    cJSON_AddStringToObject(object, "commit", row->commit);
    shape_trace(object, row->traceparent);
    shape_time(object, "created", row->created_ms);
    shape_time(object, "changed", row->changed_ms);
    shape_time(object, "ended", row->ended_ms);
}

/* Of the step that waits for one. */
static void add_gate(cJSON *object, const struct record *record)
{
    const struct plan_step *step = record_step(record);

    if (step == NULL || step->kind != STEP_GATE || record->state->step_state != STEP_WAITING) {
        cJSON_AddNullToObject(object, "gate");
        return;
    }
    cJSON *shape = cJSON_AddObjectToObject(object, "gate");
    cJSON_AddStringToObject(shape, "name", record->definition->gates[step->reference].name);
    cJSON_AddStringToObject(shape, "said", gate_answer_name(record->state->gate));
}

/* Of one that waits for it. */
static void add_lock(cJSON *object, const struct api_lock *lock)
{
    char holder[RECORD_ID_SIZE];

    if (lock->name == NULL) {
        cJSON_AddNullToObject(object, "lock");
        return;
    }
    cJSON *shape = cJSON_AddObjectToObject(object, "lock");
    (void)snprintf(holder, sizeof(holder), "dep_%" PRIu64, lock->holder);
    cJSON_AddStringToObject(shape, "name", lock->name);
    cJSON_AddStringToObject(shape, "held_by", holder);
    cJSON_AddStringToObject(shape, "service", lock->service);
    cJSON_AddStringToObject(shape, "environment", lock->environment);
}

static void add_state(cJSON *object, const struct record *record)
{
    const struct deployment_state *state = record->state;
    int exit_code = deployment_exit_code(state);
    char summary[RECORD_SUMMARY_SIZE];

    cJSON_AddStringToObject(object, "state", phase_name(state->phase));
    cJSON_AddStringToObject(object, "step_state", step_state_name(state->step_state));
    cJSON_AddStringToObject(object, "ending", ending_name(state->ending));
    if (state->hold == HOLD_NONE)
        cJSON_AddNullToObject(object, "hold");
    else
        cJSON_AddStringToObject(object, "hold", hold_cause_name(state->hold));
    cJSON_AddBoolToObject(object, "emergency", state->is_emergency);
    cJSON_AddBoolToObject(object, "stable_is_bad", state->is_stable_bad);
    cJSON_AddBoolToObject(object, "escalated", state->is_escalated);
    cJSON_AddBoolToObject(object, "unverified", state->is_unverified);
    cJSON_AddBoolToObject(object, "would_roll_back", state->would_roll_back);
    cJSON_AddNumberToObject(object, "share", state->confirmed_share / 100.0);
    cJSON_AddNumberToObject(object, "desired_share", state->desired_share / 100.0);
    cJSON_AddNumberToObject(object, "mirror", state->confirmed_mirror / 100.0);
    cJSON_AddNumberToObject(object, "downtime_s", record_downtime_s(record));
    cJSON_AddBoolToObject(object, "done", record_is_done(record));
    if (exit_code < 0)
        cJSON_AddNullToObject(object, "exit_code");
    else
        cJSON_AddNumberToObject(object, "exit_code", exit_code);
    record_summary(record, summary);
    cJSON_AddStringToObject(object, "summary", summary);
    cJSON_AddStringToObject(object, "why", record->why);
    shape_time(object, "opens", record->opens_wall_ms);
    add_lock(object, &record->lock);
    add_gate(object, record);
}

static void add_group(cJSON *object, const struct record *record)
{
    char id[RECORD_ID_SIZE];

    (void)snprintf(id, sizeof(id), "run_%" PRIu64, record->state->together);
    if (record->state->together == 0)
        cJSON_AddNullToObject(object, "group_run");
    else
        cJSON_AddStringToObject(object, "group_run", id);
    cJSON *waits = cJSON_AddArrayToObject(object, "waits_for");
    for (uint8_t i = 0; i < record->waits.count; i++)
        cJSON_AddItemToArray(waits, cJSON_CreateString(record->waits.names[i]));
}

static void add_possible(cJSON *object, const struct record *record)
{
    const char *verbs[RECORD_POSSIBLE_MAX];
    size_t count = record_possible(record, verbs);

    cJSON_AddItemToObject(object, "possible", cJSON_CreateStringArray(verbs, (int)count));
}

/* What `graph` can draw. */
static void add_metrics(cJSON *object, const struct record *record)
{
    cJSON *metrics = cJSON_AddArrayToObject(object, "metrics");

    for (size_t i = 0; record->definition != NULL && i < record->definition->metric_count; i++)
        cJSON_AddItemToArray(metrics, cJSON_CreateString(record->definition->metrics[i].name));
}

cJSON *shape_deployment(const struct record *record, bool is_full)
{
    cJSON *object = cJSON_CreateObject();
    char id[RECORD_ID_SIZE];

    (void)snprintf(id, sizeof(id), "dep_%" PRIu64, record->row->id);
    cJSON_AddStringToObject(object, "id", id);
    add_texts(object, record->row);
    add_state(object, record);
    add_group(object, record);
    add_possible(object, record);
    if (!is_full)
        return object;
    add_step(object, record);
    add_steps(object, record);
    add_rules(object, record);
    add_approvals(object, record);
    add_metrics(object, record);
    return object;
}
