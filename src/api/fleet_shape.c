/* fleet_shape.c - services, environments and figures as JSON; on a worker.
 * SPDX-License-Identifier: MIT */
#include "api/fleet_parts.h"
#include "api/shape.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

static const char *const target_names[] = {
    [TARGET_ABOVE] = "above", [TARGET_BELOW] = "below", [TARGET_EXACT] = "exactly"};

/* ---- services ---- */

/* What begins there, or not. */
static void add_door(cJSON *object, const struct fleet_target *target)
{
    cJSON_AddBoolToObject(object, "frozen", target->is_frozen);
    shape_time(object, "frozen_until", target->thaws_wall_ms);
    cJSON_AddBoolToObject(object, "braked", target->is_braked);
    shape_time(object, "braked_until", target->opens_wall_ms);
}

cJSON *fleet_shape_door(const struct fleet_target *target)
{
    cJSON *object = cJSON_CreateObject();

    add_door(object, target);
    return object;
}

static void add_stable(cJSON *object, const struct fleet_target *target)
{
    if (target->version == NULL) {
        cJSON_AddNullToObject(object, "stable");
        return;
    }
    cJSON *stable = cJSON_AddObjectToObject(object, "stable");
    cJSON_AddStringToObject(stable, "version", target->version);
    cJSON_AddStringToObject(stable, "digest", target->digest);
    cJSON_AddNumberToObject(stable, "slot", target->slot);
    shape_deployment_id(stable, "deployment", target->deployment);
}

cJSON *fleet_shape_target(const struct fleet_target *target)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "service", target->service);
    cJSON_AddStringToObject(object, "environment", target->environment);
    add_stable(object, target);
    add_door(object, target);
    cJSON_AddNumberToObject(object, "quarantined", target->quarantined);
    return object;
}

static void add_services(const struct fleet_report *report)
{
    cJSON *services = cJSON_AddArrayToObject(report->json, "services");

    for (size_t i = 0; i < report->target_count; i++) {
        const struct fleet_target *target = &report->targets[i];
        if (!fleet_shows(&report->wish, target->service, target->environment))
            continue;
        struct fleet_environment *environment = fleet_environment(report->part, target->environment);
        if (environment != NULL)
            environment->services++;
        cJSON_AddItemToArray(services, fleet_shape_target(target));
    }
}

static void add_environments(const struct fleet_report *report)
{
    cJSON *array = cJSON_AddArrayToObject(report->json, "environments");

    for (size_t i = 0; i < report->part->environment_count; i++) {
        const struct fleet_environment *environment = &report->part->environments[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "environment", environment->name);
        cJSON_AddNumberToObject(object, "services", environment->services);
        cJSON_AddNumberToObject(object, "in_progress", environment->in_progress);
        cJSON_AddNumberToObject(object, "ended", environment->ended);
        cJSON_AddNumberToObject(object, "succeeded", environment->succeeded);
        cJSON_AddNumberToObject(
            object, "success_rate",
            environment->ended == 0 ? (double)NAN : (double)environment->succeeded / environment->ended);
        cJSON_AddItemToArray(array, object);
    }
}

/* ---- figures ---- */

static void add_target(cJSON *object, enum figure figure, double value)
{
    const struct figure_row *row = &figure_rows[figure];

    if (row->target == TARGET_NONE) {
        cJSON_AddNullToObject(object, "target");
        cJSON_AddNullToObject(object, "met");
        return;
    }
    cJSON_AddNumberToObject(cJSON_AddObjectToObject(object, "target"), target_names[row->target], row->bound);
    if (isnan(value))
        cJSON_AddNullToObject(object, "met");
    else
        cJSON_AddBoolToObject(object, "met", figures_is_met(figure, value));
}

static const char *why_unknown(const struct fleet_figures *part, enum figure figure)
{
    bool is_of_runs = !figure_rows[figure].is_of_strategies;

    return is_of_runs && !part->has_runs
               ? "runs belong to several environments: of one there is no such figure"
               : figure_rows[figure].unknown;
}

static cJSON *shape_value(const struct fleet_figures *part, const struct figures_strategy *of,
                          enum figure figure)
{
    double value = figures_value(&of->sums[figure]);
    cJSON *object = cJSON_CreateObject();

    cJSON_AddNumberToObject(object, "value", value);
    cJSON_AddStringToObject(object, "unit", figure_rows[figure].unit);
    cJSON_AddNumberToObject(object, "count", of->sums[figure].count);
    if (isnan(value))
        cJSON_AddStringToObject(object, "why", why_unknown(part, figure));
    else
        cJSON_AddNullToObject(object, "why");
    return object;
}

static cJSON *shape_figure(const struct fleet_figures *part, enum figure figure)
{
    const struct figures *figures = &part->figures;
    cJSON *object = shape_value(part, &figures->all, figure);

    add_target(object, figure, figures_value(&figures->all.sums[figure]));
    cJSON_AddStringToObject(object, "label", figure_rows[figure].label);
    if (!figure_rows[figure].is_of_strategies)
        return object;
    cJSON *strategies = cJSON_AddObjectToObject(object, "strategies");
    for (size_t i = 0; i < figures->strategy_count; i++) {
        const struct figures_strategy *strategy = &figures->strategies[i];
        cJSON *one = shape_value(part, strategy, figure);
        add_target(one, figure, figures_value(&strategy->sums[figure]));
        cJSON_AddItemToObject(strategies, strategy->name, one);
    }
    return object;
}

static void add_figures(const struct fleet_report *report)
{
    const struct fleet_figures *part = report->part;
    cJSON *span = cJSON_AddObjectToObject(report->json, "span");

    shape_time(span, "since", report->now_ms - report->wish.span_ms);
    cJSON_AddNumberToObject(span, "seconds", (double)report->wish.span_ms / 1000.0);
    cJSON_AddNumberToObject(span, "covered_s", (double)part->covered_ms / 1000.0);
    cJSON_AddBoolToObject(span, "cut", part->is_cut);
    cJSON_AddNumberToObject(span, "deployments", part->figures.all.deployments);
    cJSON_AddNumberToObject(span, "runs", part->figures.runs);
    cJSON *kpis = cJSON_AddObjectToObject(report->json, "kpis");
    cJSON *dora = cJSON_AddObjectToObject(report->json, "dora");
    for (int i = 0; i < FIGURE_COUNT; i++) {
        enum figure figure = (enum figure)i;
        cJSON_AddItemToObject(kpis, figure_rows[figure].name, shape_figure(part, figure));
        if (figure_rows[figure].dora != NULL)
            cJSON_AddItemToObject(dora, figure_rows[figure].dora,
                                  shape_value(part, &part->figures.all, figure));
    }
}

void fleet_shape(struct fleet_report *report)
{
    add_services(report);
    add_environments(report);
    cJSON_AddItemToObject(report->json, "infrastructure", fleet_stacks_shape(&report->stacks));
    add_figures(report);
}
