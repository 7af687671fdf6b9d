/* past_world.c - a data folder with deployments of the past, for test_backtest.py: values go through the
 * windows and the archive, the course through the journal, and every rule is judged as it comes, so that what
 * was found live is known.
 * SPDX-License-Identifier: MIT
 *
 * e2e_past_world FOLDER RULES SERVICES COUNT BAD AGE: for each service COUNT deployments one after the other,
 * of which every BAD-th is bad, half of them so little that no threshold tells; the first half is older by
 * AGE seconds. Prints one JSON line for each rule of each deployment. The journal's wall clock is that of its
 * writing; the test sets it to engine's time plus OFFSET_MS. */
#include "base/text.h"
#include "cli/schemas.h"
#include "config/side.h"
#include "io/digest.h"
#include "io/loop.h"
#include "io/memory.h"
#include "orchestrator/deployment.h"
#include "series/archive.h"
#include "simulation/random.h"
#include "store/journal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LENGTH_MS = 300 * 1000,
    ROUTED_MS = 20 * 1000,
    BREAKS_MS = 60 * 1000,   /* after the route */
    PAUSE_MS = 60 * 1000,    /* between two of one service */
    ARRIVES_MS = 300,        /* into its step */
    OFFSET_MS = 4711 * 1000, /* wall clock less the engine's */
    PATIENCE_MS = 60 * 1000,
    SIDES = 2,
    REQUESTS = 60 /* a second */
};

struct stage {
    struct loop *loop;
    struct journal *journal;
    struct archive *archive;
    struct series_book *book;
    struct batch *batch;
    struct dice dice;
    struct config *config;
    struct option_schemas *schemas;
    bool is_done;
    struct journal_result result;
};

struct story {
    struct stage *stage;
    struct definition *definition;
    struct deployment_state state;
    struct series *series[DEFINITION_METRICS_MAX][SIDES];
    struct rule_state rules[PLAN_RULES_MAX];
    struct judgement said[PLAN_RULES_MAX]; /* the first fail, or the last one */
    int64_t said_ms[PLAN_RULES_MAX];
    int64_t deadlines_ms[PLAN_RULES_MAX];
    uint32_t dirty;
    bool is_bad, is_subtle, has_failed;
    char version[16];
    uint8_t observe; /* first step that observes */
};

struct listener {
    struct stage *stage;
    struct story *story; /* NULL: nobody reads */
};

static void must(bool is_good, const struct err *err)
{
    if (is_good)
        return;
    (void)fprintf(stderr, "past_world: %s\n", err->text);
    exit(1);
}

static void marked(void *data, uint64_t deployment, uint8_t rule)
{
    const struct listener *listener = data;

    (void)deployment;
    if (listener->story != NULL)
        listener->story->dirty |= UINT32_C(1) << rule;
}

/* ---- the journal ---- */

static void committed(void *data, const struct journal_result *result)
{
    struct stage *stage = data;

    stage->result = *result;
    stage->is_done = true;
}

static void commit(struct stage *stage, int64_t now_ms, const struct journal_texts *texts)
{
    struct err err = {0};

    stage->is_done = false;
    stage->batch->now_ms = now_ms;
    journal_commit(stage->journal, stage->batch, texts, committed, stage);
    bool is_good = loop_run_until(stage->loop, &stage->is_done, PATIENCE_MS);
    must(is_good && stage->result.fault == JOURNAL_FINE,
         (err_set(&err, ERR_IO, "journal: %s", stage->result.text), &err));
    stage->batch->count = 0;
}

static struct batch_row *add(struct story *story, enum row_kind kind)
{
    struct batch *batch = story->stage->batch;
    struct batch_row *row = &batch->rows[batch->count++];

    memset(row, 0, sizeof(*row));
    row->kind = kind;
    row->deployment = story->state.id;
    row->state = &story->state;
    return row;
}

static void trace(struct story *story, enum trace_kind kind, uint32_t a, uint32_t b)
{
    add(story, ROW_TRACE)->trace = (struct trace){.kind = kind, .a = a, .b = b};
}

static void enter(struct story *story, enum deployment_phase phase, enum ending ending, int64_t now_ms)
{
    story->state.phase = phase;
    story->state.ending = ending;
    story->state.phase_entered_ms = now_ms;
    story->state.last_seen_ms = now_ms;
    trace(story, TRACE_PHASE, (uint32_t)phase, (uint32_t)ending);
    add(story, ROW_DEPLOYMENT);
}

