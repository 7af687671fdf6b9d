/* fleet.c - reports of the fleet, one after the other: read, taken from the engine, printed.
 * SPDX-License-Identifier: MIT */
#include "api/fleet_recovery.h"
#include "api/parts.h"
#include "api/run_shape.h"
#include "api/shape.h"
#include "io/clock.h"
#include "io/json.h"
#include "io/loop.h"
#include "io/memory.h"
#include "orchestrator/run.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static void begin(struct fleet *fleet);

static void free_report(struct fleet_report *report)
{
    cJSON_Delete(report->json);
    fleet_stacks_done(&report->stacks);
    free(report->arena.memory);
    free(report->page.memory);
    free(report->part);
    free(report->targets);
    free(report->names);
    free(report->text);
    free(report);
}

/* Takes the first one out, says what came of it, and begins the next. */
static void end(struct fleet_report *report)
{
    struct api *api = report->api;
    struct fleet *fleet = &api->fleet;
    char *text = report->text;

    TAILQ_REMOVE(&fleet->reports, report, link);
    fleet->count--;
    fleet->is_busy = false;
    report->text = NULL;
    if (report->done != NULL && report->err.code == ERR_NONE)
        report->done(report->data, text, report->length, NULL);
    else
        free(text);
    if (report->done != NULL && report->err.code != ERR_NONE)
        report->done(report->data, NULL, 0, &report->err);
    free_report(report);
    if (api->is_closed)
        api_release(api);
    else
        begin(fleet);
}

/* ---- figures that are kept ---- */

/* Whoever sees the same, of the same span. */
static bool is_alike(const struct fleet_wish *a, const struct fleet_wish *b)
{
    if (a->span_ms != b->span_ms || strcmp(a->environment, b->environment) != 0 ||
        a->principal.has_token != b->principal.has_token)
        return false;
    return !a->principal.has_token || strcmp(a->principal.token.id, b->principal.token.id) == 0;
}

static void keep(struct fleet_report *report)
{
    struct fleet *fleet = &report->api->fleet;
    int64_t now_ms = loop_now_ms();
    struct fleet_kept *place = &fleet->kept[0];

    for (size_t i = 0; i < FLEET_KEPT; i++) {
        struct fleet_kept *kept = &fleet->kept[i];
        if (kept->part != NULL && is_alike(&kept->wish, &report->wish)) {
            place = kept;
            break;
        }
        if (kept->part == NULL || (place->part != NULL && kept->made_ms < place->made_ms))
            place = kept;
    }
    if (place->part == NULL)
        place->part = memory_take(sizeof(*place->part));
    *place->part = *report->part;
    place->wish = report->wish;
    place->made_ms = now_ms;
    place->cost_ms = now_ms - report->started_ms;
}

static bool is_fresh(const struct fleet_kept *kept, int64_t now_ms)
{
    int64_t old_ms = now_ms - kept->made_ms;

    return old_ms < FLEET_FRESH_MS || old_ms < FLEET_FRESH_TIMES * kept->cost_ms;
}

static void take_kept(struct fleet_report *report)
{
    const struct fleet *fleet = &report->api->fleet;

    report->started_ms = loop_now_ms();
    for (size_t i = 0; i < FLEET_KEPT; i++) {
        const struct fleet_kept *kept = &fleet->kept[i];
        if (kept->part == NULL || !is_alike(&kept->wish, &report->wish) ||
            !is_fresh(kept, report->started_ms))
            continue;
        *report->part = *kept->part;
        report->has_figures = true;
    }
}

/* ---- printed ---- */

static void print(void *data)
{
    struct fleet_report *report = data;

    fleet_shape(report);
    report->text = json_print(report->json);
    report->length = strlen(report->text);
}

static void printed(void *data)
{
    end(data);
}

/* ---- taken from the engine ---- */

