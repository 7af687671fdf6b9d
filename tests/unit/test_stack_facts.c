/* test_stack_facts.c - numbers of stacks there and back; what nobody told is no number.
 * SPDX-License-Identifier: MIT */
#include "store/stack_facts.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void there_and_back(void **state)
{
    struct stack_facts facts;
    struct stack_facts back;
    char text[STACK_FACTS_TEXT_SIZE];

    (void)state;
    stack_facts_clear(&facts);
    stack_facts_format(&facts, text);
    assert_string_equal(text, "");
    for (int i = 0; i < STACK_FACT_COUNT; i++)
        facts.of[i] = -(1.0 / 3.0) * 1e9 * (i + 1); /* the longest that there are */
    stack_facts_format(&facts, text);
    assert_true(strlen(text) < sizeof(text) - 1);
    stack_facts_read(text, &back);
    for (int i = 0; i < STACK_FACT_COUNT; i++)
        assert_true(facts.of[i] == back.of[i]);
}

static void what_a_task_told(void **state)
{
    struct stack_facts facts;

    (void)state;
    stack_facts_read("plan=sha256:00\ncreates=2\nmonthly_cost=1e999\nmonthly_cost_before=99.5\ndeletes=\n"
                     "updates\nreplaces=x\n=7\n\ncreates=3\noutput.creates=9\nresources= 4\nnotes=0",
                     &facts);
    for (int i = 0; i < STACK_FACT_COUNT; i++)
        if (i != FACT_CREATES && i != FACT_COST_BEFORE && i != FACT_NOTES)
            assert_true(isnan(facts.of[i]));
    assert_true(facts.of[FACT_CREATES] == 3.0);
    assert_true(facts.of[FACT_COST_BEFORE] == 99.5);
    assert_true(facts.of[FACT_NOTES] == 0.0);
}

static void what_is_too_long_is_none(void **state)
{
    struct stack_facts facts;
    char line[512];

    (void)state;
    (void)memset(line, '0', sizeof(line));
    memcpy(line, "creates=", 8);
    line[sizeof(line) - 1] = '\0';
    stack_facts_read(line, &facts);
    assert_true(isnan(facts.of[FACT_CREATES]));
    (void)memset(line, 'a', sizeof(line) - 3);
    memcpy(line + sizeof(line) - 3, "=1", 3);
    stack_facts_read(line, &facts);
    assert_true(isnan(facts.of[FACT_CREATES]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(what_a_task_told),
        cmocka_unit_test(what_is_too_long_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
