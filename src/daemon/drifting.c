/* drifting.c - one run of `drift` for each stack and environment in its time, while nothing else is done to
 * it; each finding goes into the journal with the run's own end.
 * SPDX-License-Identifier: MIT */
#include "daemon/drifting.h"

#include "daemon/run_notices.h"
#include "daemon/run_stacks.h"
#include "drivers/notice_kind.h"
#include "io/clock.h"
#include "io/digest.h"
#include "io/iac_protocol.h"
#include "io/memory.h"
#include "store/journal_drift.h"

#include <stdlib.h>
#include <string.h>

enum { FINDINGS_MAX = ENGINE_RUNS_MAX * RUN_TASKS_MAX };

static const char myself[] = "verdictd";

/* A stack in one of its environments. */
struct place {
    char stack[NAME_MAX_LENGTH + 1], environment[NAME_MAX_LENGTH + 1];
    int64_t every_ms;
    int64_t wall_ms; /* of the last look; 0: none */
    struct drift_state state;
};

struct drifting {
    struct daemon *daemon;
    struct loop_timer *timer;
    size_t count, room;
    struct place *places;
    size_t finding_count;
    struct journal_drift findings[FINDINGS_MAX]; /* of the batch under way */
};

static struct place *find(const struct drifting *drifting, const char *stack, const char *environment)
{
    for (size_t i = 0; i < drifting->count; i++) {
        struct place *place = &drifting->places[i];
        if (strcmp(place->stack, stack) == 0 && strcmp(place->environment, environment) == 0)
            return place;
    }
    return NULL;
}

static struct place *add(struct drifting *drifting, const char *stack, const char *environment)
{
    struct place *place = find(drifting, stack, environment);

    if (place != NULL)
        return place;
    if (drifting->count == drifting->room) {
        drifting->room = drifting->room == 0 ? 8 : 2 * drifting->room;
        drifting->places = memory_resize(drifting->places, drifting->room * sizeof(*drifting->places));
    }
    place = &drifting->places[drifting->count++];
    memset(place, 0, sizeof(*place));
    (void)snprintf(place->stack, sizeof(place->stack), "%s", stack);
    (void)snprintf(place->environment, sizeof(place->environment), "%s", environment);
    drift_init(&place->state);
    return place;
}

static void step(struct place *place, struct drift_event event, struct drift_decision *ret_decision)
{
    struct drift_state before = place->state;

    event.every_ms = place->every_ms;
    (void)digest_random((unsigned char *)&event.draw, sizeof(event.draw));
    *ret_decision = drift_step(&before, &event, &place->state);
}

/* ---- when ---- */

static void wait_for_next(struct drifting *drifting)
{
    int64_t at_ms = DRIFT_NEVER;

    for (size_t i = 0; i < drifting->count; i++)
        if (drifting->places[i].state.due_ms < at_ms)
            at_ms = drifting->places[i].state.due_ms;
    if (at_ms == DRIFT_NEVER) {
        loop_timer_pause(drifting->timer);
        return;
    }
    int64_t wait_ms = at_ms - daemon_now_ms(drifting->daemon);
    loop_timer_move(drifting->timer, wait_ms < 0 ? 0 : wait_ms);
}

static bool is_own(const struct run_live *live)
{
    return live->definition->stack != NULL && strcmp(live->actor, myself) == 0;
}

static bool is_busy(const struct daemon *daemon, const struct place *place)
{
    unsigned own = 0;
    bool is_busy = false;

    for (const struct run_live *live = daemon->runs; live != NULL; live = live->next) {
        own += is_own(live);
        is_busy = is_busy || run_stack_is_busy(live, place->stack, place->environment);
    }
    return is_busy || own >= DRIFTING_AT_ONCE;
}

static void started(void *data, bool is_done, bool is_new, uint64_t run, const struct err *err)
{
    struct daemon *daemon = data;

    (void)is_new;
    (void)run;
    if (!is_done)
        log_say(&daemon->log, LOG_LEVEL_WARN, "looking for drift: %s", err->text);
}

static void begin(struct daemon *daemon, const struct place *place)
{
    const struct api_run_start start = {.principal = {.name = myself},
                                        .stack = place->stack,
                                        .environment = place->environment,
                                        .verb = "drift",
                                        .digest = "",
                                        .run_url = "",
                                        .commit = "",
                                        .reason = "it is time (drift_every)",
                                        .actor = myself};

    run_start(daemon, &start, started, daemon);
}

/* ---- making room ---- */