static void take_target(const struct api *api, const struct target_state *state, struct fleet_target *to)
{
    if (state == NULL)
        return;
    to->is_frozen = state->is_frozen;
    to->thaws_wall_ms = state->thaws_wall_ms;
    to->is_braked = state->is_braked;
    if (state->is_braked)
        to->opens_wall_ms = clock_wall_ms() + state->opens_ms - api->env.now_ms(api->env.data);
    to->quarantined = state->quarantined_count;
    if (!state->has_stable)
        return;
    to->slot = state->stable_slot;
    to->deployment = state->stable_deployment;
    if (!journal_version(api->env.journal, state->stable_version_key, &to->version, &to->digest))
        to->version = to->digest = "";
}

struct fleet_target fleet_target_of(const struct api *api, uint32_t target, const char *service,
                                    const char *environment)
{
    struct fleet_target to = {.service = service, .environment = environment};

    take_target(api, api->env.target(api->env.data, target), &to);
    return to;
}

static size_t size_of_names(const struct fleet_target *target)
{
    const char *const names[] = {target->service, target->environment, target->version, target->digest};
    size_t size = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        size += names[i] == NULL ? 0 : strlen(names[i]) + 1;
    return size;
}

static const char *move_name(char **to, const char *name)
{
    const char *moved = *to;

    if (name == NULL)
        return NULL;
    size_t size = strlen(name) + 1;
    memcpy(*to, name, size);
    *to += size;
    return moved;
}

static void own_names(struct fleet_report *report)
{
    size_t size = 1;

    for (size_t i = 0; i < report->target_count; i++)
        size += size_of_names(&report->targets[i]);
    char *to = report->names = memory_take(size);
    for (size_t i = 0; i < report->target_count; i++) {
        struct fleet_target *target = &report->targets[i];
        target->service = move_name(&to, target->service);
        target->environment = move_name(&to, target->environment);
        target->version = move_name(&to, target->version);
        target->digest = move_name(&to, target->digest);
    }
}

static void take_targets(struct fleet_report *report)
{
    const struct api *api = report->api;
    struct journal *journal = api->env.journal;
    uint32_t last = journal_target_last(journal);
    const char *service = "";
    const char *environment = "";

    report->targets = memory_take_array((size_t)last + 1, sizeof(*report->targets));
    for (uint32_t target = 1; target <= last; target++)
        if (journal_target_names(journal, target, &service, &environment) &&
            strcmp(service, JOURNAL_FLEET) != 0)
            report->targets[report->target_count++] = fleet_target_of(api, target, service, environment);
    own_names(report);
}

static void add_deployments(const struct fleet_report *report)
{
    cJSON *deployments = cJSON_AddArrayToObject(report->json, "deployments");

    for (size_t i = 0; i < report->row_count; i++) {
        const struct record record = reading_record_of(report->api, &report->rows[i]);
        cJSON_AddItemToArray(deployments, shape_deployment(&record, false));
    }
    cJSON_AddNumberToObject(report->json, "in_progress", report->in_progress);
}

static void add_pipelines(const struct fleet_report *report)
{
    cJSON *pipelines = cJSON_AddObjectToObject(report->json, "pipelines");
    cJSON *active = cJSON_AddArrayToObject(pipelines, "active");
    cJSON *queued = cJSON_AddArrayToObject(pipelines, "queued");
    cJSON *recent = cJSON_AddArrayToObject(pipelines, "recent");

    for (size_t i = 0; i < report->run_count; i++) {
        const struct run_record record = {.row = &report->runs[i]};
        enum run_phase phase = record.row->state.phase;
        if (!run_phase_is_terminal(phase))
            cJSON_AddItemToArray(phase == RUN_QUEUED ? queued : active, run_shape(&record, false));
        else if (cJSON_GetArraySize(recent) < FLEET_RUNS_RECENT)
            cJSON_AddItemToArray(recent, run_shape(&record, false));
    }
}

