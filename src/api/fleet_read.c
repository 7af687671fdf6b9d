/* fleet_read.c - the journal read for a report of the fleet; on a worker.
 * SPDX-License-Identifier: MIT */
#include "api/fleet_keep.h"
#include "api/fleet_parts.h"
#include "config/run_definition.h"
#include "orchestrator/deployment.h"
#include "orchestrator/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Output names that pipelines report figures under. */
#define OUTPUT_COVERAGE "coverage"
#define OUTPUT_BYTES    "artifact_bytes"
#define OUTPUT_COMMIT   "commit_time"
#define STAGE_BUILD     "build"
#define STAGE_TEST      "test"

/* One pass over the journal. */
struct pass {
    struct fleet_report *report;
    struct journal_view *view;
    int64_t since_ms;
    int64_t first_ms; /* creation of the oldest that was seen, wall clock */
    uint64_t oldest;  /* deployment that is looked at */
};

struct fleet_environment *fleet_environment(struct fleet_figures *part, const char *name)
{
    for (size_t i = 0; i < part->environment_count; i++)
        if (strcmp(part->environments[i].name, name) == 0)
            return &part->environments[i];
    if (part->environment_count == FLEET_ENVIRONMENTS_MAX)
        return NULL;
    struct fleet_environment *environment = &part->environments[part->environment_count];
    if (!text_copy(environment->name, sizeof(environment->name), name))
        return NULL;
    part->environment_count++;
    return environment;
}

bool fleet_shows(const struct fleet_wish *wish, const char *service, const char *environment)
{
    return (wish->environment[0] == '\0' || strcmp(wish->environment, environment) == 0) &&
           auth_allows(&wish->principal, TOKEN_READ, service, environment);
}

/* Rows of a group name no service: a token that is bound to some sees none of them. For tokens a stack is a
 * service. */
bool fleet_shows_run(const struct fleet_wish *wish, const struct journal_run *run)
{
    const struct principal *principal = &wish->principal;
    const char *slash = strchr(run->pipeline, '/');
    char stack[NAME_MAX_LENGTH + 1];

    if (slash != NULL) {
        (void)snprintf(stack, sizeof(stack), "%.*s", (int)(slash - run->pipeline), run->pipeline);
        return auth_allows(principal, TOKEN_READ, stack, slash + 1);
    }
    if (run->service[0] != '\0')
        return auth_allows(principal, TOKEN_READ, run->service, "");
    return !principal->has_token || journal_token_allows(&principal->token, TOKEN_READ, "", "");
}

/* ---- what is under way ---- */

static bool take_under_way(struct fleet_report *report, const struct journal_deployment *rows, size_t count,
                           struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!fleet_shows(&report->wish, rows[i].service, rows[i].environment))
            continue;
        struct fleet_environment *environment = fleet_environment(report->part, rows[i].environment);
        report->in_progress++;
        if (environment != NULL)
            environment->in_progress++;
        if (report->row_count < VIEW_ROWS_MAX &&
            !fleet_keep_deployment(&report->arena, &rows[i], &report->rows[report->row_count++], err))
            return false;
    }
    return true;
}

static uint32_t phases_under_way(void)
{
    uint32_t phases = 0;

    for (unsigned i = 0; i < PHASE_COUNT; i++)
        if (!phase_is_terminal((enum deployment_phase)i))
            phases |= UINT32_C(1) << i;
    return phases;
}

static bool make_room(struct fleet_report *report, struct err *err)
{
    report->rows = arena_take_array(&report->arena, VIEW_ROWS_MAX, sizeof(*report->rows));
    report->runs = arena_take_array(&report->arena, VIEW_ROWS_MAX, sizeof(*report->runs));
    return (report->rows != NULL && report->runs != NULL) ||
           err_set(err, ERR_LIMIT, "a report has no memory for its rows");
}

/* All that the asker may see are counted, the newest of them are shown. */
static bool read_under_way(struct fleet_report *report, struct journal_view *view, struct err *err)
{
    struct journal_filter filter = {.limit = VIEW_ROWS_MAX, .phases = phases_under_way()};
    const struct journal_deployment *rows = NULL;
    size_t count = VIEW_ROWS_MAX;

    if (report->wish.environment[0] != '\0')
        filter.environment = report->wish.environment;
    while (count == VIEW_ROWS_MAX) {
        arena_reset(&report->page);
        if (!journal_view_list(view, &filter, &report->page, &rows, &count, err) ||
            !take_under_way(report, rows, count, err))
            return false;
        filter.before = count == 0 ? 0 : rows[count - 1].id;
    }
    return true;
}

