/* drift.c - looks that are due, spread so that they do not come together; findings that are new.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/drift.h"

#include <assert.h>
#include <stddef.h>

void drift_init(struct drift_state *ret_state)
{
    *ret_state = (struct drift_state){.due_ms = DRIFT_NEVER};
}

const char *drift_finding_name(enum drift_finding finding)
{
    static const char *const names[DRIFT_FINDING_COUNT] = {
        [DRIFT_UNKNOWN] = "unknown", [DRIFT_NONE] = "none", [DRIFT_FOUND] = "found"};

    assert(finding < DRIFT_FINDING_COUNT);
    return names[finding];
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* From 0 on, below `span_ms`. */
static int64_t drawn(uint32_t draw, int64_t span_ms)
{
    return (int64_t)((uint64_t)span_ms * draw >> 32);
}

static int64_t next_after(const struct drift_event *event, int64_t from_ms)
{
    if (event->every_ms == 0)
        return DRIFT_NEVER;
    return from_ms + event->every_ms + drawn(event->draw, event->every_ms / DRIFT_JITTER_PART);
}

/* What came due while nobody was there is not looked at all at once, and what was not begun neither. */
static void declare(const struct drift_event *event, struct drift_state *state)
{
    int64_t next_ms = next_after(event, state->looked_ms);

    if (next_ms != DRIFT_NEVER && (state->looked_ms == 0 || next_ms <= event->now_ms))
        next_ms = event->now_ms + drawn(event->draw, smaller(event->every_ms, DRIFT_SPREAD_MS));
    state->due_ms = next_ms;
}

static void ask_again(const struct drift_event *event, struct drift_state *state)
{
    state->due_ms = event->now_ms + smaller(event->every_ms, DRIFT_AGAIN_MS);
}

static bool tick(const struct drift_event *event, struct drift_state *state)
{
    if (event->now_ms < state->due_ms)
        return false;
    if (event->is_busy) {
        ask_again(event, state);
        return false;
    }
    state->due_ms = next_after(event, event->now_ms);
    return true;
}

static void look(const struct drift_event *event, struct drift_state *state)
{
    state->looked_ms = event->now_ms;
    state->due_ms = next_after(event, event->now_ms);
    state->is_failing = event->kind == DRIFT_EVENT_FAILED;
    if (state->is_failing)
        return;
    state->finding = event->kind == DRIFT_EVENT_DRIFTED ? DRIFT_FOUND : DRIFT_NONE;
    state->count = event->kind == DRIFT_EVENT_DRIFTED ? event->count : 0;
}

static enum drift_news news_of(const struct drift_state *before, const struct drift_state *after)
{
    if (after->is_failing)
        return before->is_failing ? DRIFT_NEWS_NONE : DRIFT_NEWS_UNKNOWN;
    if (after->finding == DRIFT_FOUND)
        return before->finding == DRIFT_FOUND && before->count == after->count ? DRIFT_NEWS_NONE
                                                                               : DRIFT_NEWS_FOUND;
    return before->finding == DRIFT_FOUND ? DRIFT_NEWS_GONE : DRIFT_NEWS_NONE;
}

struct drift_decision drift_step(const struct drift_state *before, const struct drift_event *event,
                                 struct drift_state *ret_after)
{
    struct drift_decision decision = {.starts = false};

    *ret_after = *before;
    switch (event->kind) {
    case DRIFT_EVENT_DECLARED:
        declare(event, ret_after);
        break;
    case DRIFT_EVENT_YIELDED:
        if (event->every_ms > 0)
            ask_again(event, ret_after);
        break;
    case DRIFT_EVENT_TICK:
        decision.starts = tick(event, ret_after);
        break;
    case DRIFT_EVENT_CLEAN:
    case DRIFT_EVENT_DRIFTED:
    case DRIFT_EVENT_FAILED:
        look(event, ret_after);
        decision.news = news_of(before, ret_after);
        break;
    }
    return decision;
}
