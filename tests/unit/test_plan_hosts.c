/* test_plan_hosts.c - rolling: steps that replace hosts, and what is wrong with them.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "orchestrator/plan.h"
#include "orchestrator/recipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MINUTE_MS = 60000, DEPLOY = 0, DRAIN = 1, UNDEPLOY = 2, KEPT = 3 };

static const struct recipe_command commands[] = {
    [DEPLOY] =
        {.exists = true, .repeat = REPEAT_IDEMPOTENT, .undo = UNDEPLOY, .limit_ms = 5000, .tries_max = 3},
    [DRAIN] = {.exists = true, .undo = PLAN_NONE, .limit_ms = 6000, .tries_max = 2},
    [UNDEPLOY] = {.exists = true, .undo = PLAN_NONE, .limit_ms = 7000, .tries_max = 1},
    [KEPT] = {.exists = true, .on_rollback = ON_ROLLBACK_KEEP, .undo = PLAN_NONE, .limit_ms = 8000},
};

static struct recipe recipe_of(uint16_t hosts)
{
    return (struct recipe){.strategy = STRATEGY_ROLLING,
                           .command_count = ARRAY_LENGTH(commands),
                           .commands = commands,
                           .deploy = DEPLOY,
                           .drain = DRAIN,
                           .restore = PLAN_NONE,
                           .prepare = PLAN_NONE,
                           .warm_up = PLAN_NONE,
                           .retire = PLAN_NONE,
                           .rollback = PLAN_NONE,
                           .host_count = hosts,
                           .smoke = 4,
                           .smoke_limit_ms = 11000,
                           .rollback_limit_ms = 60000};
}

static void add_replace(struct recipe *recipe, uint16_t hosts, uint16_t share, int64_t observe_ms)
{
    recipe->steps[recipe->step_count++] = (struct recipe_step){.command = PLAN_NONE,
                                                               .smoke = PLAN_NONE,
                                                               .has_replace = true,
                                                               .hosts = hosts,
                                                               .share = share,
                                                               .observe_ms = observe_ms};
}

static void add_watch(struct recipe *recipe)
{
    recipe->steps[recipe->step_count++] =
        (struct recipe_step){.command = PLAN_NONE, .smoke = PLAN_NONE, .watch_ms = MINUTE_MS};
}

/* "1 by 1, observe, 3 by 2, watch" */
static void assert_plan(const struct plan *plan, const char *expected)
{
    char memory[512];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    for (uint8_t i = 0; i < plan->count; i++) {
        const struct plan_step *step = &plan->steps[i];
        if (step->kind == STEP_REPLACE)
            text_add(&text, "%s%u by %u", i > 0 ? ", " : "", step->hosts, step->batch);
        else
            text_add(&text, "%s%s", i > 0 ? ", " : "", step->is_watch ? "watch" : "observe");
    }
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
    struct plan plan;
    uint8_t step = UINT8_MAX;

    assert_int_equal(plan_expand(recipe, &plan, &step), fault);
    assert_int_equal(step, at);
}

static void test_own_steps_by_count_of_hosts(void **state)
{
    static const char *const expected[] = {[1] = "1 by 1, observe, watch",
                                           [2] = "1 by 1, observe, 2 by 1, watch",
                                           [3] = "1 by 1, observe, 2 by 1, observe, 3 by 1, watch",
                                           [7] = "1 by 1, observe, 4 by 1, observe, 7 by 1, watch"};

    (void)state;
    for (uint16_t hosts = 1; hosts < ARRAY_LENGTH(expected); hosts++) {
        struct recipe recipe = recipe_of(hosts);
        struct plan plan = expand(&recipe);
        assert_int_equal(plan.host_count, hosts);
        assert_int_equal(plan.max_unavailable, 1);
        if (expected[hosts] != NULL)
            assert_plan(&plan, expected[hosts]);
    }
}

static void test_parts(void **state)
{
    struct recipe recipe = recipe_of(6);
    struct plan plan;

    (void)state;
    add_replace(&recipe, 2, 0, MINUTE_MS);
    add_replace(&recipe, 0, 5000, MINUTE_MS);
    recipe.steps[1].batch = 3;
    add_replace(&recipe, 0, SHARE_WHOLE, 0);
    recipe.steps[2].batch = 2;
    add_watch(&recipe);
    plan = expand(&recipe);
    assert_plan(&plan, "2 by 1, observe, 3 by 3, observe, 6 by 2, watch");
    assert_int_equal(plan.max_unavailable, 3);
    assert_int_equal(plan.verify, PLAN_NONE);
    assert_int_equal(plan.parts[REPLACE_DRAIN].reference, DRAIN);
    assert_int_equal(plan.parts[REPLACE_DRAIN].undo, PLAN_NONE);
    assert_int_equal(plan.parts[REPLACE_DRAIN].tries_max, 2);
    assert_int_equal(plan.parts[REPLACE_DEPLOY].reference, DEPLOY);
    assert_int_equal(plan.parts[REPLACE_DEPLOY].undo, UNDEPLOY);
    assert_int_equal(plan.parts[REPLACE_DEPLOY].repeat, REPEAT_IDEMPOTENT);
    assert_int_equal(plan.parts[REPLACE_DEPLOY].limit_ms, 5000);
    assert_int_equal(plan.parts[REPLACE_SMOKE].reference, 4);
    assert_int_equal(plan.parts[REPLACE_SMOKE].limit_ms, 11000);
    assert_int_equal(plan.parts[REPLACE_RESTORE].reference, PLAN_NONE);
    recipe.max_unavailable = 5;
    plan = expand(&recipe);
    assert_int_equal(plan.max_unavailable, 5);
    recipe.max_unavailable = 2;
    assert_fault(&recipe, PLAN_UNAVAILABLE, 1);
}