/* Somebody else waits for the stack that this look of ours holds. */
static bool is_in_the_way(const struct daemon *daemon, const struct run_live *own, const struct place *place)
{
    const struct run_state *state = engine_run_state(daemon->engine, own->id);
    bool is_wanted = false;

    for (const struct run_live *live = daemon->runs; live != NULL; live = live->next)
        is_wanted = is_wanted || (!is_own(live) && run_stack_is_busy(live, place->stack, place->environment));
    return is_wanted && state != NULL && state->phase < RUN_STOPPING;
}

static void make_room(struct drifting *drifting)
{
    struct daemon *daemon = drifting->daemon;

    for (const struct run_live *live = daemon->runs; live != NULL; live = live->next) {
        const struct stack_place *of = live->definition->stack;
        struct place *place = is_own(live) ? find(drifting, of->name, of->environment) : NULL;
        struct drift_decision decision;
        if (place == NULL || !is_in_the_way(daemon, live, place))
            continue;
        const struct api_run_verb verb = {.principal = {.name = myself},
                                          .run = live->id,
                                          .reason = "something is done to the stack: it is looked at later"};
        run_abort(daemon, &verb, started, daemon);
        step(place, (struct drift_event){.kind = DRIFT_EVENT_YIELDED, .now_ms = daemon_now_ms(daemon)},
             &decision);
    }
}

void drifting_look_around(struct daemon *daemon, const struct batch_row *row)
{
    const struct run_live *live = run_live_find(daemon, row->run->id);

    if (live == NULL || is_own(live))
        return;
    for (const struct run_live *other = daemon->runs; other != NULL; other = other->next)
        if (is_own(other)) {
            loop_timer_move(daemon->drifting->timer, 0); /* not from inside the engine's turn */
            return;
        }
}

static void timer_fired(void *data)
{
    struct drifting *drifting = data;
    struct daemon *daemon = drifting->daemon;

    if (!daemon->is_stopping)
        make_room(drifting);
    for (size_t i = 0; i < drifting->count && !daemon->is_stopping; i++) {
        struct place *place = &drifting->places[i];
        struct drift_decision decision;
        if (place->state.due_ms > daemon_now_ms(daemon))
            continue;
        step(place,
             (struct drift_event){.kind = DRIFT_EVENT_TICK,
                                  .now_ms = daemon_now_ms(daemon),
                                  .is_busy = is_busy(daemon, place)},
             &decision);
        if (decision.starts)
            begin(daemon, place);
    }
    wait_for_next(drifting);
}

/* ---- which ---- */

static void take_declared(void *data, const char *stack, const char *environment, int64_t every_ms)
{
    struct drifting *drifting = data;

    if (!drifting->daemon->settings->is_record)
        add(drifting, stack, environment)->every_ms = every_ms;
}

void drifting_declare(struct daemon *daemon)
{
    struct drifting *drifting = daemon->drifting;
    struct drift_decision decision;

    if (drifting == NULL || daemon->config == NULL)
        return;
    for (size_t i = 0; i < drifting->count; i++)
        drifting->places[i].every_ms = 0;
    config_each_drift(daemon->config, take_declared, drifting);
    for (size_t i = 0; i < drifting->count; i++)
        step(&drifting->places[i],
             (struct drift_event){.kind = DRIFT_EVENT_DECLARED, .now_ms = daemon_now_ms(daemon)}, &decision);
    wait_for_next(drifting);
}

static void take_known(void *data, const struct journal_drift_row *row)
{
    struct place *place = add(data, row->stack, row->environment);

    place->state = row->state;
    place->wall_ms = row->wall_ms;
}

bool drifting_open(struct daemon *daemon, struct err *err)
{
    struct drifting *drifting = memory_take_array(1, sizeof(*drifting));

    daemon->drifting = drifting;
    drifting->daemon = daemon;
    drifting->timer = loop_timer_start(daemon->loop, 0, 0, timer_fired, drifting);
    if (!journal_recover_drifts(daemon->journal, take_known, drifting, err))
        return false;
    drifting_declare(daemon);
    return true;
}

void drifting_free(struct drifting *drifting)
{
    if (drifting == NULL)
        return;
    loop_timer_stop(drifting->timer);
    free(drifting->places);
    free(drifting);
}

/* ---- what was found ---- */

/* An apply that was verified ends a drift as a look does; what a verify finds is no drift. */
static bool is_finding(const struct run_live *live, const struct batch_row *row,
                       struct drift_event *ret_event)
{
    const struct run_task_definition *task =
        row->run_trace.kind == RUN_TRACE_TASK ? &live->definition->tasks[row->run_trace.a] : NULL;
    const char *count = run_live_output(live, IAC_OUTPUT_DRIFTS);
    bool is_look = task != NULL && task->word == STACK_WORD_DRIFT;
    bool is_verified = task != NULL && task->word == STACK_WORD_VERIFY;

