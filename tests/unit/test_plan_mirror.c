/* test_plan_mirror.c - shadows expanded to plans: copies before users, a trial or what goes on, and what is
 * refused.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "orchestrator/plan.h"
#include "orchestrator/recipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MINUTE_MS = 60000, DEPLOY = 0, RETIRE = 1, PREPARE = 2, WARM_UP = 3, CONTRACT = 4 };

static const struct recipe_command commands[] = {
    [DEPLOY] = {.exists = true, .undo = PLAN_NONE, .limit_ms = 5000, .tries_max = 1},
    [RETIRE] = {.exists = true, .undo = PLAN_NONE, .limit_ms = 5000, .tries_max = 1},
    [PREPARE] = {.exists = true, .undo = PLAN_NONE, .limit_ms = 5000, .tries_max = 1},
    [WARM_UP] = {.exists = true, .undo = PLAN_NONE, .limit_ms = 5000, .tries_max = 1},
    [CONTRACT] = {.exists = true,
                  .undo = PLAN_NONE,
                  .on_rollback = ON_ROLLBACK_HOLD,
                  .limit_ms = 5000,
                  .tries_max = 1},
};

static struct recipe recipe_of(enum strategy_kind strategy)
{
    return (struct recipe){.strategy = strategy,
                           .has_traffic = true,
                           .command_count = ARRAY_LENGTH(commands),
                           .commands = commands,
                           .deploy = DEPLOY,
                           .retire = RETIRE,
                           .rollback = PLAN_NONE,
                           .prepare = PREPARE,
                           .warm_up = WARM_UP,
                           .drain = PLAN_NONE,
                           .restore = PLAN_NONE,
                           .smoke = 0};
}

static struct recipe_step step_of(bool is_mirror, uint16_t share, int64_t observe_ms)
{
    return (struct recipe_step){.command = PLAN_NONE,
                                .smoke = PLAN_NONE,
                                .has_mirror = is_mirror,
                                .has_route = !is_mirror,
                                .share = share,
                                .observe_ms = observe_ms};
}

static void add(struct recipe *recipe, struct recipe_step step)
{
    recipe->steps[recipe->step_count++] = step;
}

static void add_command(struct recipe *recipe, uint16_t command)
{
    add(recipe, (struct recipe_step){.command = command, .smoke = PLAN_NONE});
}

static void add_watch(struct recipe *recipe)
{
    struct recipe_step step = step_of(false, SHARE_WHOLE, 0);

    step.watch_ms = MINUTE_MS;
    add(recipe, step);
}

static struct plan expand(const struct recipe *recipe)
{
    struct plan plan;
    uint8_t step = 0;

    assert_int_equal(plan_expand(recipe, &plan, &step), PLAN_FINE);
    return plan;
}

static void assert_plan(const struct plan *plan, const char *expected)
{
    static const char *const names[] = {"command", "smoke",   "route", "observe",
                                        "approve", "replace", "mirror"};
    char memory[1024];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    for (uint8_t i = 0; i < plan->count; i++) {
        const struct plan_step *step = &plan->steps[i];
        text_add(&text, "%s%s", i > 0 ? ", " : "", step->is_watch ? "watch" : names[step->kind]);
        if (step->kind == STEP_ROUTE || step->kind == STEP_MIRROR)
            text_add(&text, " %u", step->share);
        if (step->kind == STEP_COMMAND)
            text_add(&text, " %u", step->reference);
        if (step->kind == STEP_OBSERVE)
            text_add(&text, " %dm", (int)(step->duration_ms / MINUTE_MS));
    }
    assert_string_equal(memory, expected);
}

static void assert_fault(const struct recipe *recipe, enum plan_fault fault, uint8_t at)
{
    struct plan plan;
    uint8_t step = UINT8_MAX;

    assert_int_equal(plan_expand(recipe, &plan, &step), fault);
    assert_int_equal(step, at);
}

static void test_trial(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_SHADOW);
    struct plan plan = expand(&recipe);

    (void)state;
    assert_plan(&plan, "command 0, smoke, mirror 1000, observe 5m, mirror 10000, observe 10m");
    assert_true(plan.has_mirror && plan.ends_back && plan.has_traffic);
    assert_int_equal(plan.retire, PLAN_NONE);
    assert_int_equal(plan.verify, 0);
    assert_int_equal(plan.steps[2].tries_max, 3);
    assert_int_equal(plan.steps[3].on_limit, OUTCOME_ROLLBACK);
}

static void test_what_goes_on(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_SHADOW);

    (void)state;
    recipe.then = SHADOW_CANARY;
    struct plan plan = expand(&recipe);
    assert_plan(&plan, "command 0, smoke, mirror 1000, observe 5m, mirror 10000, observe 10m, mirror 0, "
                       "route 500, observe 5m, route 2500, observe 10m, route 5000, observe 15m, "
                       "route 10000, watch 30m");
    assert_true(plan.has_mirror && !plan.ends_back);
    assert_int_equal(plan.retire, RETIRE);
    recipe.then = SHADOW_BLUE_GREEN;
    plan = expand(&recipe);
    assert_plan(&plan, "command 2, command 0, smoke, mirror 1000, observe 5m, mirror 10000, observe 10m, "
                       "command 3, mirror 0, route 10000, watch 5m");
}

static void test_recorded(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_SHADOW);

    (void)state;
    recipe.is_record = true;
    struct plan plan = expand(&recipe);
    assert_plan(&plan, "watch 15m");
    assert_true(plan.ends_back && !plan.has_mirror && !plan.has_traffic);
    recipe.then = SHADOW_CANARY;
    plan = expand(&recipe);
    assert_false(plan.ends_back);
}

static void test_own_steps(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_CANARY);

    (void)state;
    add_command(&recipe, DEPLOY);
    add(&recipe, step_of(true, 5000, MINUTE_MS));
    add(&recipe, (struct recipe_step){.command = PLAN_NONE, .smoke = PLAN_NONE, .approvals = 1});
    add_watch(&recipe);
    struct plan plan = expand(&recipe);
    assert_plan(&plan, "command 0, mirror 5000, observe 1m, approve, mirror 0, route 10000, watch 1m");
    assert_false(plan.ends_back);
    recipe.strategy = STRATEGY_SHADOW; /* what routes goes on, whatever it is called */
    plan = expand(&recipe);
    assert_false(plan.ends_back);
}

