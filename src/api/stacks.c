/* stacks.c - GET /v1/iac and GET /v1/iac/{stack}/{environment}: what there is, without what is in it.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"
#include "api/shape.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>

enum { STATES_DEFAULT = 20, NUMBER_SIZE = 24, MD5_TEXT_SIZE = 2 * DIGEST_MD5_SIZE + 1 };

static void add_origin(cJSON *object, uint64_t run, uint64_t deployment)
{
    char id[NUMBER_SIZE];

    (void)snprintf(id, sizeof(id), "run_%" PRIu64, run);
    if (run != 0)
        cJSON_AddStringToObject(object, "run", id);
    else
        cJSON_AddNullToObject(object, "run");
    shape_deployment_id(object, "deployment", deployment);
}

static cJSON *shape_state(const struct journal_state *state, const struct journal_verified *verified)
{
    cJSON *object = cJSON_CreateObject();
    char md5[MD5_TEXT_SIZE];
    char sha256[DIGEST_SHA256_HEX_SIZE];

    digest_hex(state->state.md5, sizeof(state->state.md5), md5);
    digest_hex(state->state.sha256, sizeof(state->state.sha256), sha256);
    cJSON_AddNumberToObject(object, "version", (double)state->version);
    cJSON_AddNumberToObject(object, "serial", (double)state->state.serial);
    cJSON_AddStringToObject(object, "lineage", state->state.lineage);
    cJSON_AddNumberToObject(object, "bytes", (double)state->state.length);
    cJSON_AddStringToObject(object, "md5", md5);
    cJSON_AddStringToObject(object, "sha256", sha256);
    cJSON_AddStringToObject(object, "actor", state->actor);
    cJSON_AddStringToObject(object, "lock", state->lock_id);
    add_origin(object, state->run, state->deployment);
    shape_time(object, "time", state->wall_ms);
    shape_time(object, "deleted", state->deleted_ms);
    cJSON_AddBoolToObject(object, "verified", state->version == verified->version);
    return object;
}

static cJSON *shape_lock(const struct journal_stack *stack)
{
    if (stack->lock_id[0] == '\0')
        return cJSON_CreateNull();
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "id", stack->lock_id);
    cJSON_AddStringToObject(object, "who", stack->who);
    cJSON_AddStringToObject(object, "operation", stack->operation);
    cJSON_AddStringToObject(object, "actor", stack->actor);
    add_origin(object, stack->run, stack->deployment);
    shape_time(object, "since", stack->locked_ms);
    return object;
}

/* What was found when somebody looked last. */
static cJSON *shape_drift(const struct journal_drift_row *drift)
{
    char id[NUMBER_SIZE];

    if (drift->wall_ms == 0)
        return cJSON_CreateNull();
    cJSON *object = cJSON_CreateObject();
    (void)snprintf(id, sizeof(id), "run_%" PRIu64, drift->run);
    cJSON_AddStringToObject(object, "found", drift_finding_name(drift->state.finding));
    cJSON_AddNumberToObject(object, "resources", drift->state.count);
    cJSON_AddBoolToObject(object, "failing", drift->state.is_failing);
    cJSON_AddStringToObject(object, "run", id);
    shape_time(object, "looked_at", drift->wall_ms);
    shape_time(object, "since", drift->since_ms);
    return object;
}

static cJSON *shape_verified(const struct journal_verified *verified)
{
    char id[NUMBER_SIZE];

    if (verified->version == 0)
        return cJSON_CreateNull();
    cJSON *object = cJSON_CreateObject();
    (void)snprintf(id, sizeof(id), "run_%" PRIu64, verified->run);
    cJSON_AddNumberToObject(object, "version", (double)verified->version);
    cJSON_AddNumberToObject(object, "serial", (double)verified->serial);
    cJSON_AddStringToObject(object, "run", id);
    shape_time(object, "time", verified->wall_ms);
    return object;
}

/* The state that counts, if any does: a deleted one is among the versions only. */
static cJSON *shape_stack(const struct journal_stack *stack)
{
    cJSON *object = cJSON_CreateObject();
    bool counts = stack->newest.version != 0 && stack->newest.deleted_ms == 0;

    cJSON_AddStringToObject(object, "stack", stack->name);
    cJSON_AddStringToObject(object, "environment", stack->environment);
    cJSON_AddNumberToObject(object, "versions", (double)stack->version_count);
    cJSON_AddItemToObject(object, "state",
                          counts ? shape_state(&stack->newest, &stack->verified) : cJSON_CreateNull());
    cJSON_AddItemToObject(object, "verified", shape_verified(&stack->verified));
    cJSON_AddItemToObject(object, "lock", shape_lock(stack));
    cJSON_AddItemToObject(object, "drift", shape_drift(&stack->drift));
    return object;
}

static void list(struct call *call)
{
    const struct reading *reading = call->reading;

    if (reading_failed(call))
        return;
    cJSON *page = cJSON_CreateObject();
    cJSON *array = cJSON_AddArrayToObject(page, "stacks");
    for (size_t i = 0; i < reading->stack_count; i++)
        if (auth_allows(&call->principal, TOKEN_READ, reading->stacks[i].name,
                        reading->stacks[i].environment))
            cJSON_AddItemToArray(array, shape_stack(&reading->stacks[i]));
    call_answer_json(call, 200, page);
}

void stacks_list(struct call *call)
{
    reading_stacks(call, list);
}

static void show(struct call *call)
{
    const struct reading *reading = call->reading;
    char cursor[NUMBER_SIZE];

    if (reading_failed(call))
        return;
    if (reading->stack_count == 0) {
        problem_answer(call, 404, "not-found", "nothing is known of %s/%s", reading->service,
                       reading->environment);
        return;
    }
    cJSON *page = shape_stack(&reading->stacks[0]);
    cJSON *array = cJSON_AddArrayToObject(page, "states");
    for (size_t i = 0; i < reading->state_count; i++)
        cJSON_AddItemToArray(array, shape_state(&reading->states[i], &reading->stacks[0].verified));
    if (reading->state_count == reading->filter.limit) {
        (void)snprintf(cursor, sizeof(cursor), "%" PRIu64, reading->states[reading->state_count - 1].version);
        cJSON_AddStringToObject(page, "cursor", cursor);
    } else {
        cJSON_AddNullToObject(page, "cursor");
    }
    call_answer_json(call, 200, page);
}

void stacks_show(struct call *call)
{
    int64_t limit = STATES_DEFAULT;
    int64_t cursor = 0;

    if (call_query_number(call, "limit", 1, VIEW_ROWS_MAX, &limit) &&
        call_query_number(call, "cursor", 1, JSON_INTEGER_MAX, &cursor))
        reading_states(call, (uint64_t)cursor, (uint32_t)limit, show);
}
