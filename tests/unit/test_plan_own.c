/* test_plan_own.c - commands of the environment before those of a strategy, and what is undone first.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "orchestrator/plan.h"
#include "orchestrator/recipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { PREPARE, CONFIGURE, DEPLOY, COMMANDS };

static const struct recipe_command commands[COMMANDS] = {
    [PREPARE] = {.exists = true, .undo = PLAN_NONE, .tries_max = 1},
    [CONFIGURE] = {.exists = true, .undo = PREPARE, .tries_max = 1, .is_undone_first = true},
    [DEPLOY] = {.exists = true, .undo = PLAN_NONE, .tries_max = 1},
};

static struct recipe own_recipe(void)
{
    static const struct recipe_step deploy = {.command = DEPLOY, .smoke = PLAN_NONE};
    static const struct recipe_step route = {.command = PLAN_NONE,
                                             .smoke = PLAN_NONE,
                                             .has_route = true,
                                             .share = SHARE_WHOLE,
                                             .watch_ms = RECIPE_MINUTE_MS};

    return (struct recipe){.strategy = STRATEGY_CANARY,
                           .has_traffic = true,
                           .needs_approval = true,
                           .approvals = 1,
                           .command_count = COMMANDS,
                           .commands = commands,
                           .deploy = DEPLOY,
                           .retire = PLAN_NONE,
                           .rollback = PLAN_NONE,
                           .smoke = PLAN_NONE,
                           .own_count = 2,
                           .own = {PREPARE, CONFIGURE},
                           .step_count = 2,
                           .steps = {deploy, route}};
}

static struct plan expanded(const struct recipe *recipe)
{
    struct plan plan;
    uint8_t step = 0;

    assert_int_equal(plan_expand(recipe, &plan, &step), PLAN_FINE);
    return plan;
}

static void assert_plan(const struct recipe *recipe, const char *expected)
{
    static const char *const kinds[] = {"command", "smoke", "route", "observe", "approve"};
    static const char *const names[COMMANDS] = {" prepare", " configure", " deploy"};
    struct plan plan = expanded(recipe);
    char memory[256];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    for (uint8_t i = 0; i < plan.count; i++)
        text_add(&text, "%s%s%s", i == 0 ? "" : ", ", kinds[plan.steps[i].kind],
                 plan.steps[i].kind == STEP_COMMAND ? names[plan.steps[i].reference] : "");
    assert_string_equal(memory, expected);
}

/* Before all that a strategy does, and once. */
static void test_environments_own_commands(void **state)
{
    struct recipe recipe = own_recipe();

    (void)state;
    assert_plan(&recipe, "approve, command prepare, command configure, command deploy, route, observe");
    assert_int_equal(expanded(&recipe).steps[2].is_undone_first, true);
    recipe.steps[0].command = PREPARE;
    assert_plan(&recipe, "approve, command configure, command prepare, route, observe");
    recipe.is_record = true;
    assert_plan(&recipe, "observe");
}

static void test_what_is_undone_first(void **state)
{
    struct plan plan = {.count = 5};

    (void)state;
    for (uint8_t left = 5; left > 0; left--)
        assert_int_equal(plan_undo_step(&plan, left), left - 1);
    plan.steps[1].is_undone_first = plan.steps[3].is_undone_first = true;
    assert_int_equal(plan_undo_step(&plan, 5), 3);
    assert_int_equal(plan_undo_step(&plan, 4), 1);
    assert_int_equal(plan_undo_step(&plan, 3), 4);
    assert_int_equal(plan_undo_step(&plan, 2), 2);
    assert_int_equal(plan_undo_step(&plan, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environments_own_commands),
        cmocka_unit_test(test_what_is_undone_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