static void test_faults(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_CANARY);

    (void)state;
    add(&recipe, step_of(true, 5000, MINUTE_MS));
    assert_fault(&recipe, PLAN_NOT_WHOLE, 0); /* only a shadow may end without users */
    recipe.strategy = STRATEGY_SHADOW;
    recipe.has_traffic = false;
    assert_fault(&recipe, PLAN_NO_TRAFFIC, 0);
    recipe.has_traffic = true;
    recipe.host_count = 3;
    assert_fault(&recipe, PLAN_ROUTE_HOSTS, 0);
    recipe.host_count = 0;
    add(&recipe, step_of(true, 5000, MINUTE_MS));
    assert_fault(&recipe, PLAN_NOT_RISING, 1);
    recipe.steps[1] = step_of(false, 0, 0);
    assert_fault(&recipe, PLAN_TESTERS_LATE, 1);
    recipe.steps[1] = step_of(true, 5000, MINUTE_MS);
    recipe.steps[1].share = 6000;
    recipe.steps[0].observe_ms = 0;
    assert_fault(&recipe, PLAN_NO_OBSERVE, 1);
    recipe.steps[0].observe_ms = MINUTE_MS;
    recipe.steps[1].observe_ms = 0;
    assert_fault(&recipe, PLAN_NO_OBSERVE, 1);
    recipe.steps[1] = step_of(false, 500, MINUTE_MS);
    recipe.steps[0].observe_ms = 0;
    assert_fault(&recipe, PLAN_NO_OBSERVE, 1);
    recipe.steps[0] = step_of(false, 400, MINUTE_MS);
    recipe.steps[1] = step_of(true, 500, MINUTE_MS);
    assert_fault(&recipe, PLAN_MIRROR_LATE, 1);
    recipe.step_count = 0;
    add_command(&recipe, DEPLOY);
    assert_fault(&recipe, PLAN_NO_MIRROR, 0);
}

/* Whatever fails while requests are copied ends the copies: nothing may stand in its way. */
static void test_nothing_holds_the_way_back(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_SHADOW);

    (void)state;
    add_command(&recipe, CONTRACT);
    add(&recipe, step_of(true, 5000, MINUTE_MS));
    assert_fault(&recipe, PLAN_MIRROR_HELD, 1);
    recipe.step_count = 0;
    add(&recipe, step_of(true, 5000, MINUTE_MS));
    add_command(&recipe, CONTRACT);
    add_watch(&recipe);
    assert_fault(&recipe, PLAN_MIRROR_HELD, 1);
    recipe.step_count = 0;
    add(&recipe, step_of(true, 5000, MINUTE_MS));
    add(&recipe, step_of(false, 1000, MINUTE_MS));
    add_command(&recipe, CONTRACT);
    add_watch(&recipe);
    struct plan plan = expand(&recipe);
    assert_plan(&plan, "mirror 5000, observe 1m, mirror 0, route 1000, observe 1m, command 4, "
                       "route 10000, watch 1m");
}

/* Testers come before everybody else: once, before any share. */
static void test_testers(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_CANARY);

    (void)state;
    add(&recipe, step_of(false, 0, 0));
    add(&recipe, step_of(false, 1000, MINUTE_MS));
    add_watch(&recipe);
    struct plan plan = expand(&recipe);
    assert_plan(&plan, "route 0, route 1000, observe 1m, route 10000, watch 1m");
    recipe.steps[1] = step_of(false, 0, 0);
    assert_fault(&recipe, PLAN_TESTERS_LATE, 1);
    recipe.steps[0] = step_of(false, 1000, MINUTE_MS);
    assert_fault(&recipe, PLAN_TESTERS_LATE, 1);
    recipe.steps[0] = step_of(false, 0, 0);
    recipe.has_traffic = false;
    assert_fault(&recipe, PLAN_NO_TRAFFIC, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_testers),
        cmocka_unit_test(test_trial),
        cmocka_unit_test(test_what_goes_on),
        cmocka_unit_test(test_recorded),
        cmocka_unit_test(test_own_steps),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_nothing_holds_the_way_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
