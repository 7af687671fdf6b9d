/* test_plan.c - recipes expanded to plans, and the faults of recipes.
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

enum { MINUTE_MS = 60000, DEPLOY = 0, RETIRE = 1, BACK = 2, DEPLOY_UNDO = 3, MIGRATE = 4 };

static const struct recipe_command commands[] = {
    [DEPLOY] =
        {.exists = true, .repeat = REPEAT_IDEMPOTENT, .undo = DEPLOY_UNDO, .limit_ms = 5000, .tries_max = 3},
    [RETIRE] = {.exists = true, .undo = PLAN_NONE, .limit_ms = 6000, .tries_max = 1},
    [BACK] = {.exists = true, .undo = PLAN_NONE, .limit_ms = 7000, .tries_max = 1},
    [DEPLOY_UNDO] = {.exists = true, .undo = PLAN_NONE, .limit_ms = 8000, .tries_max = 1},
    [MIGRATE] = {.exists = true,
                 .on_rollback = ON_ROLLBACK_KEEP,
                 .undo = DEPLOY_UNDO,
                 .limit_ms = 9000,
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
                           .rollback = BACK,
                           .prepare = PLAN_NONE,
                           .warm_up = PLAN_NONE,
                           .drain = PLAN_NONE,
                           .restore = PLAN_NONE,
                           .smoke = 0,
                           .rule_count = 2,
                           .rules = {PLAN_RULE_ACT_ROLLBACK, PLAN_RULE_ASK},
                           .smoke_limit_ms = 11000,
                           .retire_delay_ms = MINUTE_MS,
                           .rollback_limit_ms = 60000,
                           .held_limit_ms = 3600000};
}

static struct recipe_step no_step(void)
{
    return (struct recipe_step){.command = PLAN_NONE, .smoke = PLAN_NONE};
}

static struct recipe_step route(uint16_t share, int64_t observe_ms, int64_t watch_ms)
{
    struct recipe_step step = no_step();

    step.has_route = true;
    step.share = share;
    step.observe_ms = observe_ms;
    step.watch_ms = watch_ms;
    return step;
}

static void write_step(struct text *text, const struct plan_step *step)
{
    static const char *const names[] = {"command", "smoke", "route", "observe", "approve"};

    text_add(text, "%s%s", text->length > 0 ? ", " : "", step->is_watch ? "watch" : names[step->kind]);
    if (step->kind == STEP_ROUTE)
        text_add(text, " %u", step->share);
    if (step->kind == STEP_APPROVE)
        text_add(text, " %u", step->approvals);
    if (step->reference != PLAN_NONE)
        text_add(text, " %u", step->reference);
    if (step->duration_ms > 0)
        text_add(text, " %dm", (int)(step->duration_ms / MINUTE_MS));
    if (step->kind == STEP_OBSERVE || step->kind == STEP_APPROVE)
        text_add(text, "/%dm %s", (int)(step->limit_ms / MINUTE_MS),
                 step->on_limit == OUTCOME_HOLD ? "hold" : "back");
}

static void assert_plan(const struct plan *plan, const char *expected)
{
    char memory[4096];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    for (uint8_t i = 0; i < plan->count; i++)
        write_step(&text, &plan->steps[i]);
    assert_string_equal(memory, expected);
}

static struct plan expand(const struct recipe *recipe)
{
    struct plan plan;
    uint8_t step = 0;

    assert_int_equal(plan_expand(recipe, &plan, &step), PLAN_FINE);
    return plan;
}

static void assert_fault(const struct recipe *recipe, enum plan_fault fault, uint8_t at)
{
    struct plan plan = {.count = 77};
    uint8_t step = UINT8_MAX;

    assert_int_equal(plan_expand(recipe, &plan, &step), fault);
    assert_int_equal(step, at);
    assert_int_equal(plan.count, 77);
}

static void test_canary(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_CANARY);
    struct plan plan = expand(&recipe);

    (void)state;
    assert_plan(&plan,
                "command 0, smoke 0, route 500, observe 5m/10m back, route 2500, observe 10m/20m back, "
                "route 5000, observe 15m/30m back, route 10000, watch 30m/60m hold");
    assert_int_equal(plan.kind, PLAN_DEPLOY);
    assert_true(plan.has_traffic);
    assert_int_equal(plan.verify, 0);
    assert_int_equal(plan.retire, RETIRE);
    assert_int_equal(plan.rollback_command, PLAN_NONE);
    assert_int_equal(plan.retire_delay_ms, MINUTE_MS);
    assert_int_equal(plan.rollback_limit_ms, 60000);
    assert_int_equal(plan.held_limit_ms, 3600000);
    assert_int_equal(plan.rule_count, 2);
    assert_int_equal(plan.rules[1], PLAN_RULE_ASK);
    assert_int_equal(plan.steps[0].undo, DEPLOY_UNDO);
    assert_int_equal(plan.steps[0].tries_max, 3);
    assert_int_equal(plan.steps[0].limit_ms, 5000);
    assert_int_equal(plan.steps[0].repeat, REPEAT_IDEMPOTENT);
    assert_int_equal(plan.steps[1].limit_ms, 11000);
    assert_int_equal(plan.steps[1].tries_max, 1);
    assert_int_equal(plan.steps[2].tries_max, 3);
    assert_int_equal(plan.steps[2].limit_ms, 30000);
    recipe.has_traffic = false;
    assert_fault(&recipe, PLAN_NO_TRAFFIC, 2);
}

/* The flag begins with fewer users than a canary, and is the same otherwise. */
static void test_feature_flag(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_FEATURE_FLAG);
    struct plan plan = expand(&recipe);

    (void)state;
    assert_plan(&plan, "command 0, smoke 0, route 100, observe 5m/10m back, route 500, observe 5m/10m back, "
                       "route 2500, observe 10m/20m back, route 5000, observe 15m/30m back, route 10000, "
                       "watch 30m/60m hold");
    recipe.deploy = PLAN_NONE; /* the flag is all there is */
    recipe.smoke = PLAN_NONE;
    recipe.watch_ms = MINUTE_MS;
    plan = expand(&recipe);
    assert_plan(&plan, "route 100, observe 5m/10m back, route 500, observe 5m/10m back, route 2500, observe "
                       "10m/20m back, route 5000, observe 15m/30m back, route 10000, watch 1m/6m hold");
    assert_int_equal(plan.strategy, STRATEGY_FEATURE_FLAG);
    recipe.has_traffic = false;
    assert_fault(&recipe, PLAN_NO_TRAFFIC, 0);
}

