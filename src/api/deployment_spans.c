/* deployment_spans.c - rows of the journal as spans.
 * SPDX-License-Identifier: MIT */
#include "api/deployment_spans.h"

#include "api/record.h"
#include "api/span_id.h"
#include "config/gates.h"
#include "orchestrator/deployment.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 256 };

static const char *const results[] = {
    [RESULT_DONE] = "done",
    [RESULT_AGAIN] = "again",
    [RESULT_FAILED] = "failed",
    [RESULT_UNKNOWN] = "unknown",
};

/* Did it do what it was to do? NULL: neither, since nothing was tried. */
static const char *status_of(const struct deployment_state *state)
{
    bool is_trial = state->ending == ENDING_PASSED;

    switch (state->phase) {
    case PHASE_PROMOTED:
        return "succeeded";
    case PHASE_ROLLED_BACK:
        return is_trial ? "succeeded" : "failed";
    case PHASE_REJECTED:
        return "failed";
    case PHASE_QUEUED:
    case PHASE_ADMITTING:
    case PHASE_RUNNING:
    case PHASE_WATCHING:
    case PHASE_ROLLING_BACK:
    case PHASE_CANCELLED:
    case PHASE_SUPERSEDED:
    case PHASE_COUNT:
        return NULL;
    }
    return NULL;
}

/* What it is about, as everybody names it. */
static void describe(cJSON *owner, const struct journal_deployment *row)
{
    char text[NAME_SIZE];

    (void)snprintf(text, sizeof(text), "dep_%" PRIu64, row->id);
    span_text(owner, "deployment.id", text);
    (void)snprintf(text, sizeof(text), "%s/%s", row->service, row->environment);
    span_text(owner, "deployment.name", text);
    span_text(owner, "deployment.environment.name", row->environment);
}

static void describe_own(const struct deployment_spans *spans)
{
    const struct journal_deployment *row = spans->row;
    const struct deployment_state *state = &row->state;
    const char *status = status_of(state);
    char link[NAME_SIZE];

    describe(spans->own, row);
    span_text(spans->own, "deployment.status", status);
    span_text(spans->own, "artifact.version", row->version);
    span_text(spans->own, "artifact.hash", row->digest);
    span_text(spans->own, "vcs.ref.head.revision", row->commit);
    span_text(spans->own, "cicd.pipeline.run.url.full", row->run_url);
    (void)snprintf(link, sizeof(link), "%sdeployments/dep_%" PRIu64, spans->origin->link, row->id);
    span_text(spans->own, "verdict.link", spans->origin->link[0] == '\0' ? NULL : link);
    span_text(spans->own, "verdict.service", row->service);
    span_text(spans->own, "verdict.kind", row->kind == PLAN_ROLLBACK ? "rollback" : "deploy");
    span_text(spans->own, "verdict.previous", row->previous);
    span_text(spans->own, "verdict.strategy", row->strategy);
    span_text(spans->own, "verdict.state", phase_name(state->phase));
    span_text(spans->own, "verdict.ending", ending_name(state->ending));
    span_flag(spans->own, "verdict.escalated", state->is_escalated);
    span_text(spans->own, "verdict.actor", row->actor);
    span_text(spans->own, "verdict.actor.reason", row->reason);
    if (status != NULL && strcmp(status, "failed") == 0)
        span_fail(spans->own, ending_name(state->ending), row->why);
}

bool deployment_spans_begin(struct deployment_spans *spans, const struct spans_origin *origin,
                            const struct journal_deployment *row, const struct definition *definition)
{
    char name[NAME_SIZE];

    *spans = (struct deployment_spans){.origin = origin, .row = row, .definition = definition};
    if (!traceparent_read(row->traceparent, &spans->trace) || !spans->trace.is_sampled)
        return false;
    spans_begin(&spans->spans, origin, spans->trace.trace);
    describe(spans->spans.resource, row);
    span_id_deployment(origin->instance, row->id, spans->id);
    (void)snprintf(name, sizeof(name), "%s %s/%s", row->kind == PLAN_ROLLBACK ? "rollback" : "deploy",
                   row->service, row->environment);
    const struct span_about about = {.id = spans->id,
                                     .parent = spans->trace.parent,
                                     .name = name,
                                     .kind = SPAN_SERVER,
                                     .begin_ms = row->created_ms,
                                     .end_ms = row->ended_ms};
    spans->own = spans_add(&spans->spans, &about);
    describe_own(spans);
    return true;
}

void deployment_spans_taken_back(struct deployment_spans *spans, const struct journal_deployment *promoted)
{
    struct traceparent trace;
    char id[TRACEPARENT_SPAN_SIZE];

    (void)snprintf(id, sizeof(id), "dep_%" PRIu64, promoted->id);
    span_text(spans->own, "verdict.taken_back", id);
    span_id_deployment(spans->origin->instance, promoted->id, id);
    if (traceparent_read(promoted->traceparent, &trace))
        span_link(spans->own, trace.trace, id);
}

