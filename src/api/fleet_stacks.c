/* fleet_stacks.c - stacks with their plans, costs, findings and drift, read and as JSON.
 * SPDX-License-Identifier: MIT */
#include "api/fleet_stacks.h"

#include "api/fleet_parts.h"
#include "api/shape.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_SIZE = 32 };

/* ---- read ---- */

struct pass {
    const struct fleet_wish *wish;
    struct fleet_stacks *stacks;
};

/* NULL: there are too many. */
static struct fleet_stack *stack_of(struct fleet_stacks *stacks, const struct stack_look *look)
{
    struct fleet_stack *last = stacks->count == 0 ? NULL : &stacks->rows[stacks->count - 1];

    if (last != NULL && strcmp(last->name, look->stack) == 0 &&
        strcmp(last->environment, look->environment) == 0)
        return last;
    if (stacks->count == FLEET_STACKS_MAX)
        return NULL;
    struct fleet_stack *stack = &stacks->rows[stacks->count++];
    (void)snprintf(stack->name, sizeof(stack->name), "%s", look->stack);
    (void)snprintf(stack->environment, sizeof(stack->environment), "%s", look->environment);
    for (int i = 0; i < LOOK_KIND_COUNT; i++)
        stack_facts_clear(&stack->looks[i].facts);
    return stack;
}

static bool take(void *data, const struct stack_look *look)
{
    const struct pass *pass = data;

    if (!fleet_shows(pass->wish, look->stack, look->environment))
        return true;
    struct fleet_stack *stack = stack_of(pass->stacks, look);
    if (stack == NULL) {
        pass->stacks->is_cut = true;
        return false;
    }
    stack->looks[look->kind] = (struct fleet_look){
        .run = look->run, .wall_ms = look->wall_ms, .is_good = look->is_good, .facts = look->facts};
    return true;
}

static void forget_destroyed(struct fleet_stack *stack)
{
    const struct fleet_look *destroy = &stack->looks[LOOK_DESTROY];

    for (int i = 0; i < LOOK_DESTROY; i++) {
        struct fleet_look *look = &stack->looks[i];
        if (destroy->is_good && look->wall_ms <= destroy->wall_ms) {
            *look = (struct fleet_look){.run = 0};
            stack_facts_clear(&look->facts);
        }
    }
}

bool fleet_stacks_read(struct journal_view *view, const struct fleet_wish *wish, struct fleet_stacks *stacks,
                       struct err *err)
{
    struct pass pass = {.wish = wish, .stacks = stacks};

    /* Fresh from the system: what is not touched costs nothing. */
    stacks->rows = memory_take_array(FLEET_STACKS_MAX, sizeof(*stacks->rows));
    if (!journal_view_looks(view, take, &pass, err))
        return false;
    for (size_t i = 0; i < stacks->count; i++)
        forget_destroyed(&stacks->rows[i]);
    return true;
}

void fleet_stacks_done(struct fleet_stacks *stacks)
{
    free(stacks->rows);
    *stacks = (struct fleet_stacks){.count = 0};
}

/* ---- shaped ---- */

static const enum stack_fact plan_facts[] = {FACT_CREATES, FACT_UPDATES, FACT_DELETES, FACT_REPLACES,
                                             FACT_CHANGES};
static const enum stack_fact cost_facts[] = {FACT_COST, FACT_COST_BEFORE};
static const enum stack_fact compliance_facts[] = {FACT_CRITICAL, FACT_HIGH,    FACT_MEDIUM,
                                                   FACT_LOW,      FACT_UNKNOWN, FACT_ERRORS,
                                                   FACT_WARNINGS, FACT_NOTES,   FACT_FINDINGS};
static const enum stack_fact drift_facts[] = {FACT_DRIFTS};
static const enum stack_fact state_facts[] = {FACT_SERIAL};

#define FACTS(table) (table), ARRAY_LENGTH(table)

/* What a look of each kind tells. */
static const struct {
    const enum stack_fact *facts;
    size_t count;
} told[LOOK_KIND_COUNT] = {
    [LOOK_PLAN] = {FACTS(plan_facts)},
    [LOOK_COST] = {FACTS(cost_facts)},
    [LOOK_COMPLIANCE] = {FACTS(compliance_facts)},
    [LOOK_DRIFT] = {FACTS(drift_facts)},
    [LOOK_STATE] = {FACTS(state_facts)},
};

