/* sides.c - which step lies beside which, and what they add.
 * SPDX-License-Identifier: MIT */
#include "judge/sides.h"

#include "judge/series_window.h"

#include <string.h>

static const int64_t day_ms = INT64_C(24) * 3600 * 1000;

struct sides sides_of(const struct rule *rule, const struct metric_views *views,
                      const struct rule_clock *clock, const struct rule_state *state, uint8_t index)
{
    const struct baseline *baseline = &rule->comparison.against[index];
    struct sides sides = {.candidate = views->side[SIDE_CANDIDATE],
                          .other = views->side[SIDE_STABLE],
                          .is_past = baseline->kind != BASELINE_STABLE,
                          .direction = 1};

    if (!sides.is_past) {
        sides.is_same_series = views->is_same_series;
        return sides;
    }
    sides.other = baseline->kind == BASELINE_BEFORE ? views->side[SIDE_BEFORE] : views->ago[index];
    if (sides.candidate == NULL)
        return sides;
    int64_t step_ms = sides.candidate->step_ms;
    if (baseline->kind == BASELINE_DAYS) {
        sides.origin = -(baseline->days * day_ms / step_ms);
        return sides;
    }
    int64_t began_ms = state->began_ms < clock->routed_ms ? state->began_ms : clock->routed_ms;
    sides.direction = -1;
    sides.origin = began_ms / step_ms - 1 + series_first_from(clock->routed_ms, step_ms);
    return sides;
}

static bool is_known_kind(const struct rule *rule, const struct series_view *view)
{
    if (rule->comparison.test == COMPARISON_SEQUENTIAL)
        return view->kind == SERIES_COUNT;
    return (view->kind == SERIES_HISTOGRAM) == (rule->comparison.test == COMPARISON_LATENCY_TAIL);
}

static bool have_equal_buckets(const struct series_view *candidate, const struct series_view *other)
{
    return candidate->bucket_count == other->bucket_count && candidate->bucket_count >= 2 &&
           memcmp(candidate->bounds, other->bounds, other->bucket_count * sizeof(double)) == 0;
}

/* Of a histogram that has no buckets yet, because nothing came. */
static enum reason silence(const struct series_view *view, enum reason nothing)
{
    enum reason reason = series_freshness(view, SERIES_EVER, 0);

    return reason == REASON_DECIDED || reason == REASON_NO_DATA ? nothing : reason;
}

/* A past of other buckets is none; beside a stable of others something is wrong. */
static enum reason buckets_mismatch(const struct sides *sides)
{
    if (sides->candidate->bucket_count == 0)
        return silence(sides->candidate, REASON_NO_DATA);
    if (sides->other->bucket_count == 0)
        return silence(sides->other, REASON_NO_BASELINE);
    if (have_equal_buckets(sides->candidate, sides->other))
        return REASON_DECIDED;
    return sides->is_past ? REASON_NO_BASELINE : REASON_UNDECIDED;
}

enum reason sides_mismatch(const struct rule *rule, const struct sides *sides)
{
    if (sides->is_same_series)
        return REASON_SAME_SERIES;
    if (sides->candidate == NULL)
        return REASON_NO_DATA;
    if (sides->other == NULL)
        return REASON_NO_BASELINE;
    if (sides->other->trouble == SERIES_LOADING || sides->candidate->trouble == SERIES_LOADING)
        return REASON_LOADING;
    if (!is_known_kind(rule, sides->candidate) || sides->candidate->kind != sides->other->kind)
        return REASON_UNDECIDED;
    return sides->candidate->kind == SERIES_HISTOGRAM ? buckets_mismatch(sides) : REASON_DECIDED;
}

/* What a step adds: events and requests, observations above the bound and all, a gauge's value and 1. */
static double events_of(const struct series_view *view, const struct series_step *step, uint32_t bound)
{
    return view->kind == SERIES_HISTOGRAM ? series_step_above(view, step, bound - 1) : step->value;
}

static double total_of(const struct series_view *view, const struct series_step *step)
{
    return view->kind == SERIES_GAUGE ? 1 : step->total;
}

static const struct series_step *usable_at(const struct series_view *view, int64_t step)
{
    const struct series_step *slot = series_view_at(view, step);

    return slot != NULL && series_is_usable(view, slot) ? slot : NULL;
}

static const struct series_step *other_at(const struct sides *sides, int64_t step)
{
    return usable_at(sides->other, sides->origin + sides->direction * step);
}

bool sides_add_step(const struct sides *sides, int64_t step, uint32_t bound, struct sequential_block *block)
{
    const struct series_step *candidate = usable_at(sides->candidate, step);
    const struct series_step *other = other_at(sides, step);

    if (candidate == NULL || other == NULL)
        return false;
    block->events += events_of(sides->candidate, candidate, bound);
    block->total += total_of(sides->candidate, candidate);
    block->stable_events += events_of(sides->other, other, bound);
    block->stable_total += total_of(sides->other, other);
    return true;
}

double sides_candidate_total(const struct sides *sides, int64_t step)
{
    const struct series_step *slot = usable_at(sides->candidate, step);

    return slot == NULL ? 0 : total_of(sides->candidate, slot);
}

double sides_other_total(const struct sides *sides, int64_t step)
{
    const struct series_step *slot = other_at(sides, step);

    return slot == NULL ? 0 : total_of(sides->other, slot);
}

static int64_t larger(int64_t left, int64_t right)
{
    return left > right ? left : right;
}

static int64_t smaller(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

static bool is_awaited(const struct sides *sides)
{
    return !sides->is_past && sides->other != NULL;
}

int64_t sides_oldest_kept(const struct sides *sides)
{
    int64_t kept = series_oldest_kept(sides->candidate);

    return is_awaited(sides) ? larger(kept, series_oldest_kept(sides->other)) : kept;
}

int64_t sides_end_ms(const struct sides *sides)
{
    int64_t end_ms = series_end_ms(sides->candidate);

    return is_awaited(sides) ? smaller(end_ms, series_end_ms(sides->other)) : end_ms;
}

int64_t sides_settled_ms(const struct sides *sides, int64_t age_max_ms, int64_t now_ms)
{
    return larger(sides_end_ms(sides), now_ms - age_max_ms);
}