/* The newest that the asker may see, of as many as are looked at. */
static bool read_newest_runs(struct fleet_report *report, struct journal_view *view, struct err *err)
{
    const struct journal_run *rows = NULL;
    size_t count = VIEW_ROWS_MAX;
    uint64_t before = 0;

    for (size_t seen = 0; count == VIEW_ROWS_MAX && seen < FLEET_RUNS_MAX; seen += count) {
        arena_reset(&report->page);
        if (!journal_view_runs(view, "", before, VIEW_ROWS_MAX, &report->page, &rows, &count, err))
            return false;
        for (size_t i = 0; i < count && report->run_count < VIEW_ROWS_MAX; i++)
            if (fleet_shows_run(&report->wish, &rows[i]) &&
                !fleet_keep_run(&report->arena, &rows[i], &report->runs[report->run_count++], err))
                return false;
        if (count == 0 || report->run_count == VIEW_ROWS_MAX)
            break;
        before = rows[count - 1].id;
    }
    return true;
}

/* ---- deployments that ended ---- */

static void take_ended(void *data, const struct journal_ended *row)
{
    const struct pass *pass = data;
    struct fleet_figures *part = pass->report->part;

    if (!fleet_shows(&pass->report->wish, row->service, row->environment))
        return;
    uint32_t before = part->figures.all.sums[FIGURE_SUCCESS_RATE].count;
    double good = part->figures.all.sums[FIGURE_SUCCESS_RATE].total;
    figures_deployment(&part->figures, row);
    struct fleet_environment *environment = fleet_environment(part, row->environment);
    if (environment == NULL)
        return;
    environment->ended += part->figures.all.sums[FIGURE_SUCCESS_RATE].count - before;
    environment->succeeded += part->figures.all.sums[FIGURE_SUCCESS_RATE].total > good;
}

static bool read_ended(struct pass *pass, struct err *err)
{
    struct journal_ended_span span = {.since_ms = pass->since_ms};
    uint64_t newest = 0;

    if (!journal_view_newest(pass->view, &newest, err))
        return false;
    uint64_t last = newest > FLEET_DEPLOYMENTS_MAX ? newest - FLEET_DEPLOYMENTS_MAX : 0;
    pass->oldest = last + 1;
    for (uint64_t before = newest + 1; before > last + 1; before = span.from) {
        span.before = before;
        span.from = before > last + FLEET_RANGE ? before - FLEET_RANGE : last + 1;
        if (!journal_view_ended(pass->view, &span, take_ended, (void *)(uintptr_t)pass, err))
            return false;
    }
    return true;
}

/* ---- runs that ended ---- */

/* What one run's rows say. */
struct run_rows {
    const struct journal_run *run;
    const struct run_definition *definition;
    const struct journal_task *tasks;
    size_t count;
};

static void take_working(void *data, const struct journal_ended *row)
{
    int64_t *working_ms = data;

    *working_ms = row->working_ms;
}

/* JOURNAL_UNKNOWN: of one that is not over, and so nobody knows. */
static int64_t working_of(const struct pass *pass, uint64_t deployment)
{
    const struct journal_ended_span span = {.from = deployment, .before = deployment + 1};
    int64_t working_ms = JOURNAL_UNKNOWN;

    if (!journal_view_ended(pass->view, &span, take_working, &working_ms, NULL))
        return JOURNAL_UNKNOWN;
    return working_ms;
}

static bool is_in(const struct run_rows *rows, const struct run_plan_stage *stage, size_t row,
                  enum run_task_kind kind)
{
    uint8_t task = rows->tasks[row].task;

    return task >= stage->first && task < stage->first + stage->count &&
           task < rows->definition->plan.task_count && rows->definition->plan.tasks[task].kind == kind;
}

/* How long at least one command of the stage was under way: the tries' spans joined. */
static int64_t commanding_ms(const struct run_rows *rows, const struct run_plan_stage *stage)
{
    int64_t sum_ms = 0;
    int64_t at_ms = INT64_MIN;

    for (;;) {
        const struct journal_task *next = NULL;
        for (size_t i = 0; i < rows->count; i++)
            if (is_in(rows, stage, i, RUN_TASK_COMMAND) && rows->tasks[i].changed_ms > at_ms &&
                (next == NULL || rows->tasks[i].began_ms < next->began_ms))
                next = &rows->tasks[i];
        if (next == NULL)
            return sum_ms;
        sum_ms += next->changed_ms - (next->began_ms > at_ms ? next->began_ms : at_ms);
        at_ms = next->changed_ms;
    }
}