static cJSON *add(struct deployment_spans *spans, const char *id, const char *parent, const char *name,
                  int64_t begin_ms, int64_t end_ms)
{
    const struct span_about about = {.id = id,
                                     .parent = parent,
                                     .name = name,
                                     .kind = SPAN_INTERNAL,
                                     .begin_ms = begin_ms,
                                     .end_ms = end_ms};

    return spans_add(&spans->spans, &about);
}

static void end_part(struct deployment_spans *spans, int64_t at_ms)
{
    span_set_end(spans->part, spans->part_began_ms, at_ms);
    span_text(spans->part, "verdict.verdict", spans->verdict);
    spans->part = NULL;
    spans->verdict = NULL;
}

static void begin_part(struct deployment_spans *spans, const char *name, int64_t at_ms)
{
    char id[TRACEPARENT_SPAN_SIZE];

    end_part(spans, at_ms);
    span_id_part(spans->origin->instance, spans->row->id, name, id);
    spans->part = add(spans, id, spans->id, name, at_ms, at_ms);
    spans->part_began_ms = at_ms;
}

static const struct plan_step *step_at(const struct deployment_spans *spans, uint32_t index)
{
    const struct definition *definition = spans->definition;

    return definition == NULL || index >= definition->plan->count ? NULL : &definition->plan->steps[index];
}

static void begin_step(struct deployment_spans *spans, uint32_t index, uint32_t attempt, int64_t at_ms)
{
    const struct plan_step *step = step_at(spans, index);
    char id[TRACEPARENT_SPAN_SIZE];
    char name[NAME_SIZE];
    struct text text;

    text_init(&text, name, sizeof(name));
    if (step == NULL)
        text_add(&text, "step %" PRIu32, index);
    else
        record_step_text(spans->definition, step, &text);
    end_part(spans, at_ms);
    span_id_step(spans->origin->instance, spans->row->id, attempt, id);
    cJSON *span = spans->part = add(spans, id, spans->id, name, at_ms, at_ms);
    spans->part_began_ms = at_ms;
    span_integer(span, "verdict.step", index);
    span_integer(span, "verdict.attempt", attempt);
    if (step == NULL)
        return;
    span_text(span, "verdict.step.kind", step->is_watch ? "watch" : step_kind_name(step->kind));
    if (step->kind == STEP_ROUTE || step->kind == STEP_MIRROR)
        span_number(span, "verdict.share", step->share / 100.0);
    if (step->kind == STEP_OBSERVE)
        spans->verdict = verdict_name(VERDICT_INCONCLUSIVE);
}

static void enter_phase(struct deployment_spans *spans, enum deployment_phase phase, int64_t at_ms)
{
    char id[TRACEPARENT_SPAN_SIZE];

    if (phase == PHASE_ADMITTING && at_ms > spans->row->created_ms) {
        span_id_part(spans->origin->instance, spans->row->id, "queued", id);
        (void)add(spans, id, spans->id, "queued", spans->row->created_ms, at_ms);
    }
    if (phase == PHASE_ADMITTING)
        begin_part(spans, "admission", at_ms);
    if (phase == PHASE_ROLLING_BACK) {
        begin_part(spans, "way back", at_ms);
        span_id_part(spans->origin->instance, spans->row->id, "way back", spans->back);
    }
    if (!phase_is_terminal(phase))
        return;
    end_part(spans, at_ms);
    spans->is_over = true;
}

/* What is told by the spans themselves. */
static bool is_shown(const char *what)
{
    static const enum trace_kind kinds[] = {TRACE_ACTION, TRACE_RESULT, TRACE_CONFIRMED, TRACE_HOSTS_TAKEN,
                                            TRACE_HOSTS_READY};

    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (strcmp(what, trace_kind_name(kinds[i])) == 0)
            return true;
    return strcmp(what, "accepted") == 0;
}

static const char *rule_name(const struct deployment_spans *spans, uint32_t rule)
{
    const struct definition *definition = spans->definition;

    return definition == NULL || rule >= definition->rule_count ? NULL : definition->rules[rule].name;
}

/* Of what somebody, or a rule, said. */
static void add_event(struct deployment_spans *spans, const struct journal_audit *row)
{
    bool is_fail = strcmp(row->what, trace_kind_name(TRACE_FAIL)) == 0;
    bool is_of_rule = is_fail || strcmp(row->what, trace_kind_name(TRACE_WOULD_FAIL)) == 0 ||
                      strcmp(row->what, trace_kind_name(TRACE_MUTED)) == 0;
    cJSON *event = span_event(spans->part == NULL ? spans->own : spans->part, row->what, row->wall_ms);

    if (is_of_rule)
        span_text(event, "verdict.rule", row->a == FAIL_SMOKE ? "smoke" : rule_name(spans, row->a));
    span_text(event, "verdict.actor", row->actor);
    span_text(event, "verdict.actor.reason", row->reason);
    if (!is_fail)
        return;
    spans->verdict = verdict_name(VERDICT_FAIL);
    span_fail(spans->part, "fail", row->reason);
}

