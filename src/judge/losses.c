/* losses.c - a few counters in a ring, and what a rule makes of them.
 * SPDX-License-Identifier: MIT */
#include "judge/losses.h"

#include "judge/series_window.h"

#include <assert.h>

struct loss {
    uint64_t taken, dropped;
};

uint32_t losses_span(uint32_t capacity)
{
    return (capacity + LOSSES_SPANS - 2) / (LOSSES_SPANS - 1); /* the newest one is not full */
}

static void advance(struct losses *losses, int64_t number)
{
    int64_t from = losses->newest + 1;

    if (number - from >= LOSSES_SPANS)
        from = number - LOSSES_SPANS + 1;
    for (int64_t passed = from; passed <= number; passed++)
        losses->taken[passed % LOSSES_SPANS] = losses->dropped[passed % LOSSES_SPANS] = 0;
    losses->newest = number;
}

static void add(uint32_t *count, uint64_t more)
{
    *count = more > LOSSES_DROPPED_MAX - *count ? LOSSES_DROPPED_MAX : *count + (uint32_t)more;
}

void losses_note(struct losses *losses, int64_t step, bool is_dropped)
{
    int64_t number = step / losses->steps;

    if (step < 0 || losses->newest - number >= LOSSES_SPANS)
        return;
    if (number > losses->newest)
        advance(losses, number);
    add(is_dropped ? &losses->dropped[number % LOSSES_SPANS] : &losses->taken[number % LOSSES_SPANS], 1);
}

static int64_t oldest(const struct losses *losses)
{
    return losses->newest < LOSSES_SPANS ? 0 : losses->newest - LOSSES_SPANS + 1;
}

void losses_stretch(struct losses *losses, uint32_t steps)
{
    struct losses longer = {.steps = steps};

    assert(steps >= losses->steps);
    for (int64_t number = oldest(losses); number <= losses->newest; number++) {
        int64_t at = number * losses->steps / steps;

        if (at > longer.newest)
            advance(&longer, at);
        add(&longer.taken[at % LOSSES_SPANS], losses->taken[number % LOSSES_SPANS]);
        add(&longer.dropped[at % LOSSES_SPANS], losses->dropped[number % LOSSES_SPANS]);
    }
    *losses = longer;
}

static struct loss since(const struct losses *losses, int64_t step)
{
    struct loss loss = {0};
    int64_t number = step / losses->steps;

    if (number < oldest(losses))
        number = oldest(losses);
    for (; number <= losses->newest; number++) {
        loss.taken += losses->taken[number % LOSSES_SPANS];
        loss.dropped += losses->dropped[number % LOSSES_SPANS];
    }
    return loss;
}

static void judge_view(const struct series_view *view, int64_t from_ms, struct judgement *judgement)
{
    if (view == NULL || view->losses == NULL)
        return;
    struct loss loss = since(view->losses, series_first_from(from_ms, view->step_ms));
    if (loss.dropped == 0)
        return;
    uint64_t share = loss.dropped * 10000 / (loss.dropped + loss.taken);
    add(&judgement->dropped, loss.dropped);
    if (share > judgement->dropped_share)
        judgement->dropped_share = (uint16_t)share;
}

void losses_judge(const struct rule *rule, const struct metric_views *views, const struct rule_clock *clock,
                  struct judgement *judgement)
{
    for (uint8_t metric = 0; metric < rule->metric_count; metric++) {
        const struct series_view *candidate = views[metric].side[SIDE_CANDIDATE];
        const struct series_view *stable = views[metric].side[SIDE_STABLE];

        judge_view(candidate, clock->routed_ms, judgement);
        if (stable != candidate) /* one of the whole service is counted once */
            judge_view(stable, clock->routed_ms, judgement);
    }
    if (judgement->verdict != VERDICT_PASS || judgement->dropped_share <= LOSSES_SHARE_MAX)
        return;
    judgement->verdict = VERDICT_INCONCLUSIVE;
    judgement->reason = REASON_DROPPED;
}