/* Of deployments that go at the same time the one that works the longest. */
static int64_t deploying_ms(const struct pass *pass, const struct run_rows *rows,
                            const struct run_plan_stage *stage)
{
    int64_t most_ms = 0;

    for (size_t i = 0; i < rows->count; i++) {
        if (!is_in(rows, stage, i, RUN_TASK_DEPLOY) || rows->tasks[i].deployment == 0)
            continue;
        int64_t working_ms = working_of(pass, rows->tasks[i].deployment);
        if (working_ms < 0)
            return JOURNAL_UNKNOWN;
        most_ms = working_ms > most_ms ? working_ms : most_ms;
    }
    return most_ms;
}

static int64_t run_working_ms(const struct pass *pass, const struct run_rows *rows)
{
    int64_t sum_ms = 0;

    for (uint8_t i = 0; i < rows->definition->plan.stage_count; i++) {
        const struct run_plan_stage *stage = &rows->definition->plan.stages[i];
        int64_t deploying = deploying_ms(pass, rows, stage);
        if (deploying < 0)
            return JOURNAL_UNKNOWN;
        sum_ms += commanding_ms(rows, stage) + deploying;
    }
    return sum_ms;
}

/* The number of stages where none is called so. */
static uint8_t find_stage(const struct run_definition *definition, const char *name)
{
    uint8_t at = 0;

    while (at < definition->plan.stage_count && strcmp(definition->stages[at], name) != 0)
        at++;
    return at;
}

/* Unknown where there is no such stage, or where it did not end well. */
static int64_t build_ms(const struct run_rows *rows)
{
    const struct run_plan *plan = &rows->definition->plan;
    int64_t from_ms = INT64_MAX;
    int64_t to_ms = INT64_MIN;
    uint8_t at = find_stage(rows->definition, STAGE_BUILD);

    if (at == plan->stage_count || rows->run->state.stage < at ||
        (rows->run->state.stage == at && rows->run->state.phase != RUN_RELEASED))
        return JOURNAL_UNKNOWN;
    for (size_t i = 0; i < rows->count; i++) {
        const struct journal_task *task = &rows->tasks[i];
        if (task->task < plan->stages[at].first ||
            task->task >= plan->stages[at].first + plan->stages[at].count)
            continue;
        from_ms = task->began_ms < from_ms ? task->began_ms : from_ms;
        to_ms = task->changed_ms > to_ms ? task->changed_ms : to_ms;
    }
    return to_ms < from_ms ? JOURNAL_UNKNOWN : to_ms - from_ms;
}

static void take_outputs(const struct pass *pass, const struct journal_run *run, struct figures_run *to)
{
    const struct journal_output *outputs = NULL;
    size_t count = 0;
    double number = 0.0;

    if (!journal_view_outputs(pass->view, run->id, &pass->report->page, &outputs, &count, NULL))
        return;
    for (size_t i = 0; i < count; i++) {
        if (!text_to_number(outputs[i].value, &number) || number < 0.0)
            continue;
        if (strcmp(outputs[i].name, OUTPUT_COVERAGE) == 0 && number <= 100.0)
            to->coverage_percent = number;
        else if (strcmp(outputs[i].name, OUTPUT_BYTES) == 0)
            to->artifact_bytes = number;
        else if (strcmp(outputs[i].name, OUTPUT_COMMIT) == 0 && number * 1000.0 <= (double)run->ended_ms)
            to->lead_ms = run->ended_ms - (int64_t)(number * 1000.0);
    }
}

static void take_run(const struct pass *pass, const struct journal_run *run)
{
    struct arena *arena = &pass->report->page;
    struct figures_run figures = {.pipeline = run->pipeline,
                                  .is_released = run->state.phase == RUN_RELEASED,
                                  .elapsed_ms = run->ended_ms - run->created_ms,
                                  .working_ms = JOURNAL_UNKNOWN,
                                  .build_ms = JOURNAL_UNKNOWN,
                                  .lead_ms = JOURNAL_UNKNOWN,
                                  .coverage_percent = NAN,
                                  .artifact_bytes = NAN};
    struct run_rows rows = {.run = run};
    struct run_definition *definition = NULL;
    const char *sealed = NULL;

    if (journal_view_run_sealed(pass->view, run->id, arena, &sealed, NULL))
        definition = config_unseal_pipeline(sealed, NULL);
    rows.definition = definition;
    if (definition != NULL &&
        journal_view_tasks(pass->view, run->id, false, arena, &rows.tasks, &rows.count, NULL)) {
        figures.working_ms = run_working_ms(pass, &rows);
        figures.build_ms = build_ms(&rows);
    }
    take_outputs(pass, run, &figures);
    /* A retry carries what a run before it reported, which counts there. */
    if (definition != NULL && run->state.first_stage > find_stage(definition, STAGE_TEST))
        figures.coverage_percent = NAN;
    figures_run(&pass->report->part->figures, &figures);
    run_definition_free(definition);
}