/* Of what it cost before; NAN: nobody can tell. */
static double cost_change_of(const struct fleet_stack *stack)
{
    const double *of = stack->looks[LOOK_COST].facts.of;

    return of[FACT_COST_BEFORE] > 0.0 ? (of[FACT_COST] - of[FACT_COST_BEFORE]) / of[FACT_COST_BEFORE]
                                      : (double)NAN;
}

static void add_look(cJSON *object, const struct fleet_stack *stack, enum stack_look_kind kind)
{
    const struct fleet_look *look = &stack->looks[kind];
    char run[ID_SIZE];

    if (look->wall_ms == 0) {
        cJSON_AddNullToObject(object, stack_look_kind_name(kind));
        return;
    }
    cJSON *to = cJSON_AddObjectToObject(object, stack_look_kind_name(kind));
    shape_time(to, "time", look->wall_ms);
    (void)snprintf(run, sizeof(run), "run_%" PRIu64, look->run);
    if (look->run == 0)
        cJSON_AddNullToObject(to, "run");
    else
        cJSON_AddStringToObject(to, "run", run);
    cJSON_AddBoolToObject(to, "ok", look->is_good);
    for (size_t i = 0; i < told[kind].count; i++)
        cJSON_AddNumberToObject(to, stack_fact_name(told[kind].facts[i]),
                                look->facts.of[told[kind].facts[i]]);
    if (kind == LOOK_COST)
        cJSON_AddNumberToObject(to, "change", cost_change_of(stack));
}

/* As the newest look that counted them found them; NAN: none did. */
static double resources_of(const struct fleet_stack *stack)
{
    const struct fleet_look *newest = NULL;

    for (int i = 0; i < LOOK_KIND_COUNT; i++) {
        const struct fleet_look *look = &stack->looks[i];
        if (isfinite(look->facts.of[FACT_RESOURCES]) && (newest == NULL || look->wall_ms >= newest->wall_ms))
            newest = look;
    }
    return newest == NULL ? (double)NAN : newest->facts.of[FACT_RESOURCES];
}

static cJSON *shape_stack(const struct fleet_stack *stack)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "stack", stack->name);
    cJSON_AddStringToObject(object, "environment", stack->environment);
    cJSON_AddNumberToObject(object, "resources", resources_of(stack));
    for (int i = 0; i < LOOK_LOCK; i++)
        add_look(object, stack, (enum stack_look_kind)i);
    shape_time(object, "locked_since", stack->looks[LOOK_LOCK].wall_ms);
    return object;
}

/* ---- totals ---- */

struct total {
    double value;
    uint32_t count; /* stacks that tell it */
};

static void add(struct total *total, double value)
{
    if (!isfinite(value))
        return;
    total->value += value;
    total->count++;
}

static void shape_total(cJSON *object, const char *name, const struct total *total)
{
    cJSON *to = cJSON_AddObjectToObject(object, name);

    cJSON_AddNumberToObject(to, "value", total->count == 0 ? (double)NAN : total->value);
    cJSON_AddNumberToObject(to, "count", total->count);
}

static cJSON *shape_totals(const struct fleet_stacks *stacks)
{
    cJSON *object = cJSON_CreateObject();
    struct total resources = {0};
    struct total cost = {0};
    struct total findings = {0};
    struct total drifts = {0};

    for (size_t i = 0; i < stacks->count; i++) {
        const struct fleet_stack *stack = &stacks->rows[i];
        add(&resources, resources_of(stack));
        add(&cost, stack->looks[LOOK_COST].facts.of[FACT_COST]);
        add(&findings, stack->looks[LOOK_COMPLIANCE].facts.of[FACT_FINDINGS]);
        add(&drifts, stack->looks[LOOK_DRIFT].facts.of[FACT_DRIFTS]);
    }
    cJSON_AddNumberToObject(object, "stacks", (double)stacks->count);
    shape_total(object, "resources", &resources);
    shape_total(object, stack_fact_name(FACT_COST), &cost);
    shape_total(object, stack_fact_name(FACT_FINDINGS), &findings);
    shape_total(object, stack_fact_name(FACT_DRIFTS), &drifts);
    return object;
}

cJSON *fleet_stacks_shape(const struct fleet_stacks *stacks)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *array = cJSON_AddArrayToObject(object, "stacks");

    for (size_t i = 0; i < stacks->count && i < FLEET_STACKS_SHOWN; i++)
        cJSON_AddItemToArray(array, shape_stack(&stacks->rows[i]));
    cJSON_AddItemToObject(object, "totals", shape_totals(stacks));
    cJSON_AddBoolToObject(object, "cut", stacks->is_cut || stacks->count > FLEET_STACKS_SHOWN);
    return object;
}