static void test_a_share_of_few_hosts(void **state)
{
    struct recipe recipe = recipe_of(3);

    (void)state;
    add_replace(&recipe, 1, 0, MINUTE_MS);
    add_replace(&recipe, 0, 1000, MINUTE_MS); /* no more than the one: it is only observed again */
    add_replace(&recipe, 0, SHARE_WHOLE, 0);
    add_watch(&recipe);
    struct plan plan = expand(&recipe);
    assert_plan(&plan, "1 by 1, observe, observe, 3 by 1, watch");
    recipe.steps[0].hosts = 2;
    assert_fault(&recipe, PLAN_NOT_MORE, 1);
    recipe.steps[1].hosts = 2;
    assert_fault(&recipe, PLAN_NOT_MORE, 1);
}

static void test_faults(void **state)
{
    struct recipe recipe = recipe_of(3);

    (void)state;
    add_watch(&recipe);
    assert_fault(&recipe, PLAN_NOT_ALL, 0);
    recipe.step_count = 0;
    add_replace(&recipe, 1, 0, 0);
    add_replace(&recipe, 3, 0, 0);
    add_watch(&recipe);
    assert_fault(&recipe, PLAN_NO_OBSERVE, 1);
    recipe.steps[0].observe_ms = MINUTE_MS;
    recipe.steps[1].hosts = 4;
    assert_fault(&recipe, PLAN_FEW_HOSTS, 1);
    recipe.steps[1].hosts = 2;
    assert_fault(&recipe, PLAN_NOT_ALL, 2);
    recipe.strategy = STRATEGY_CANARY; /* any list of steps may replace hosts, all or none */
    assert_fault(&recipe, PLAN_NOT_ALL, 2);
    recipe.steps[1].hosts = 3;
    assert_int_equal(expand(&recipe).count, 4);
    recipe.deploy = KEPT;
    assert_fault(&recipe, PLAN_KEPT, 0);
    recipe.deploy = PLAN_NONE;
    assert_fault(&recipe, PLAN_NO_DEPLOY, 0);
    recipe.host_count = 0;
    assert_fault(&recipe, PLAN_NO_HOSTS, 0);
    recipe = recipe_of(0);
    assert_fault(&recipe, PLAN_NO_HOSTS, 0);
    recipe = recipe_of(2);
    recipe.strategy = STRATEGY_BLUE_GREEN;
    assert_fault(&recipe, PLAN_ROUTE_HOSTS, 2);
}

static void test_record_replaces_nothing(void **state)
{
    struct recipe recipe = recipe_of(3);

    (void)state;
    recipe.is_record = true;
    struct plan plan = expand(&recipe);
    assert_plan(&plan, "watch");
    assert_int_equal(plan.host_count, 0);
}

static void test_files(void **state)
{
    struct recipe recipe = recipe_of(2);
    struct plan plan;

    (void)state;
    assert_int_equal(expand(&recipe).parts[REPLACE_CONFIGURE].reference, PLAN_NONE);
    recipe.has_configure = true;
    recipe.configure = DEPLOY;
    struct plan promoted = expand(&recipe);
    assert_int_equal(promoted.parts[REPLACE_CONFIGURE].reference, DEPLOY);
    assert_int_equal(promoted.parts[REPLACE_CONFIGURE].undo, UNDEPLOY);
    plan_expand_rollback(&promoted, PLAN_NONE, &plan);
    assert_int_equal(plan.parts[REPLACE_CONFIGURE].reference, UNDEPLOY);
    assert_int_equal(plan.parts[REPLACE_CONFIGURE].undo, DEPLOY);
}

static void test_back_after_promotion(void **state)
{
    struct recipe recipe = recipe_of(6);
    struct plan promoted;
    struct plan plan;

    (void)state;
    recipe.max_unavailable = 2;
    promoted = expand(&recipe);
    plan_expand_rollback(&promoted, PLAN_NONE, &plan);
    assert_plan(&plan, "6 by 2");
    assert_int_equal(plan.host_count, 6);
    assert_int_equal(plan.max_unavailable, 2);
    assert_int_equal(plan.parts[REPLACE_DEPLOY].reference, DEPLOY);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_steps_by_count_of_hosts),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_a_share_of_few_hosts),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_record_replaces_nothing),
        cmocka_unit_test(test_back_after_promotion),
        cmocka_unit_test(test_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