static void test_follow(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_FOLLOW);

    (void)state;
    recipe.watch_ms = MINUTE_MS;
    struct plan plan = expand(&recipe);
    assert_plan(&plan, "watch 1m/6m hold");
    assert_false(plan.has_traffic);
    assert_int_equal(plan.rollback_command, BACK);
    recipe.steps[0] = route(SHARE_WHOLE, 0, MINUTE_MS);
    recipe.step_count = 1;
    assert_fault(&recipe, PLAN_NO_TRAFFIC, 0);
}

static void test_recreate(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_RECREATE);
    struct plan plan = expand(&recipe);

    (void)state;
    assert_plan(&plan, "command 0, smoke 0, route 10000, watch 30m/60m hold");
    recipe.has_traffic = false;
    recipe.smoke = PLAN_NONE;
    recipe.deploy = PLAN_NONE;
    plan = expand(&recipe);
    assert_plan(&plan, "watch 30m/60m hold");
    assert_int_equal(plan.verify, PLAN_NONE);
}

/* Its deploy command takes the place of what serves, and what undoes it does so too. */
static void test_recreate_in_place(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_RECREATE);
    struct recipe_step migrate = no_step();
    struct recipe_step deploy = no_step();
    struct recipe_step watch = no_step();
    struct plan back;

    (void)state;
    recipe.has_traffic = false;
    recipe.is_in_place = true;
    migrate.command = MIGRATE;
    deploy.command = DEPLOY;
    watch.watch_ms = MINUTE_MS;
    recipe.steps[0] = migrate;
    recipe.steps[1] = deploy;
    recipe.steps[2] = watch;
    recipe.step_count = 3;
    struct plan plan = expand(&recipe);
    assert_false(plan.steps[0].takes_place);
    assert_true(plan.steps[1].takes_place);
    plan_expand_rollback(&plan, 0, &back);
    assert_plan(&back, "command 3, smoke 0");
    assert_true(back.steps[0].takes_place);
    recipe.is_in_place = false;
    plan = expand(&recipe);
    assert_false(plan.steps[1].takes_place);
}