/* Infrastructure is no delivery of a version. */
static bool is_of_stack(const struct journal_run *run)
{
    return strchr(run->pipeline, '/') != NULL;
}

/* What is read of each one is forgotten behind it; the rows themselves stay. */
static void take_page(struct pass *pass, const struct journal_run *rows, size_t count)
{
    struct fleet_report *report = pass->report;
    const struct arena before = report->page;

    for (size_t i = 0; i < count; i++) {
        if (!fleet_shows_run(&report->wish, &rows[i]) || is_of_stack(&rows[i]))
            continue;
        pass->first_ms = rows[i].created_ms < pass->first_ms ? rows[i].created_ms : pass->first_ms;
        if (rows[i].ended_ms > 0 && rows[i].ended_ms >= pass->since_ms)
            take_run(pass, &rows[i]);
        report->page = before;
    }
}

/* Newest first, as many as are looked at: what ended in the span may have begun long before it. */
static bool read_runs(struct pass *pass, struct err *err)
{
    struct fleet_report *report = pass->report;
    const struct journal_run *rows = NULL;
    size_t count = VIEW_ROWS_MAX;
    uint64_t before = 0;

    for (size_t seen = 0; count == VIEW_ROWS_MAX && seen < FLEET_RUNS_MAX; seen += count) {
        arena_reset(&report->page);
        if (!journal_view_runs(pass->view, "", before, VIEW_ROWS_MAX, &report->page, &rows, &count, err))
            return false;
        take_page(pass, rows, count);
        before = count == 0 ? 0 : rows[count - 1].id;
    }
    if (count == VIEW_ROWS_MAX)
        report->part->is_cut = true;
    return true;
}

/* ---- all ---- */

/* The first one that is looked at: before it the journal says nothing, and not that nothing happened. Where
 * there is an older one and it was created in the span, figures are of less than the span. */
static void take_first(struct pass *pass)
{
    struct fleet_report *report = pass->report;
    const struct journal_deployment *row = NULL;

    arena_reset(&report->page);
    if (!journal_view_deployment(pass->view, pass->oldest, &report->page, &row, NULL))
        return;
    if (pass->oldest > 1 && row->created_ms > pass->since_ms) {
        report->part->is_cut = true;
        pass->first_ms = row->created_ms;
    } else if (row->created_ms < pass->first_ms) {
        pass->first_ms = row->created_ms;
    }
}

static bool read_figures(struct fleet_report *report, struct journal_view *view, struct err *err)
{
    struct fleet_figures *part = report->part;
    struct pass pass = {.report = report,
                        .view = view,
                        .since_ms = report->now_ms - report->wish.span_ms,
                        .first_ms = report->now_ms};

    arena_reset(&report->page);
    if (!read_ended(&pass, err))
        return false;
    /* Runs belong to several environments: of one they are no figures. */
    part->has_runs = report->wish.environment[0] == '\0';
    if (part->has_runs && !read_runs(&pass, err))
        return false;
    take_first(&pass);
    part->covered_ms = report->now_ms - (pass.first_ms > pass.since_ms ? pass.first_ms : pass.since_ms);
    part->is_cut = part->is_cut || part->figures.is_cut;
    figures_end(&part->figures, part->covered_ms);
    return true;
}

void fleet_read(struct fleet_report *report, struct journal_view *view)
{
    struct err err = {0};
    bool is_good = false;

    for (size_t i = 0; i < report->part->environment_count; i++)
        report->part->environments[i].in_progress = 0; /* of those that were kept */
    is_good = make_room(report, &err) && read_under_way(report, view, &err) &&
              read_newest_runs(report, view, &err) &&
              fleet_stacks_read(view, &report->wish, &report->stacks, &err) &&
              (report->has_figures || read_figures(report, view, &err));
    if (!is_good)
        report->err = err;
}
