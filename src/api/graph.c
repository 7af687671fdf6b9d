/* graph.c - GET .../graph: what is to be drawn of a metric; who draws it is the daemon's part.
 * SPDX-License-Identifier: MIT */
#include "api/graph_parts.h"
#include "api/parts.h"
#include "api/shape.h"
#include "config/side.h"
#include "io/clock.h"
#include "io/json.h"
#include "series/archive.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 400, PATH_SIZE = 512, METRICS_SHOWN = 300, SPARE_S = 30 };

/* A metric, and which of its files: a histogram has one for each quantile. */
struct wanted {
    const struct metric_definition *metric;
    size_t index;
    const char *suffix; /* "", ".p50", ".p95", ".p99" */
};

static const char *const quantiles[] = {".p50", ".p95", ".p99"};
static const char usual_quantile[] = ".p95";

static bool find_metric(const struct definition *definition, const char *name, struct wanted *ret_wanted)
{
    size_t length = strcspn(name, ".");

    for (size_t i = 0; i < definition->metric_count; i++) {
        const struct metric_definition *metric = &definition->metrics[i];
        bool is_histogram = metric->kind == SERIES_HISTOGRAM;
        if (strncmp(metric->name, name, length) != 0 || metric->name[length] != '\0')
            continue;
        *ret_wanted = (struct wanted){metric, i, is_histogram ? usual_quantile : ""};
        if (name[length] == '\0')
            return true;
        for (size_t q = 0; is_histogram && q < ARRAY_LENGTH(quantiles); q++)
            if (strcmp(quantiles[q], name + length) == 0) {
                ret_wanted->suffix = quantiles[q];
                return true;
            }
    }
    return false;
}

static void refuse_metric(struct call *call, const struct definition *definition, const char *name)
{
    char known[METRICS_SHOWN] = "";
    struct text text;

    text_init(&text, known, sizeof(known));
    for (size_t i = 0; i < definition->metric_count; i++)
        text_add(&text, "%s%s", i == 0 ? "" : ", ", definition->metrics[i].name);
    problem_answer(call, 422, "invalid", "it reads no metric '%.80s'; it reads %s", name,
                   known[0] == '\0' ? "none" : known);
}

/* "candidate 2.0.0 in green" */
static void name_side(const struct side *side, char name[NAME_SIZE])
{
    const struct slot_definition *slot = side_slot(side);

    (void)snprintf(name, NAME_SIZE, "%s %.128s%s%.63s", side->is_candidate ? "candidate" : "stable",
                   side->version, slot == NULL ? "" : " in ", slot == NULL ? "" : slot->name);
}

static void add_side(cJSON *lines, const struct call *call, const struct record *record,
                     const struct wanted *wanted, bool is_candidate)
{
    const struct option_schemas *schemas = call->api->env.schemas;
    const struct side side = {.definition = record->definition,
                              .is_candidate = is_candidate,
                              .version = is_candidate ? record->row->version : record->row->previous,
                              .previous = record->row->previous,
                              .slot = is_candidate ? record->state->slot : record->state->stable_slot,
                              .shares_slot = record->state->slot == record->state->stable_slot};
    size_t option_count = schemas->collectors[wanted->metric->collector].use_count;
    char key[SIDE_KEY_MAX];
    char path[PATH_SIZE];
    char name[NAME_SIZE];

    if (!is_candidate && (wanted->metric->scope == SCOPE_SERVICE || record->row->previous[0] == '\0'))
        return;
    if (!side_key(&side, wanted->metric, option_count, key))
        return;
    struct series_name series = {record->row->service, record->row->environment, key, wanted->metric->name};
    if (!archive_path(&series, wanted->suffix, path, sizeof(path)))
        return;
    name_side(&side, name);
    cJSON *line = cJSON_CreateObject();
    cJSON_AddStringToObject(line, "path", path);
    cJSON_AddBoolToObject(line, "count", wanted->metric->kind == SERIES_COUNT);
    cJSON_AddStringToObject(line, "name", wanted->metric->scope == SCOPE_SERVICE ? "the service" : name);
    cJSON_AddItemToArray(lines, line);
}

