/* oracle_evidence.c - was there data behind a pass (S4)? And is what was written all there is (S16)?
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/oracle_parts.h"

#include "tests/simulation/world.h"

#include <string.h>

/* Counts anew what a side sent since an instant, without the judge's code. */
struct recount {
    double amount;
    double events;
    bool is_fresh;
};

static bool is_number(const struct series_view *view, const struct series_step *step)
{
    return isfinite(step->value) && isfinite(step->total) &&
           (view->kind == SERIES_GAUGE || (step->value >= 0 && step->total >= 0));
}

static struct recount count_since(const struct series_view *view, int64_t from_ms, int64_t now_ms,
                                  int64_t age_max_ms)
{
    struct recount count = {0};

    for (int64_t i = 0; i < SAMPLES_STEPS; i++) {
        int64_t number = view->newest_step - i;
        const struct series_step *step = number < 0 ? NULL : series_view_at(view, number);
        if (step == NULL || number * SAMPLES_STEP_MS < from_ms || !is_number(view, step))
            continue;
        count.amount += view->kind == SERIES_GAUGE ? 1 : step->total;
        count.events += step->value;
    }
    count.is_fresh = view->trouble == SERIES_FINE && view->newest_step != SERIES_NEVER &&
                     (view->newest_step + 1) * SAMPLES_STEP_MS >= now_ms - age_max_ms;
    return count;
}

/* Does the condition read this metric's value on the candidate's side? */
static bool is_read(const struct expression *condition, uint8_t metric)
{
    for (uint8_t i = 0; i < condition->count; i++) {
        const struct expression_node *node = &condition->nodes[i];
        if (node->op >= EXPRESSION_VALUE && node->op <= EXPRESSION_QUANTILE && node->metric == metric &&
            node->side == SIDE_CANDIDATE)
            return true;
    }
    return false;
}

static bool is_declared(const struct rule_metric *metric, const struct series_view *view)
{
    return view->trouble == SERIES_NO_DATA &&
           (metric->no_data == NO_DATA_PASS || metric->no_data == NO_DATA_ZERO);
}

static bool has_data(const struct rule *rule, const struct metric_views *views, int64_t from_ms,
                     int64_t now_ms)
{
    for (uint8_t i = 0; i < rule->metric_count; i++) {
        const struct rule_metric *metric = &rule->metrics[i];
        const struct series_view *view = views[i].side[SIDE_CANDIDATE];
        bool is_compared = rule->kind == RULE_COMPARISON;

        if ((!is_compared && !is_read(&rule->condition, i)) || is_declared(metric, view))
            continue;
        struct recount candidate = count_since(view, from_ms, now_ms, metric->age_max_ms);
        if (!candidate.is_fresh || !(candidate.amount > 0) || candidate.amount < rule->need)
            return false;
        if (!is_compared)
            continue;
        struct recount stable = count_since(views[i].side[SIDE_STABLE], from_ms, now_ms, metric->age_max_ms);
        if (!stable.is_fresh || !(stable.amount > 0))
            return false;
    }
    return true;
}

static void look(struct world *world, const struct batch *batch, const struct batch_row *row)
{
    const struct plan *plan = oracle_plan(world, row->deployment);
    const struct play *play = &world->playbook->plays[ledger_find(world, row->deployment)->play];
    const struct oracle_history *history = oracle_history(world, row->deployment);
    struct metric_views views[RULE_METRICS_MAX];

    for (uint8_t i = 0; i < plan->rule_count; i++) {
        if (!oracle_is_wanted(plan, (uint8_t)row->trace.a, i, row->state->muted))
            continue;
        int64_t from_ms = history->confirmed_engine_ms + play->rules[i]->warmup_ms;
        if (!samples_views(world, row->deployment, i, views) ||
            !has_data(play->rules[i], views, from_ms, batch->now_ms))
            world->oracle.is_evident[row->deployment - 1] = false;
    }
}

void oracle_committing(struct world *world, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count && world->is_samples; i++) {
        const struct batch_row *row = &batch->rows[i];
        if (row->kind != ROW_TRACE || row->trace.kind != TRACE_STEP_PASS)
            continue;
        world->oracle.is_evident[row->deployment - 1] = true;
        look(world, batch, row);
    }
}