static void begin(struct story *story, int64_t now_ms)
{
    static const struct journal_texts none = {0};
    struct stage *stage = story->stage;
    struct err err = {0};
    const char *service = story->definition->service;
    char *sealed = config_seal(stage->config, service, "prod", NULL, false, &err);

    must(sealed != NULL, &err);
    struct journal_start start = {.target = journal_target(stage->journal, service, "prod"),
                                  .version_key = journal_version_key(stage->journal, story->version, ""),
                                  .previous_key = journal_version_key(stage->journal, "0.0.0", ""),
                                  .plan_hash = 1,
                                  .strategy = story->definition->strategy,
                                  .sealed = sealed};
    struct journal_request request = {.token = 7, .actor = "ci", .start = &start};
    struct journal_texts texts = {.request_count = 1, .requests = &request};
    story->state.phase = PHASE_ADMITTING;
    story->state.slot = 1;
    story->state.stable_slot = 0;
    struct batch_row *row = add(story, ROW_DEPLOYMENT);
    row->is_new = true;
    row->token = 7;
    trace(story, TRACE_PHASE, PHASE_ADMITTING, ENDING_NONE);
    commit(stage, now_ms, &texts);
    story->state.last_sequence = 1;
    add(story, ROW_ACTION)->action =
        (struct action){.kind = ACTION_ROUTE, .sequence = 1, .share = 1000, .is_new = true};
    commit(stage, now_ms + 1, &none);
    free(sealed);
}

static void route(struct story *story, int64_t now_ms)
{
    static const struct journal_texts none = {0};

    story->state.confirmed_share = 1000;
    story->state.routed_ms = now_ms;
    story->state.confirmed_ms = now_ms;
    story->state.step = story->observe;
    story->state.attempt = 1;
    trace(story, TRACE_CONFIRMED, 1000, 0);
    trace(story, TRACE_STEP, story->observe, 1);
    enter(story, PHASE_RUNNING, ENDING_NONE, now_ms);
    commit(story->stage, now_ms, &none);
}

static void end(struct story *story, int64_t now_ms)
{
    static const struct journal_texts none = {0};

    if (story->has_failed) {
        enter(story, PHASE_ROLLING_BACK, ENDING_FAILED, now_ms);
        commit(story->stage, now_ms, &none);
        enter(story, PHASE_ROLLED_BACK, ENDING_FAILED, now_ms + 900);
        commit(story->stage, now_ms + 900, &none);
    } else {
        enter(story, PHASE_PROMOTED, ENDING_PASSED, now_ms);
        commit(story->stage, now_ms, &none);
    }
}

/* ---- values ---- */

static void open_series(struct story *story)
{
    const struct definition *definition = story->definition;
    struct err err = {0};

    for (size_t m = 0; m < definition->metric_count; m++)
        for (int is_stable = 0; is_stable < SIDES; is_stable++) {
            const struct metric_definition *metric = &definition->metrics[m];
            struct side side = {.definition = definition,
                                .is_candidate = is_stable == 0,
                                .version = is_stable == 0 ? story->version : "0.0.0",
                                .previous = "0.0.0",
                                .slot = is_stable == 0 ? 1 : 0};
            char key[SIDE_KEY_MAX];
            struct series_shape shape = {.kind = metric->kind,
                                         .step_ms = (uint32_t)metric->step_ms,
                                         .capacity = (uint32_t)side_window(definition, m),
                                         .holds_ms = metric->holds_ms};
            struct series_name name = {definition->service, "prod", key, metric->name};
            if (!side_key(&side, metric, story->stage->schemas->collectors[metric->collector].use_count, key))
                continue;
            must(series_open(story->stage->book, &name, &shape, &story->series[m][is_stable], &err), &err);
            for (size_t r = 0; r < definition->rule_count; r++)
                for (uint8_t i = 0; i < definition->rules[r].rule.metric_count; i++)
                    if (definition->rules[r].metrics[i] == m)
                        must(series_read_by(story->series[m][is_stable], 1, (uint8_t)r, &err), &err);
        }
}

static void close_series(struct story *story)
{
    for (size_t m = 0; m < story->definition->metric_count; m++)
        for (int side = 0; side < SIDES; side++)
            if (story->series[m][side] != NULL)
                series_close(story->series[m][side]);
}

/* Answer times: of the bad version the tail alone is longer, of one that is subtly so but half of it. */
static void put_times(struct story *story, struct series *series, int64_t at_ms, bool is_worse)
{
    static const double bounds[] = {0.1, 0.3, 1.1, INFINITY};
    struct dice *dice = &story->stage->dice;
    double total = (double)dice_count(dice, REQUESTS);
    double slow = (double)dice_count(dice, (!is_worse ? 0.02 : story->is_subtle ? 0.1 : 0.4) * total);
    double slowest = (double)dice_count(dice, 0.004 * total);
    double left = total > slow + slowest ? total - slow - slowest : 0;
    double quick = floor(left * 0.7);

    series_put_histogram(series, at_ms, at_ms, bounds, (double[]){quick, left - quick, slow, slowest}, 4);
}