/* From a little before it began to a little after its end, or to now. */
static void add_span(cJSON *request, const struct journal_deployment *row)
{
    int64_t end_ms = row->ended_ms != 0 ? row->ended_ms : clock_wall_ms();
    int64_t spare_s = (end_ms - row->created_ms) / 1000 / 20 + SPARE_S;
    int64_t start_s = row->created_ms / 1000 - spare_s;
    int64_t end_s = end_ms / 1000 + spare_s;

    cJSON_AddNumberToObject(request, "start", (double)start_s);
    cJSON_AddNumberToObject(request, "end", (double)end_s);
}

static bool is_png(const struct call *call)
{
    const char *format = http_server_query(call->request, "format");

    return format != NULL && strcmp(format, "png") == 0;
}

static char *request_of(const struct call *call, const struct record *record, const struct wanted *wanted)
{
    const struct journal_deployment *row = record->row;
    cJSON *request = cJSON_CreateObject();
    char title[NAME_SIZE];

    (void)snprintf(title, sizeof(title), "%.63s/%.63s %.128s: %.63s%s (UTC)", row->service, row->environment,
                   row->version, wanted->metric->name, wanted->suffix);
    cJSON_AddBoolToObject(request, "png", is_png(call));
    cJSON_AddStringToObject(request, "title", title);
    cJSON_AddStringToObject(request, "unit",
                            wanted->metric->kind == SERIES_COUNT ? "%" : wanted->metric->unit);
    add_span(request, row);
    cJSON *lines = cJSON_AddArrayToObject(request, "lines");
    add_side(lines, call, record, wanted, true);
    add_side(lines, call, record, wanted, false);
    graph_add_marks(request, call->reading->audit);
    graph_add_bounds(request, record->definition, wanted->index);
    char *text = json_print(request);
    cJSON_Delete(request);
    return text;
}

static void drawn(void *data, const unsigned char *picture, size_t length, const struct err *err)
{
    static const struct http_server_header headers[] = {
        {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"}};
    struct call *call = data;

    if (call->request != NULL && picture == NULL)
        problem_answer_err(call, err);
    else if (call->request != NULL)
        call_answer(call, 200, is_png(call) ? "image/png" : "image/svg+xml", headers, ARRAY_LENGTH(headers),
                    (const char *)picture, length);
    call->env_holds--;
    call_settle(call);
}

static void show(struct call *call)
{
    const char *name = http_server_query(call->request, "metric");
    struct wanted wanted;

    if (reading_failed(call))
        return;
    struct record record = reading_record(call, 0);
    if (!call_allowed(call, TOKEN_READ, record.row->service, record.row->environment))
        return;
    if (record.definition == NULL) {
        problem_answer(call, 422, "invalid", "what it was made of cannot be read any more");
        return;
    }
    if (!find_metric(record.definition, name, &wanted)) {
        refuse_metric(call, record.definition, name);
        return;
    }
    char *request = request_of(call, &record, &wanted);
    call->env_holds++;
    call->api->env.draw(call->api->env.data, request, drawn, call);
    free(request);
}

void graph_show(struct call *call)
{
    const char *metric = http_server_query(call->request, "metric");
    const char *format = http_server_query(call->request, "format");

    if (metric == NULL || metric[0] == '\0')
        problem_answer(call, 422, "invalid", "which metric? ?metric=NAME");
    else if (format != NULL && strcmp(format, "svg") != 0 && strcmp(format, "png") != 0)
        problem_answer(call, 422, "invalid", "format is svg or png");
    else if (call->match.deployment != 0)
        reading_deployment(call, READING_REPORT, call->match.deployment, show);
    else
        reading_last(call, READING_REPORT, show);
}