static void test_blue_green(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_BLUE_GREEN);
    struct plan plan = expand(&recipe);

    (void)state;
    assert_plan(&plan, "command 0, smoke 0, route 10000, watch 5m/10m hold");
    recipe.prepare = MIGRATE;
    recipe.warm_up = RETIRE;
    recipe.watch_ms = INT64_C(7) * MINUTE_MS;
    recipe.switch_count = 3;
    recipe.switches[0] = 1000;
    recipe.switches[1] = 5000;
    recipe.switches[2] = SHARE_WHOLE;
    recipe.switch_observe_ms = MINUTE_MS;
    plan = expand(&recipe);
    assert_plan(&plan,
                "command 4, command 0, smoke 0, command 1, route 1000, observe 1m/6m back, route 5000, "
                "observe 1m/6m back, route 10000, watch 7m/14m hold");
    recipe.has_traffic = false;
    assert_fault(&recipe, PLAN_NO_TRAFFIC, 4);
}

static void test_approval_comes_first(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_BLUE_GREEN);

    (void)state;
    recipe.needs_approval = true;
    recipe.approvals = 2;
    recipe.approval_limit_ms = INT64_C(90) * MINUTE_MS;
    recipe.approval_on_limit = OUTCOME_HOLD;
    struct plan plan = expand(&recipe);
    assert_plan(&plan, "approve 2/90m hold, command 0, smoke 0, route 10000, watch 5m/10m hold");
}

static void test_record_only_watches(void **state)
{
    static const enum strategy_kind kinds[] = {STRATEGY_CANARY, STRATEGY_FOLLOW, STRATEGY_RECREATE,
                                               STRATEGY_BLUE_GREEN, STRATEGY_FEATURE_FLAG};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        struct recipe recipe = recipe_of(kinds[i]);
        recipe.is_record = true;
        recipe.needs_approval = true;
        recipe.approvals = 1;
        recipe.steps[0] = route(500, 0, 0);
        recipe.step_count = 1;
        struct plan plan = expand(&recipe);
        assert_plan(&plan, "watch 30m/60m hold");
        recipe.steps[0] = route(500, 5 * MINUTE_MS, 7 * MINUTE_MS);
        plan = expand(&recipe);
        assert_plan(&plan, "watch 12m/24m hold");
        recipe.step_count = 0;
        plan = expand(&recipe);
        assert_true(plan.count == 1 && plan.steps[0].duration_ms > 0);
        assert_true(plan.is_record);
        assert_int_equal(plan.strategy, kinds[i]);
        assert_false(plan.has_traffic);
        assert_int_equal(plan.verify, PLAN_NONE);
        assert_int_equal(plan.retire, PLAN_NONE);
        assert_int_equal(plan.rollback_command, PLAN_NONE);
        assert_int_equal(plan.rules[0], PLAN_RULE_RECORD);
        assert_int_equal(plan.rules[1], PLAN_RULE_RECORD);
    }
}