/* Counters are errors among requests, gauges a lag, histograms answer times. */
static void put(struct story *story, size_t metric, int side, int64_t at_ms, bool is_broken)
{
    struct series *series = story->series[metric][side];
    struct dice *dice = &story->stage->dice;
    bool is_worse = is_broken && side == 0;
    double rate = !is_worse ? 0.004 : story->is_subtle ? 0.04 : 0.3;

    if (series == NULL)
        return;
    if (story->definition->metrics[metric].kind == SERIES_COUNT) {
        double total = (double)dice_count(dice, REQUESTS);
        double events = (double)dice_count(dice, rate * total);
        series_put_count(series, at_ms, at_ms, events > total ? total : events, total);
    } else if (story->definition->metrics[metric].kind == SERIES_HISTOGRAM)
        put_times(story, series, at_ms, is_worse);
    else
        series_put_gauge(series, at_ms, at_ms,
                         2 + dice_unit(dice) + (is_worse && !story->is_subtle ? 40 : 0));
}

/* ---- judging, as it was live ---- */

static void fill_views(const struct story *story, size_t rule, struct metric_views *views)
{
    const struct rule_definition *definition = &story->definition->rules[rule];

    memset(views, 0, RULE_METRICS_MAX * sizeof(*views));
    for (uint8_t i = 0; i < definition->rule.metric_count; i++)
        for (int side = 0; side < SIDES; side++)
            if (story->series[definition->metrics[i]][side] != NULL)
                views[i].side[side] = series_view_of(story->series[definition->metrics[i]][side]);
}

static void judge_at(struct story *story, int64_t now_ms, bool all)
{
    struct rule_clock clock = {.now_ms = now_ms,
                               .routed_ms = story->state.routed_ms,
                               .confirmed_ms = story->state.confirmed_ms,
                               .share = 1000};
    struct metric_views views[RULE_METRICS_MAX];

    for (size_t r = 0; r < story->definition->rule_count; r++) {
        const struct rule *rule = &story->definition->rules[r].rule;
        struct rule_state *state = &story->rules[r];
        struct judgement judgement;
        if (!all && (story->dirty >> r & 1) == 0 && now_ms < story->deadlines_ms[r])
            continue;
        fill_views(story, r, views);
        rule_judge(rule, views, &clock, state, state, &judgement);
        story->deadlines_ms[r] = rule_deadline(rule, views, &clock, state);
        if (story->said[r].verdict != VERDICT_FAIL) {
            story->said[r] = judgement;
            story->said_ms[r] = now_ms;
        }
        if (judgement.verdict == VERDICT_FAIL && rule->mode == RULE_ACT)
            story->has_failed = true;
    }
    story->dirty = 0;
}

static int64_t next_deadline(const struct story *story)
{
    int64_t next_ms = INT64_MAX;

    for (size_t r = 0; r < story->definition->rule_count; r++)
        next_ms = story->deadlines_ms[r] < next_ms ? story->deadlines_ms[r] : next_ms;
    return next_ms;
}

/* What falls due before the next values is judged in its own time. */
static int64_t judge_until(struct story *story, int64_t from_ms, int64_t to_ms)
{
    int64_t now_ms = from_ms;

    while (!story->has_failed && next_deadline(story) < to_ms) {
        now_ms = next_deadline(story);
        judge_at(story, now_ms, false);
    }
    return story->has_failed ? now_ms : to_ms;
}

/* Returns when it ended. */
static int64_t live(struct story *story, int64_t start_ms)
{
    int64_t now_ms = start_ms;
    int64_t routed_ms = start_ms + ROUTED_MS + 137;

    for (int64_t second = 0; second < LENGTH_MS / 1000; second++) {
        int64_t at_ms = start_ms + second * 1000 + ARRIVES_MS;
        if (story->state.routed_ms == DEPLOYMENT_NEVER && at_ms > routed_ms) {
            route(story, routed_ms);
            judge_at(story, routed_ms, true);
        }
        if (story->state.routed_ms != DEPLOYMENT_NEVER)
            now_ms = judge_until(story, now_ms, at_ms);
        if (story->has_failed)
            return now_ms;
        now_ms = at_ms;
        for (size_t m = 0; m < story->definition->metric_count; m++)
            for (int side = 0; side < SIDES; side++)
                put(story, m, side, at_ms, story->is_bad && at_ms >= routed_ms + BREAKS_MS);
        series_book_close_steps(story->stage->book, at_ms);
        if (story->state.routed_ms != DEPLOYMENT_NEVER)
            judge_at(story, at_ms, false);
        if (story->has_failed)
            return now_ms;
    }
    judge_at(story, now_ms, true);
    return now_ms;
}

