/* telling.c - what happened on the stage, in words.
 * SPDX-License-Identifier: MIT */
#include "scenarios/stage.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void stage_tell(struct stage *stage, bool is_strict, uint64_t deployment, const char *format, ...)
{
    va_list arguments;

    if (stage->told_count == STAGE_TOLD_MAX) {
        (void)fprintf(stderr, "too much is told\n");
        abort();
    }
    struct told *told = &stage->told[stage->told_count++];
    told->at_ms = stage->bench.now_ms - stage->start_ms;
    told->is_strict = is_strict;
    int length = deployment > 1
                     ? snprintf(told->text, sizeof(told->text), "%llu: ", (unsigned long long)deployment)
                     : 0;
    va_start(arguments, format);
    (void)vsnprintf(told->text + length, sizeof(told->text) - (size_t)length, format, arguments);
    va_end(arguments);
}

static double percent(uint32_t share)
{
    return (double)share * 100 / SHARE_WHOLE;
}

static const char *rule_name(const struct stage *stage, uint32_t rule)
{
    if (rule == FAIL_LOST)
        return "lost";
    return rule < stage->plan.rule_count ? stage->story->rule_names[rule] : "smoke";
}

static const char *command_name(const struct stage *stage, uint16_t reference)
{
    return reference < STORY_COMMANDS_MAX ? stage->story->command_names[reference] : "?";
}

/* " host 2 to 3 old": of a batch; hosts count from 1 in stories. */
static const char *hosts_of(const struct action *action, char to[STAGE_TEXT_MAX])
{
    const char *version = action->is_previous ? " old" : "";

    to[0] = '\0';
    if (action->batch == 1)
        (void)snprintf(to, STAGE_TEXT_MAX, " host %u%s", action->host + 1U, version);
    else if (action->batch > 1)
        (void)snprintf(to, STAGE_TEXT_MAX, " host %u to %u%s", action->host + 1U,
                       (unsigned)action->host + action->batch, version);
    return to;
}

void stage_tell_start(struct stage *stage, const struct bench_note *note)
{
    const struct action *action = &note->action;
    const char *how = note->is_ahead ? " ahead" : action->is_new ? "" : " again";
    const char *kind = action_kind_name(action->kind);
    char hosts[STAGE_TEXT_MAX];

    switch (action->kind) {
    case ACTION_ROUTE:
        stage_tell(stage, true, note->deployment, "> route %g%%%s", percent(action->share), how);
        return;
    case ACTION_MIRROR:
        stage_tell(stage, true, note->deployment, "> mirror %g%%%s", percent(action->share), how);
        return;
    case ACTION_COMMAND:
    case ACTION_CANCEL:
        stage_tell(stage, true, note->deployment, "> %s %s%s%s", kind, command_name(stage, action->reference),
                   hosts_of(action, hosts), how);
        return;
    case ACTION_NONE:
    case ACTION_REHEARSE:
    case ACTION_SMOKE:
    case ACTION_VERIFY:
    case ACTION_GATE:
        stage_tell(stage, true, note->deployment, "> %s%s%s", kind, hosts_of(action, hosts), how);
        return;
    }
}

/* How `wait` ends, from what the journal holds. */
static void tell_exit(struct stage *stage, uint64_t deployment)
{
    struct deployment_state state;

    for (uint32_t i = 0; i < stage->bench.live_count; i++) {
        const struct bench_live *live = stage->bench.lives[i];
        if (live->id == deployment && snapshot_read_deployment(live->state, live->state_length, &state))
            stage_tell(stage, true, deployment, "exit %d", deployment_exit_code(&state));
    }
}

static void tell_phase(struct stage *stage, uint64_t deployment, const struct trace *trace)
{
    enum deployment_phase phase = (enum deployment_phase)trace->a;
    enum ending ending = (enum ending)trace->b;

    if (ending == ENDING_NONE)
        stage_tell(stage, true, deployment, "%s", phase_name(phase));
    else
        stage_tell(stage, true, deployment, "%s %s", phase_name(phase), ending_name(ending));
    if (phase_is_terminal(phase))
        tell_exit(stage, deployment);
}

static void tell_number(struct stage *stage, uint64_t deployment, const struct trace *trace, bool is_strict)
{
    stage_tell(stage, is_strict, deployment, "%s %u", trace_kind_name(trace->kind), trace->a);
}

static void tell_rule(struct stage *stage, uint64_t deployment, const struct trace *trace)
{
    stage_tell(stage, true, deployment, "%s %s", trace_kind_name(trace->kind), rule_name(stage, trace->a));
}

