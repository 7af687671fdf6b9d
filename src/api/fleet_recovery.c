/* fleet_recovery.c - recovery plans, how long recoveries took, and when a plan was rehearsed last, in the
 * report of the fleet.
 * SPDX-License-Identifier: MIT */
#include "api/fleet_recovery.h"

#include "api/parts.h"
#include "api/shape.h"
#include "io/clock.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static double seconds(int64_t ms)
{
    return (double)ms / 1000.0;
}

static void add_run(cJSON *object, uint64_t run)
{
    char id[32];

    (void)snprintf(id, sizeof(id), "run_%" PRIu64, run);
    cJSON_AddStringToObject(object, "run", id);
}

static void add_rehearsal(cJSON *object, const struct api_recovery *row, int64_t now_ms)
{
    if (row->run == 0) {
        cJSON_AddNullToObject(object, "rehearsal");
        return;
    }
    cJSON *rehearsal = cJSON_AddObjectToObject(object, "rehearsal");
    add_run(rehearsal, row->run);
    cJSON_AddStringToObject(rehearsal, "actor", row->actor);
    shape_time(rehearsal, "began_at", row->began_ms);
    shape_time(rehearsal, "ended_at", row->ended_ms);
    cJSON_AddNumberToObject(rehearsal, "seconds", seconds(row->ended_ms - row->began_ms));
    cJSON_AddBoolToObject(rehearsal, "passed", row->is_passed);
    cJSON_AddNumberToObject(rehearsal, "age_s", seconds(now_ms > row->ended_ms ? now_ms - row->ended_ms : 0));
}

/* What happened in earnest, in the span. */
static void add_times(cJSON *object, const struct figures *figures)
{
    const struct figure_sum *sum = &figures->all.sums[FIGURE_DISASTER_TIME];

    cJSON_AddNumberToObject(object, "target_s", figure_rows[FIGURE_DISASTER_TIME].bound);
    cJSON_AddNumberToObject(object, "count", sum->count);
    cJSON_AddNumberToObject(object, "mean_s", figures_value(sum));
    cJSON_AddNumberToObject(object, "last_s", sum->count == 0 ? (double)NAN : seconds(figures->disaster_ms));
    shape_deployment_id(object, "last_deployment", figures->disaster);
}

void fleet_recovery_add(const struct fleet_report *report)
{
    const struct api_env *env = &report->api->env;
    const struct api_recovery *rows = NULL;
    size_t count = env->recoveries(env->data, &rows);
    int64_t now_ms = clock_wall_ms();
    cJSON *object = cJSON_AddObjectToObject(report->json, "recovery");

    add_times(object, &report->part->figures);
    cJSON *plans = cJSON_AddArrayToObject(object, "plans");
    for (size_t i = 0; i < count; i++) {
        if (!fleet_shows(&report->wish, rows[i].service, rows[i].environment))
            continue;
        cJSON *plan = cJSON_CreateObject();
        cJSON_AddStringToObject(plan, "service", rows[i].service);
        cJSON_AddStringToObject(plan, "environment", rows[i].environment);
        if (rows[i].stand_in[0] == '\0')
            cJSON_AddNullToObject(plan, "stand_in");
        else
            cJSON_AddStringToObject(plan, "stand_in", rows[i].stand_in);
        add_rehearsal(plan, &rows[i], now_ms);
        cJSON_AddItemToArray(plans, plan);
    }
}