static void take_live(struct fleet_report *report)
{
    const struct api *api = report->api;
    uint32_t all = journal_target(api->env.journal, JOURNAL_FLEET, JOURNAL_FLEET);
    const struct fleet_target door = fleet_target_of(api, all, JOURNAL_FLEET, JOURNAL_FLEET);

    cJSON_AddStringToObject(report->json, "schema", "verdict.status/1");
    cJSON_AddStringToObject(report->json, "instance", api->env.instance);
    cJSON_AddStringToObject(report->json, "version", VERDICT_VERSION);
    shape_time(report->json, "time", report->now_ms);
    cJSON_AddItemToObject(report->json, "fleet", fleet_shape_door(&door));
    add_deployments(report);
    add_pipelines(report);
    take_targets(report);
    fleet_recovery_add(report);
}

/* ---- read ---- */

static void work(void *data)
{
    struct fleet_report *report = data;

    fleet_read(report, report->api->view);
}

static void worked(void *data)
{
    struct fleet_report *report = data;
    const struct api *api = report->api;

    if (report->err.code == ERR_NONE && !api->is_closed && report->done != NULL) {
        if (!report->has_figures)
            keep(report);
        take_live(report);
        if (loop_work(api->env.loop, print, printed, report, &report->err))
            return;
    }
    end(report);
}

static void cannot(void *data)
{
    end(data);
}

/* What cannot be read ends as every report does: later, and with `done`. */
static void begin(struct fleet *fleet)
{
    struct fleet_report *report = TAILQ_FIRST(&fleet->reports);

    if (report == NULL || fleet->is_busy)
        return;
    const struct api *api = report->api;
    fleet->is_busy = true;
    report->now_ms = clock_wall_ms();
    report->part = memory_take(sizeof(*report->part));
    arena_init(&report->arena, memory_take(FLEET_MEMORY), FLEET_MEMORY);
    arena_init(&report->page, memory_take(FLEET_PAGE_MEMORY), FLEET_PAGE_MEMORY);
    take_kept(report);
    if (api->view != NULL && loop_work(api->env.loop, work, worked, report, &report->err))
        return;
    if (api->view == NULL)
        err_set(&report->err, ERR_UNAVAILABLE, "the journal cannot be read");
    loop_defer(api->env.loop, cannot, report);
}

struct fleet_report *fleet_report_start(struct api *api, const struct fleet_wish *wish, struct cJSON *head,
                                        fleet_told *done, void *data, struct err *err)
{
    struct fleet *fleet = &api->fleet;

    if (fleet->count > FLEET_WAITING_MAX) {
        cJSON_Delete(head);
        err_set(err, ERR_LIMIT, "%d reports wait already; ask again later", FLEET_WAITING_MAX);
        return NULL;
    }
    struct fleet_report *report = memory_take(sizeof(*report));
    report->api = api;
    report->wish = *wish;
    report->json = head == NULL ? cJSON_CreateObject() : head;
    report->done = done;
    report->data = data;
    TAILQ_INSERT_TAIL(&fleet->reports, report, link);
    fleet->count++;
    begin(fleet);
    return report;
}

void fleet_report_forget(struct fleet_report *report)
{
    report->done = NULL;
}

/* ---- of the api ---- */

void fleet_init(struct fleet *fleet)
{
    TAILQ_INIT(&fleet->reports);
}

static void tell_closed(struct fleet_report *report)
{
    const struct err err = {ERR_UNAVAILABLE, "the daemon stops"};

    if (report->done != NULL)
        report->done(report->data, NULL, 0, &err);
    report->done = NULL;
}

void fleet_close(struct api *api)
{
    struct fleet *fleet = &api->fleet;
    struct fleet_report *first = fleet->is_busy ? TAILQ_FIRST(&fleet->reports) : NULL;
    struct fleet_report *report = NULL;

    while ((report = TAILQ_LAST(&fleet->reports, fleet_queue)) != first) {
        TAILQ_REMOVE(&fleet->reports, report, link);
        fleet->count--;
        tell_closed(report);
        free_report(report);
    }
    if (first != NULL)
        tell_closed(first);
    for (size_t i = 0; i < FLEET_KEPT; i++) {
        free(fleet->kept[i].part);
        fleet->kept[i].part = NULL;
    }
}

bool fleet_is_idle(const struct api *api)
{
    return TAILQ_EMPTY(&api->fleet.reports);
}