static void test_own_steps(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_CANARY);
    struct recipe_step approve = no_step();
    struct recipe_step command = no_step();
    struct recipe_step smoke = no_step();

    (void)state;
    command.command = MIGRATE;
    smoke.smoke = 3;
    approve.approvals = 1;
    approve.on_limit = OUTCOME_ROLLBACK;
    recipe.steps[0] = command;
    recipe.steps[1] = smoke;
    recipe.steps[2] = route(1000, MINUTE_MS, 0);
    recipe.steps[2].limit_ms = INT64_C(2) * MINUTE_MS;
    recipe.steps[3] = approve;
    recipe.steps[4] = route(SHARE_WHOLE, MINUTE_MS, INT64_C(2) * MINUTE_MS);
    recipe.step_count = 5;
    struct plan plan = expand(&recipe);
    assert_plan(&plan,
                "command 4, smoke 3, route 1000, observe 1m/2m back, approve 1/480m back, route 10000, "
                "observe 1m/6m back, watch 2m/7m back");
    assert_int_equal(plan.steps[0].on_rollback, ON_ROLLBACK_KEEP);
}

static void test_patience_of_the_recipe(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_CANARY);

    (void)state;
    recipe.extend_ms = MINUTE_MS;
    recipe.on_inconclusive = OUTCOME_ROLLBACK;
    recipe.steps[0] = route(500, MINUTE_MS, 0);
    recipe.steps[0].limit_ms = INT64_C(9) * MINUTE_MS;
    recipe.steps[0].on_limit = OUTCOME_HOLD;
    recipe.steps[1] = route(SHARE_WHOLE, 0, INT64_C(5) * MINUTE_MS);
    recipe.steps[1].on_limit = OUTCOME_HOLD;
    recipe.step_count = 2;
    struct plan plan = expand(&recipe);
    assert_plan(&plan, "route 500, observe 1m/9m hold, route 10000, watch 5m/6m back");
    assert_int_equal(plan.source_extend_ms, 0);
    recipe.source_extend_ms = MINUTE_MS;
    recipe.on_source_error = OUTCOME_HOLD;
    plan = expand(&recipe);
    assert_int_equal(plan.source_extend_ms, MINUTE_MS);
    assert_int_equal(plan.on_source_error, OUTCOME_HOLD);
}

static void test_faults(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_CANARY);

    (void)state;
    recipe.steps[0] = route(1000, MINUTE_MS, 0);
    recipe.steps[1] = route(1000, MINUTE_MS, 0);
    recipe.steps[2] = route(SHARE_WHOLE, 0, MINUTE_MS);
    recipe.step_count = 3;
    assert_fault(&recipe, PLAN_NOT_RISING, 1);
    recipe.steps[1].share = 500;
    assert_fault(&recipe, PLAN_NOT_RISING, 1);
    recipe.steps[1] = route(2000, 0, 0);
    assert_fault(&recipe, PLAN_NO_OBSERVE, 2);
    recipe.steps[1] = no_step();
    recipe.steps[2].limit_ms = MINUTE_MS - 1;
    assert_fault(&recipe, PLAN_AT_MOST_SHORT, 2);
    recipe.steps[2].limit_ms = 0;
    recipe.steps[2].watch_ms = 0;
    assert_fault(&recipe, PLAN_NOT_WHOLE, 2);
    recipe.steps[2] = route(5000, 0, MINUTE_MS);
    assert_fault(&recipe, PLAN_NOT_WHOLE, 2);
    recipe.steps[0] = route(SHARE_WHOLE, 0, MINUTE_MS);
    assert_fault(&recipe, PLAN_NOT_WHOLE, 1);
}

static void test_too_long(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_CANARY);

    (void)state;
    for (uint8_t i = 0; i < 25; i++)
        recipe.steps[i] = route((uint16_t)(100 + i), MINUTE_MS, 0);
    recipe.steps[24] = route(SHARE_WHOLE, 0, MINUTE_MS);
    recipe.step_count = 25;
    assert_fault(&recipe, PLAN_TOO_LONG, 24);
    recipe.steps[23] = route(SHARE_WHOLE, 0, MINUTE_MS);
    recipe.step_count = 24;
    assert_int_equal(expand(&recipe).count, PLAN_STEPS_MAX);
}

