/* judging.c - what is due is judged, and what a rule newly says is told to the machine.
 * SPDX-License-Identifier: MIT */
#include "engine/judging.h"

#include "engine/stepping.h"

struct rule_clock judging_clock(const struct deployment_state *state, int64_t now_ms)
{
    return (struct rule_clock){
        .now_ms = now_ms,
        .routed_ms = state->routed_ms == DEPLOYMENT_NEVER ? SERIES_NEVER : state->routed_ms,
        .confirmed_ms = state->confirmed_ms == DEPLOYMENT_NEVER ? SERIES_NEVER : state->confirmed_ms,
        .share = state->confirmed_share,
        .is_stable_bad = state->is_stable_bad,
    };
}

static void tell(struct engine *engine, struct engine_slot *slot, uint8_t rule, enum verdict verdict)
{
    struct event event = {
        .kind = EVENT_JUDGEMENT, .now_ms = engine->batch.now_ms, .rule = rule, .verdict = verdict};

    if (slot->told[rule] == verdict)
        return;
    slot->told[rule] = (uint8_t)verdict;
    stepping_event(engine, slot, &event, 0);
}

static bool judge_rule(struct engine *engine, struct engine_slot *slot, uint8_t rule)
{
    struct metric_views views[RULE_METRICS_MAX];
    struct rule_clock clock = judging_clock(&slot->after, engine->batch.now_ms);
    struct rule_state *state = &slot->start.rule_states[rule];
    const struct rule *what = slot->start.rules[rule];

    slot->dirty &= ~(UINT32_C(1) << rule);
    slot->rule_deadline_ms[rule] = DEPLOYMENT_NEVER;
    if (!engine->env.views(engine->env.data, slot->id, rule, views))
        return false;
    if (what->kind == RULE_SCORE) {
        score_judge(&what->score, slot->start.rule_states, slot->after.muted, &state->last);
        return true;
    }
    rule_judge(what, views, &clock, state, state, &state->last);
    slot->rule_deadline_ms[rule] = rule_deadline(what, views, &clock, state);
    return true;
}

/* A score has no series of its own: it follows its members. */
static bool follows(const struct rule *rule, uint32_t judged)
{
    for (uint8_t i = 0; i < rule->score.member_count; i++)
        if ((judged >> rule->score.members[i] & 1) != 0)
            return true;
    return false;
}

static bool is_to_be_judged(const struct engine *engine, const struct engine_slot *slot, uint8_t rule,
                            bool all, uint32_t judged)
{
    return all || follows(slot->start.rules[rule], judged) || (slot->dirty & (UINT32_C(1) << rule)) != 0 ||
           engine->batch.now_ms >= slot->rule_deadline_ms[rule];
}

static uint32_t note_judged(struct engine *engine, const struct engine_slot *slot, uint8_t rule)
{
    engine->judgements[slot->start.rule_states[rule].last.verdict]++;
    return UINT32_C(1) << rule;
}

/* Judges what has new values or a deadline of its own; with `all`, everything. All is judged before anything
 * is told, and what speaks against going on is told first: no step ends on half of the news. What
 * has gone back ahead of the journal passes nothing any more. */
void judging_judge(struct engine *engine, struct engine_slot *slot, bool all)
{
    uint32_t judged = 0;
    uint32_t attempt = slot->after.attempt;

    for (uint8_t i = 0; i < slot->start.plan->rule_count; i++)
        if (is_to_be_judged(engine, slot, i, all, judged) && judge_rule(engine, slot, i))
            judged |= note_judged(engine, slot, i);
    for (uint8_t i = 0; i < slot->start.plan->rule_count; i++)
        if ((judged & (UINT32_C(1) << i)) != 0 && slot->start.rule_states[i].last.verdict != VERDICT_PASS)
            tell(engine, slot, i, slot->start.rule_states[i].last.verdict);
    if (slot->has_left)
        return;
    for (uint8_t i = 0; i < slot->start.plan->rule_count && slot->after.attempt == attempt; i++)
        if ((judged & (UINT32_C(1) << i)) != 0 && slot->start.rule_states[i].last.verdict == VERDICT_PASS)
            tell(engine, slot, i, VERDICT_PASS);
}

/* Evidence for a pass counts from this step's confirmation on: a pass that is older says nothing (S2). */
static bool is_outdated(const struct engine_slot *slot, const struct judgement *judgement)
{
    return judgement->verdict == VERDICT_PASS && judgement->from_ms < slot->after.confirmed_ms;
}

void judging_take(struct engine *engine, struct engine_slot *slot, const struct input *input)
{
    uint8_t rule = input->judged.rule;

    if (rule >= slot->start.plan->rule_count || is_outdated(slot, &input->judged.judgement))
        return;
    slot->start.rule_states[rule].last = input->judged.judgement;
    slot->told[rule] = ENGINE_TOLD_NOTHING;
    tell(engine, slot, rule, input->judged.judgement.verdict);
}

uint64_t engine_judgements(const struct engine *engine, enum verdict verdict)
{
    return engine->judgements[verdict];
}