/* ---- all of them ---- */

static void say(const struct story *story, int64_t ended_ms)
{
    for (size_t r = 0; r < story->definition->rule_count; r++) {
        const struct judgement *said = &story->said[r];
        (void)printf("{\"id\": \"dep_%llu\", \"bad\": %s, \"kind\": \"%s\", \"rule\": \"%s\", "
                     "\"verdict\": \"%s\", \"reason\": \"%s\", \"at_ms\": %lld, \"ended_ms\": %lld}\n",
                     (unsigned long long)story->state.id, story->is_bad ? "true" : "false",
                     story->definition->rules[r].rule.kind == RULE_TRIGGER ? "trigger" : "comparison",
                     story->definition->rules[r].name, verdict_name(said->verdict), reason_name(said->reason),
                     (long long)story->said_ms[r], (long long)ended_ms);
    }
}

static void set_flag(void *data)
{
    *(bool *)data = true;
}

static int64_t tell(struct stage *stage, struct listener *listener, const char *service, uint64_t id,
                    bool is_bad, int64_t start_ms)
{
    struct story story = {.stage = stage, .is_bad = is_bad, .is_subtle = id % 4 == 0};
    struct err err = {0};
    bool is_flushed = false;

    story.definition = config_resolve(stage->config, service, "prod", NULL, false, &err);
    must(story.definition != NULL, &err);
    while (story.definition->plan->steps[story.observe].kind != STEP_OBSERVE)
        story.observe++;
    (void)snprintf(story.version, sizeof(story.version), "1.0.%llu", (unsigned long long)id);
    deployment_init(id, start_ms, &story.state);
    listener->story = &story;
    begin(&story, start_ms);
    open_series(&story);
    int64_t ended_ms = live(&story, start_ms);
    end(&story, ended_ms);
    close_series(&story);
    listener->story = NULL;
    say(&story, ended_ms);
    archive_sync(stage->archive, "", set_flag, &is_flushed);
    must(loop_run_until(stage->loop, &is_flushed, PATIENCE_MS), &err);
    definition_free(story.definition);
    return ended_ms;
}

static void closed(void *data, struct series *series, int64_t step)
{
    const struct listener *listener = data;

    archive_add(listener->stage->archive, series, step, OFFSET_MS);
}

int main(int count, char **values)
{
    struct stage stage = {.loop = loop_new(), .schemas = schemas_new(), .dice = {.state = 20261126}};
    struct listener listener = {.stage = &stage};
    struct series_events events = {.data = &listener, .marked = marked, .closed = closed};
    struct config_report *report = memory_take(sizeof(*report));
    struct journal_settings settings = {.loop = stage.loop, .boot_id = "one", .ballast_bytes = -1};
    struct err err = {0};
    char path[1024];
    uint64_t id = 0;

    if (count != 7)
        return 2;
    const char *rules = values[2];
    stage.config = config_read_files(&rules, 1, stage.schemas, report);
    if (report->count > 0)
        (void)fprintf(stderr, "%s\n", report->findings[0].text);
    stage.batch = memory_take(sizeof(*stage.batch));
    stage.book = series_book_new(&events);
    (void)snprintf(path, sizeof(path), "%s/series", values[1]);
    must(archive_new(stage.loop, NULL, path, NULL, 0, &stage.archive, &err), &err);
    (void)snprintf(path, sizeof(path), "%s/journal.db", values[1]);
    settings.path = path;
    must(journal_open(&settings, &stage.journal, &err), &err);
    long each = strtol(values[4], NULL, 10);
    long bad = strtol(values[5], NULL, 10);
    int64_t age_ms = strtol(values[6], NULL, 10) * 1000;
    int64_t first_ms =
        ((int64_t)time(NULL) / 60 * 60 - 600) * 1000 - OFFSET_MS - each * (int64_t)(LENGTH_MS + PAUSE_MS);
    for (long service = 0; service < strtol(values[3], NULL, 10); service++) {
        char name[32];
        int64_t start_ms = first_ms - age_ms;
        (void)snprintf(name, sizeof(name), "shop-%ld", service);
        for (long i = 0; i < each; i++) {
            if (i == each / 2)
                start_ms += age_ms;
            id++;
            start_ms = tell(&stage, &listener, name, id, id % (uint64_t)bad == 0, start_ms) + PAUSE_MS;
        }
    }
    journal_close(stage.journal);
    series_book_free(stage.book);
    archive_free(stage.archive);
    config_free(stage.config);
    loop_free(stage.loop);
    free(stage.schemas);
    free(stage.batch);
    free(report);
    return 0;
}