static void tell_hold(struct stage *stage, uint64_t deployment, const struct trace *trace)
{
    const char *cause = hold_cause_name((enum hold_cause)trace->a);

    if (trace->b < stage->plan.rule_count)
        stage_tell(stage, true, deployment, "held %s %s", cause, rule_name(stage, trace->b));
    else
        stage_tell(stage, true, deployment, "held %s", cause);
}

static void tell_hosts(struct stage *stage, uint64_t deployment, const struct trace *trace)
{
    const char *kind = trace->kind == TRACE_HOSTS_TAKEN ? "taken" : "ready";

    if (trace->b > 1)
        stage_tell(stage, true, deployment, "%s host %u to %u", kind, trace->a + 1, trace->a + trace->b);
    else
        stage_tell(stage, true, deployment, "%s host %u", kind, trace->a + 1);
}

static void tell_trace(struct stage *stage, uint64_t deployment, const struct trace *trace)
{
    const char *kind = trace_kind_name(trace->kind);

    switch (trace->kind) {
    case TRACE_PHASE:
        tell_phase(stage, deployment, trace);
        return;
    case TRACE_ACTION:
    case TRACE_RESULT:
        return;
    case TRACE_CONFIRMED:
    case TRACE_MIRRORED:
    case TRACE_DOWNTIME:
        stage_tell(stage, false, deployment, "%s %g%%", kind, percent(trace->a));
        return;
    case TRACE_STEP:
    case TRACE_STEP_PASS:
    case TRACE_APPROVED:
        tell_number(stage, deployment, trace, false);
        return;
    case TRACE_FAIL:
    case TRACE_WOULD_FAIL:
    case TRACE_MUTED:
        tell_rule(stage, deployment, trace);
        return;
    case TRACE_HELD:
        tell_hold(stage, deployment, trace);
        return;
    case TRACE_APPROVAL_WANTED:
    case TRACE_REMINDED:
        stage_tell(stage, true, deployment, "%s %u", kind, trace->b);
        return;
    case TRACE_DRIFT:
        stage_tell(stage, true, deployment, "%s %g%%", kind, percent(trace->a));
        return;
    case TRACE_RETIRED:
        stage_tell(stage, true, deployment, trace->a != 0 ? "%s" : "%s never", kind);
        return;
    case TRACE_DISASTER_OVER:
        stage_tell(stage, true, deployment, trace->a != 0 ? "%s" : "%s badly", kind);
        return;
    case TRACE_BRAKED:
        stage_tell(stage, true, deployment, trace->a != 0 ? "%s fleet" : "%s service", kind);
        return;
    case TRACE_HOSTS_TAKEN:
    case TRACE_HOSTS_READY:
        tell_hosts(stage, deployment, trace);
        return;
    case TRACE_OVERRIDE:
    case TRACE_RESUMED:
    case TRACE_REJECTED:
    case TRACE_ESCALATED:
    case TRACE_QUARANTINE:
    case TRACE_ADOPTED:
    case TRACE_FORGOTTEN:
    case TRACE_EMERGENCY:
    case TRACE_DISASTER:
        stage_tell(stage, true, deployment, "%s", kind);
        return;
    case TRACE_RETRIED:
        stage_tell(stage, true, deployment, trace->b != 0 ? "%s %u, out of quarantine" : "%s %u", kind,
                   trace->a);
        return;
    }
}

/* Traces alone; those of the target's verbs are their answers' twins. */
void stage_tell_row(struct stage *stage, const struct bench_note *note)
{
    if (note->row == ROW_TRACE && note->deployment != 0)
        tell_trace(stage, note->deployment, &note->trace);
}

void stage_tell_answer(struct stage *stage, const struct bench_note *note)
{
    static const char *const answers[] = {
        [ENGINE_DONE] = "done",
        [ENGINE_ALREADY] = "already",
        [ENGINE_CONFLICT] = "conflict",
        [ENGINE_NOT_FOUND] = "not_found",
        [ENGINE_QUARANTINED] = "quarantined",
        [ENGINE_NO_STABLE] = "no_stable",
        [ENGINE_FROZEN] = "frozen",
        [ENGINE_BRAKED] = "braked",
        [ENGINE_FULL] = "full",
        [ENGINE_NOT_DURABLE] = "not_durable",
    };

    for (int i = 0; i < stage->asked_count; i++)
        if (stage->asked[i].token == note->token)
            stage_tell(stage, true, 0, "%s: %s", stage->asked[i].text, answers[note->answer]);
}