void deployment_spans_audit(struct deployment_spans *spans, const struct journal_audit *row)
{
    if (spans->is_over)
        return;
    if (strcmp(row->what, trace_kind_name(TRACE_STEP)) == 0)
        begin_step(spans, row->a, row->b, row->wall_ms);
    else if (strcmp(row->what, trace_kind_name(TRACE_PHASE)) == 0)
        enter_phase(spans, (enum deployment_phase)row->a, row->wall_ms);
    else if (strcmp(row->what, trace_kind_name(TRACE_STEP_PASS)) == 0)
        spans->verdict = verdict_name(VERDICT_PASS);
    else if (!is_shown(row->what))
        add_event(spans, row);
}

static void name_action(const struct deployment_spans *spans, const struct journal_action *row,
                        struct text *text)
{
    const struct definition *definition = spans->definition;
    const char *kind = action_kind_name(row->kind);
    bool is_command = row->kind == ACTION_COMMAND || row->kind == ACTION_CANCEL;
    bool is_smoke = row->kind == ACTION_SMOKE || row->kind == ACTION_VERIFY;

    text_add(text, "%s", kind);
    if (row->kind == ACTION_ROUTE || row->kind == ACTION_MIRROR)
        text_add(text, " %g %%", row->share / 100.0);
    if (definition == NULL)
        return;
    if (is_command && row->reference < definition->command_count)
        text_add(text, " %s", definition->commands[row->reference].name);
    if (is_smoke && row->reference < definition->smoke_count)
        text_add(text, " %s", definition->smokes[row->reference].name);
    if (row->kind == ACTION_GATE && row->reference < definition->gate_count)
        text_add(text, " %s", definition->gates[row->reference].name);
}

static cJSON *find(const struct deployment_spans *spans, const char *id)
{
    cJSON *span = NULL;

    cJSON_ArrayForEach(span, spans->spans.list)
    {
        const char *one = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(span, "spanId"));
        if (one != NULL && strcmp(one, id) == 0)
            return span;
    }
    return NULL;
}

/* Below which part it stands: the way back, its step, or, where neither is there, the admission. */
static void parent_of(const struct deployment_spans *spans, const struct journal_action *row,
                      char to[TRACEPARENT_SPAN_SIZE])
{
    if (row->is_rollback && spans->back[0] != '\0')
        memcpy(to, spans->back, TRACEPARENT_SPAN_SIZE);
    else if (row->attempt > 0)
        span_id_step(spans->origin->instance, spans->row->id, row->attempt, to);
    else
        span_id_part(spans->origin->instance, spans->row->id, "admission", to);
    if (find(spans, to) == NULL)
        memcpy(to, spans->id, TRACEPARENT_SPAN_SIZE);
}

void deployment_spans_action(struct deployment_spans *spans, const struct journal_action *row)
{
    int64_t ended_ms = spans->row->ended_ms;
    int64_t end_ms = row->wall_ms + row->result_ms - row->intent_ms;
    char id[TRACEPARENT_SPAN_SIZE];
    char parent[TRACEPARENT_SPAN_SIZE];
    char name[NAME_SIZE];
    struct text text;

    if (row->wall_ms >= ended_ms)
        return;
    if (!row->has_result || end_ms > ended_ms) /* its clock is another one than that of the end */
        end_ms = ended_ms;
    text_init(&text, name, sizeof(name));
    name_action(spans, row, &text);
    parent_of(spans, row, parent);
    span_id_action(spans->origin->instance, spans->row->id, row->sequence, id);
    cJSON *span = add(spans, id, parent, name, row->wall_ms, end_ms);
    span_text(span, "verdict.action.kind", action_kind_name(row->kind));
    span_integer(span, "verdict.action.sequence", row->sequence);
    span_integer(span, "verdict.action.tries", row->tries);
    if (row->kind == ACTION_ROUTE || row->kind == ACTION_MIRROR)
        span_number(span, "verdict.share", row->share / 100.0);
    if (!row->has_result)
        return;
    span_text(span, "verdict.action.result", results[row->result]);
    if (row->result == RESULT_FAILED || row->result == RESULT_UNKNOWN)
        span_fail(span, results[row->result], "");
}

void deployment_spans_verdict(struct deployment_spans *spans, const struct journal_verdict *row)
{
    const struct judgement *judgement = &row->judgement;
    char id[TRACEPARENT_SPAN_SIZE];

    if (judgement->verdict != VERDICT_FAIL || row->wall_ms > spans->row->ended_ms)
        return;
    span_id_step(spans->origin->instance, spans->row->id, row->attempt, id);
    cJSON *span = find(spans, id);
    cJSON *event = span_event(span == NULL ? spans->own : span, "verdict", row->wall_ms);
    span_text(event, "verdict.verdict", verdict_name(judgement->verdict));
    span_text(event, "verdict.rule", rule_name(spans, row->rule));
    if (rule_name(spans, row->rule) != NULL)
        span_text(event, "verdict.condition", spans->definition->rules[row->rule].text);
    span_text(event, "verdict.reason", reason_name(judgement->reason));
    span_number(event, "verdict.value", judgement->value);
    span_number(event, "verdict.bound", judgement->bound);
    span_number(event, "verdict.count", judgement->count);
}

char *deployment_spans_end(struct deployment_spans *spans)
{
    end_part(spans, spans->row->ended_ms);
    return spans_end(&spans->spans);
}