static void test_rollback_with_traffic(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_CANARY);
    struct plan promoted = expand(&recipe);
    struct plan plan;

    (void)state;
    plan_expand_rollback(&promoted, 5, &plan);
    assert_plan(&plan, "smoke 5, route 10000");
    assert_int_equal(plan.kind, PLAN_ROLLBACK);
    assert_int_equal(plan.steps[0].limit_ms, 11000);
    assert_int_equal(plan.rule_count, 0);
    assert_int_equal(plan.on_held_limit, OUTCOME_HOLD);
    plan_expand_rollback(&promoted, PLAN_NONE, &plan);
    assert_plan(&plan, "route 10000");
}

static void test_rollback_without_traffic(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_FOLLOW);
    struct plan promoted = expand(&recipe);
    struct plan plan;

    (void)state;
    plan_expand_rollback(&promoted, 5, &plan);
    assert_plan(&plan, "command 2, smoke 5");
    assert_int_equal(plan.steps[0].limit_ms, 60000);
    assert_int_equal(plan.steps[1].limit_ms, 60000);
    recipe = recipe_of(STRATEGY_RECREATE);
    recipe.has_traffic = false;
    recipe.steps[0] = no_step();
    recipe.steps[0].command = MIGRATE;
    recipe.steps[1] = no_step();
    recipe.steps[1].command = DEPLOY;
    recipe.steps[2] = no_step();
    recipe.steps[2].watch_ms = MINUTE_MS;
    recipe.step_count = 3;
    promoted = expand(&recipe);
    plan_expand_rollback(&promoted, PLAN_NONE, &plan);
    assert_plan(&plan, "command 3");
    assert_int_equal(plan.steps[0].limit_ms, commands[DEPLOY].limit_ms);
    assert_int_equal(plan.steps[0].repeat, REPEAT_IDEMPOTENT);
}

static void test_fault_texts(void **state)
{
    (void)state;
    for (int fault = PLAN_FINE; fault <= PLAN_NO_MIRROR; fault++)
        assert_true(strlen(plan_fault_text((enum plan_fault)fault)) > 10);
}

/* Of the way back of a deployment; nothing of mode record, and none of its own for taking a promotion back.
 */
static void test_disaster_recovery(void **state)
{
    struct recipe recipe = recipe_of(STRATEGY_CANARY);
    struct plan plan;
    struct plan back;
    uint8_t step = 0;

    (void)state;
    assert_int_equal(plan_expand(&recipe, &plan, &step), PLAN_FINE);
    assert_false(plan.has_disaster);
    recipe.has_disaster = true;
    recipe.disaster = BACK;
    assert_int_equal(plan_expand(&recipe, &plan, &step), PLAN_FINE);
    assert_true(plan.has_disaster);
    assert_int_equal(plan.disaster.reference, BACK);
    assert_int_equal(plan.disaster.limit_ms, 7000);
    assert_int_equal(plan.disaster.tries_max, 1);
    assert_int_equal(plan.disaster.repeat, REPEAT_UNSAFE);
    plan_expand_rollback(&plan, PLAN_NONE, &back);
    assert_false(back.has_disaster);
    recipe.is_record = true;
    assert_int_equal(plan_expand(&recipe, &plan, &step), PLAN_FINE);
    assert_false(plan.has_disaster);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canary),
        cmocka_unit_test(test_feature_flag),
        cmocka_unit_test(test_follow),
        cmocka_unit_test(test_recreate),
        cmocka_unit_test(test_recreate_in_place),
        cmocka_unit_test(test_blue_green),
        cmocka_unit_test(test_approval_comes_first),
        cmocka_unit_test(test_record_only_watches),
        cmocka_unit_test(test_own_steps),
        cmocka_unit_test(test_patience_of_the_recipe),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_rollback_with_traffic),
        cmocka_unit_test(test_rollback_without_traffic),
        cmocka_unit_test(test_disaster_recovery),
        cmocka_unit_test(test_fault_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