    *ret_event = (struct drift_event){.kind = DRIFT_EVENT_CLEAN};
    if (row->run_trace.b == TASK_DONE)
        return is_look || is_verified;
    if (!is_look || row->run_trace.b != TASK_FAILED)
        return false;
    ret_event->kind = live->has_drifted ? DRIFT_EVENT_DRIFTED : DRIFT_EVENT_FAILED;
    ret_event->count = count == NULL ? 1 : (uint32_t)strtoul(count, NULL, 10);
    return true;
}

/* NULL: the row is none that found something. */
static struct place *look_at(struct daemon *daemon, const struct batch_row *row, int64_t now_ms,
                             struct drift_event *ret_event)
{
    struct run_live *live = row->kind == ROW_RUN_TRACE ? run_live_find(daemon, row->run->id) : NULL;

    if (live == NULL || !is_finding(live, row, ret_event))
        return NULL;
    const struct stack_place *place = live->definition->tasks[row->run_trace.a].stack;
    ret_event->now_ms = now_ms;
    return add(daemon->drifting, place->name, place->environment);
}

static const struct run_drift_news kinds_of_news[] = {
    [DRIFT_NEWS_FOUND] = {.kind = "drift_found",
                          .type = "run.drift_found",
                          .sentence = "what is there is not what was made",
                          .is_urgent = true},
    [DRIFT_NEWS_GONE] = {.kind = "drift_gone",
                         .type = "run.drift_gone",
                         .sentence = "no drift any more",
                         .ends = 1U << NOTICE_DRIFTED},
    [DRIFT_NEWS_UNKNOWN] = {.kind = "drift_unknown",
                            .type = "run.drift_unknown",
                            .sentence = "nobody can tell whether it drifted",
                            .is_urgent = true},
};

static void tell(struct notices *notices, struct daemon *daemon, const struct batch_row *row,
                 const struct journal_drift *finding, enum drift_news what, int64_t now_ms)
{
    struct run_live *live = run_live_find(daemon, row->run->id);
    struct run_drift_news news = kinds_of_news[what];

    news.place = live->definition->tasks[row->run_trace.a].stack;
    news.count = finding->state.count;
    run_notices_tell_drift(notices, live, row->run, &news, now_ms);
}

static void collect(struct notices *notices, struct daemon *daemon, const struct batch_row *row,
                    int64_t now_ms)
{
    struct drifting *drifting = daemon->drifting;
    struct drift_decision decision;
    struct drift_event event;
    const struct place *place = look_at(daemon, row, now_ms, &event);

    if (place == NULL || drifting->finding_count == FINDINGS_MAX)
        return;
    struct place after = *place;
    step(&after, event, &decision);
    struct journal_drift *finding = &drifting->findings[drifting->finding_count++];
    const struct stack_place *of =
        run_live_find(daemon, row->run->id)->definition->tasks[row->run_trace.a].stack;
    *finding = (struct journal_drift){
        .stack = of->name, .environment = of->environment, .state = after.state, .run = row->run->id};
    if (decision.news != DRIFT_NEWS_NONE)
        tell(notices, daemon, row, finding, decision.news, now_ms);
}

void drifting_collect(struct notices *notices, struct daemon *daemon, const struct batch *batch)
{
    struct drifting *drifting = daemon->drifting;

    drifting->finding_count = 0;
    for (uint32_t i = 0; i < batch->count; i++)
        collect(notices, daemon, &batch->rows[i], batch->now_ms);
    notices->texts.drift_count = drifting->finding_count;
    notices->texts.drifts = drifting->findings;
}

void drifting_settle(struct daemon *daemon, const struct batch_row *row, int64_t now_ms)
{
    struct drift_decision decision;
    struct drift_event event;
    struct place *place = look_at(daemon, row, now_ms, &event);

    if (place == NULL)
        return;
    step(place, event, &decision);
    place->wall_ms = clock_wall_ms();
    wait_for_next(daemon->drifting);
}

void drifting_add_metrics(const struct drifting *drifting, FILE *to)
{
    for (size_t i = 0; i < drifting->count; i++) {
        const struct place *place = &drifting->places[i];
        if (place->wall_ms == 0)
            continue;
        (void)fprintf(to,
                      "verdict_iac_drifts{stack=\"%s\",environment=\"%s\"} %u\n"
                      "verdict_iac_drift_failing{stack=\"%s\",environment=\"%s\"} %d\n"
                      "verdict_iac_drift_looked_timestamp_seconds{stack=\"%s\",environment=\"%s\"} %lld\n",
                      place->stack, place->environment, place->state.count, place->stack, place->environment,
                      place->state.is_failing, place->stack, place->environment,
                      (long long)(place->wall_ms / 1000));
    }
}