static bool is_same_action(const struct action *one, const struct action *other)
{
    return one->kind == other->kind && one->sequence == other->sequence &&
           one->reference == other->reference && one->share == other->share &&
           one->cancels == other->cancels && one->cancels_tries == other->cancels_tries &&
           one->tries == other->tries && one->is_new == other->is_new &&
           one->is_rollback == other->is_rollback && one->limit_ms == other->limit_ms;
}

static bool is_same_decision(const struct decision *one, const struct decision *other)
{
    bool is_same = one->action_count == other->action_count && one->trace_count == other->trace_count &&
                   one->promotes == other->promotes && one->quarantines == other->quarantines;

    for (uint8_t i = 0; is_same && i < one->action_count; i++)
        is_same = is_same_action(&one->actions[i], &other->actions[i]);
    for (uint8_t i = 0; is_same && i < one->trace_count; i++)
        is_same = one->traces[i].kind == other->traces[i].kind && one->traces[i].a == other->traces[i].a &&
                  one->traces[i].b == other->traces[i].b;
    return is_same;
}

/* Two states that do the same next, and become the same, are the same. */
static bool do_the_same(const struct plan *plan, const struct deployment_state *memory,
                        const struct deployment_state *disk, const struct event *event)
{
    struct deployment_state after[2];
    struct decision decision[2];
    unsigned char bytes[2][SNAPSHOT_DEPLOYMENT_MAX];

    deployment_step(plan, memory, event, &after[0], &decision[0]);
    deployment_step(plan, disk, event, &after[1], &decision[1]);
    size_t length = snapshot_write_deployment(&after[0], bytes[0]);
    return length == snapshot_write_deployment(&after[1], bytes[1]) &&
           memcmp(bytes[0], bytes[1], length) == 0 && is_same_decision(&decision[0], &decision[1]);
}

static void compare(struct world *world, uint64_t deployment, const struct deployment_state *memory,
                    const struct deployment_state *disk)
{
    const struct plan *plan = oracle_plan(world, deployment);
    int64_t now_ms = shell_now_ms(world);
    struct event events[] = {
        {.kind = EVENT_TICK, .now_ms = now_ms},
        {.kind = EVENT_TICK, .now_ms = deployment_deadline(plan, memory)},
        {.kind = EVENT_RESULT,
         .now_ms = now_ms,
         .sequence = memory->flight.sequence,
         .tries = memory->flight.tries},
        {.kind = EVENT_RESULT,
         .now_ms = now_ms,
         .sequence = memory->flight.sequence,
         .tries = memory->flight.tries,
         .result = RESULT_AGAIN},
        {.kind = EVENT_VERB, .now_ms = now_ms, .verb = VERB_ABORT},
        {.kind = EVENT_VERB, .now_ms = now_ms, .verb = VERB_RESUME},
        {.kind = EVENT_JUDGEMENT, .now_ms = now_ms, .verdict = VERDICT_FAIL},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(events); i++) {
        if (events[i].now_ms == DEPLOYMENT_NEVER ||
            (events[i].kind == EVENT_JUDGEMENT && plan->rule_count == 0))
            continue;
        if (!do_the_same(plan, memory, disk, &events[i]))
            oracle_violate(world, "S16", deployment, "as read back it does something else (event %zu)", i);
    }
    if (deployment_deadline(plan, memory) != deployment_deadline(plan, disk))
        oracle_violate(world, "S16", deployment, "as read back it waits for another instant");
}

static void compare_rule(struct world *world, const struct batch_row *row)
{
    const struct ledger_deployment *stored = ledger_find(world, row->deployment);
    unsigned char bytes[SNAPSHOT_RULE_MAX];
    struct rule_state disk;

    if (!snapshot_read_rule(stored->rules[row->rule], stored->rule_lengths[row->rule], &disk)) {
        oracle_violate(world, "S16", row->deployment, "rule %u cannot be read back", row->rule);
        return;
    }
    size_t length = snapshot_write_rule(&disk, bytes);
    if (length != stored->rule_lengths[row->rule] || memcmp(bytes, stored->rules[row->rule], length) != 0)
        oracle_violate(world, "S16", row->deployment, "rule %u is written differently once read", row->rule);
}

void oracle_reload(struct world *world, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        struct deployment_state disk;

        if (row->kind == ROW_RULE)
            compare_rule(world, row);
        if (row->kind != ROW_DEPLOYMENT || !ledger_state(world, row->deployment, &disk))
            continue;
        compare(world, row->deployment, row->state, &disk);
        world->tally->rehashed++;
    }
}
