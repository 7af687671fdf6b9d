/* traces.c - pages of the journal, one after the other, into spans.
 * SPDX-License-Identifier: MIT */
#include "api/traces.h"

#include "api/deployment_spans.h"
#include "api/route.h"
#include "api/run_spans.h"
#include "config/config.h"
#include "io/memory.h"

#include <stdlib.h>

enum { ROW_MEMORY = 1024 * 1024 + 512 * 1024, PAGE_MEMORY = 256 * 1024 };

/* One reading. */
struct tracer {
    struct journal_view *view;
    const struct traces_source *source;
    const struct spans_origin *origin;
    struct arena arena, page; /* of its row and sealed text; of one page */
};

static struct definition *definition_of(struct tracer *tracer, const struct journal_deployment *row)
{
    const char *sealed = NULL;

    if (!journal_view_sealed(tracer->view, row->id, &tracer->arena, &sealed, NULL))
        return NULL;
    struct definition *definition = config_unseal(sealed, tracer->source->schemas, NULL);
    if (definition != NULL && row->kind == PLAN_ROLLBACK) {
        struct plan promoted = *definition->plan;
        plan_expand_rollback(&promoted, promoted.verify, definition->plan);
    }
    return definition;
}

static bool add_audit(struct tracer *tracer, struct deployment_spans *spans, uint64_t id, struct err *err)
{
    size_t count = VIEW_ROWS_MAX;
    size_t taken = 0;
    uint64_t after = 0;

    while (count == VIEW_ROWS_MAX && taken < TRACES_ROWS_MAX) {
        const struct journal_audit *rows = NULL;
        arena_reset(&tracer->page);
        if (!journal_view_audit(tracer->view, id, after, VIEW_ROWS_MAX, &tracer->page, &rows, &count, err))
            return false;
        for (size_t i = 0; i < count; i++)
            deployment_spans_audit(spans, &rows[i]);
        after = count == 0 ? after : rows[count - 1].event;
        taken += count;
    }
    return true;
}

static bool add_actions(struct tracer *tracer, struct deployment_spans *spans, uint64_t id, struct err *err)
{
    size_t count = VIEW_ROWS_MAX;
    size_t taken = 0;
    uint32_t after = 0;

    while (count == VIEW_ROWS_MAX && taken < TRACES_ROWS_MAX) {
        const struct journal_action *rows = NULL;
        arena_reset(&tracer->page);
        if (!journal_view_actions(tracer->view, id, after, VIEW_ROWS_MAX, &tracer->page, &rows, &count, err))
            return false;
        for (size_t i = 0; i < count; i++)
            deployment_spans_action(spans, &rows[i]);
        after = count == 0 ? after : rows[count - 1].sequence;
        taken += count;
    }
    return true;
}

static bool add_verdicts(struct tracer *tracer, struct deployment_spans *spans, uint64_t id, struct err *err)
{
    size_t count = VIEW_ROWS_MAX;
    size_t taken = 0;
    uint64_t after = 0;

    while (count == VIEW_ROWS_MAX && taken < TRACES_ROWS_MAX) {
        const struct journal_verdict *rows = NULL;
        arena_reset(&tracer->page);
        if (!journal_view_verdicts(tracer->view, id, after, VIEW_ROWS_MAX, &tracer->page, &rows, &count, err))
            return false;
        for (size_t i = 0; i < count; i++)
            deployment_spans_verdict(spans, &rows[i]);
        after = count == 0 ? after : rows[count - 1].id;
        taken += count;
    }
    return true;
}

static bool read_deployment(struct tracer *tracer, uint64_t id, char **ret_json, struct err *err)
{
    const struct journal_deployment *row = NULL;
    struct deployment_spans spans;

    if (!journal_view_deployment(tracer->view, id, &tracer->arena, &row, err))
        return false;
    struct definition *definition = definition_of(tracer, row);
    bool is_recorded = deployment_spans_begin(&spans, tracer->origin, row, definition);
    const struct journal_deployment *promoted = NULL;
    if (is_recorded && row->taken_back != 0 &&
        journal_view_deployment(tracer->view, row->taken_back, &tracer->arena, &promoted, NULL))
        deployment_spans_taken_back(&spans, promoted);
    bool is_good =
        !is_recorded || (add_audit(tracer, &spans, id, err) && add_actions(tracer, &spans, id, err) &&
                         add_verdicts(tracer, &spans, id, err));
    char *json = is_recorded ? deployment_spans_end(&spans) : NULL;
    definition_free(definition);
    if (is_good)
        *ret_json = json;
    else
        free(json);
    return is_good;
}

static bool read_run(struct tracer *tracer, uint64_t id, char **ret_json, struct err *err)
{
    const char *sealed = NULL;
    struct run_spans run = {0};

    if (!journal_view_run(tracer->view, id, &tracer->arena, &run.row, err) ||
        !journal_view_tasks(tracer->view, id, false, &tracer->page, &run.tasks, &run.task_count, err))
        return false;
    if (run.row->retry_of != 0 &&
        !journal_view_run(tracer->view, run.row->retry_of, &tracer->arena, &run.former, err))
        return false;
    struct run_definition *definition = NULL;
    if (journal_view_run_sealed(tracer->view, id, &tracer->arena, &sealed, NULL))
        definition = config_unseal_pipeline(sealed, NULL);
    run.definition = definition;
    *ret_json = run_spans_write(tracer->origin, &run);
    run_definition_free(definition);
    return true;
}

bool traces_read(const struct traces_source *source, const struct spans_origin *origin, const char *subject,
                 char **ret_json, struct err *err)
{
    struct tracer tracer = {.source = source, .origin = origin};
    uint64_t id = 0;
    bool is_run = route_parse_run(subject, &id);

    if (!is_run && !route_parse_deployment(subject, &id))
        return err_set(err, ERR_INVALID, "\"%.40s\" is neither a deployment nor a run", subject);
    if (!journal_view_open(source->path, &tracer.view, err))
        return false;
    CLEANUP(memory_free_at) void *memory = memory_take(ROW_MEMORY);
    CLEANUP(memory_free_at) void *page = memory_take(PAGE_MEMORY);
    arena_init(&tracer.arena, memory, ROW_MEMORY);
    arena_init(&tracer.page, page, PAGE_MEMORY);
    bool is_good =
        is_run ? read_run(&tracer, id, ret_json, err) : read_deployment(&tracer, id, ret_json, err);
    journal_view_close(tracer.view);
    return is_good || err_wrap(err, "the trace of %s", subject);
}
