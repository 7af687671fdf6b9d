/* test_wager.c - dispersion, the form that it allows, and the wealth that goes over from form to form.
 * SPDX-License-Identifier: MIT */
#include "judge/wager.h"

#include "base/attributes.h"
#include "simulation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { HOUR = 120 }; /* blocks of 30 s */

enum kind { INDEPENDENT, BURSTS, SPELLS };

/* Stable's events in a block; bursts by sixes, spells of ten blocks that are three times as bad. */
static double draw(struct dice *dice, enum kind kind, int block, double mean)
{
    if (kind == BURSTS)
        return 6 * dice_count(dice, mean / 6);
    return dice_count(dice, kind == SPELLS && block % 20 >= 10 ? 3 * mean : mean);
}

static struct dispersion measure(struct dice *dice, enum kind kind, int blocks)
{
    struct dispersion dispersion = {0};

    for (int block = 0; block < blocks; block++)
        dispersion_add(&dispersion, draw(dice, kind, block, 10), 900 + dice_below(dice, 200));
    return dispersion;
}

static void test_what_independent_events_are_like(void **state)
{
    struct dice dice = {.state = 3};
    struct dispersion dispersion = measure(&dice, INDEPENDENT, 4 * HOUR);
    double likeness = dispersion_likeness(&dispersion);

    (void)state;
    assert_true(dispersion_of_neighbours(&dispersion) > .8 && dispersion_of_neighbours(&dispersion) < 1.2);
    assert_true(likeness > -.1 && likeness < .1);
    assert_false(dispersion_has_bursts(&dispersion) || dispersion_has_spells(&dispersion));
    assert_true(dispersion_is_independent(&dispersion, false));
    assert_true(dispersion_is_independent(&dispersion, true));
}

static void test_bursts_are_no_spells(void **state)
{
    struct dice dice = {.state = 4};
    struct dispersion dispersion = measure(&dice, BURSTS, 4 * HOUR);

    (void)state;
    assert_true(dispersion_of_neighbours(&dispersion) > 4 && dispersion_of_neighbours(&dispersion) < 8);
    assert_true(dispersion_has_bursts(&dispersion) && !dispersion_has_spells(&dispersion));
    assert_false(dispersion_is_independent(&dispersion, true));
    assert_false(dispersion_is_independent(&dispersion, false));
}

static void test_spells_are_no_bursts(void **state)
{
    struct dice dice = {.state = 5};
    struct dispersion dispersion = measure(&dice, SPELLS, 4 * HOUR);

    (void)state;
    assert_true(dispersion_likeness(&dispersion) > .5);
    assert_true(dispersion_has_spells(&dispersion));
    dispersion.scatter = dispersion.expected; /* not even a hint of bursts */
    assert_false(dispersion_has_bursts(&dispersion));
    assert_false(dispersion_is_independent(&dispersion, true) ||
                 dispersion_is_independent(&dispersion, false));
}

/* A finding is beyond chance, and large enough to matter. */
static void test_findings_want_blocks_and_size(void **state)
{
    struct dispersion few = {.events = 100, .scatter = 16, .expected = 10, .blocks = 16};
    struct dispersion many = {.events = 1e6, .scatter = 14, .expected = 10, .blocks = 10000};
    struct dispersion alike = {.events = 1e6,
                               .total = 1e8,
                               .squares = 1e4 + 1.05 * .01 * 9999,
                               .scatter = 1,
                               .expected = 1,
                               .blocks = 10000};

    (void)state;
    assert_false(dispersion_has_bursts(&few));
    assert_false(dispersion_has_bursts(&many));
    assert_true(dispersion_likeness(&alike) > .03 && dispersion_likeness(&alike) < .07);
    assert_false(dispersion_has_spells(&alike));
    assert_false(dispersion_is_independent(&alike, true));
    few.total = 1e4;
    few.squares = 1 + 3.2 * .01 * 15; /* half of what scatters, neighbours share */
    assert_true(fabs(dispersion_likeness(&few) - .5) < 1e-9);
    assert_false(dispersion_has_spells(&few));
}

static void test_too_little_measures_nothing(void **state)
{
    struct dice dice = {.state = 6};
    struct dispersion dispersion = measure(&dice, INDEPENDENT, DISPERSION_BLOCKS_MIN - 1);
    struct dispersion quiet = {0};

    (void)state;
    assert_true(isnan(dispersion_of_neighbours(&dispersion)) && isnan(dispersion_likeness(&dispersion)));
    assert_false(dispersion_is_independent(&dispersion, false));
    assert_false(dispersion_has_bursts(&dispersion) || dispersion_has_spells(&dispersion));
    for (int block = 0; block < HOUR; block++)
        dispersion_add(&quiet, 0, 100);
    assert_int_equal(quiet.blocks, HOUR);
    assert_true(isnan(dispersion_of_neighbours(&quiet)) && isnan(dispersion_likeness(&quiet)));
    assert_false(dispersion_is_independent(&quiet, true) || dispersion_has_spells(&quiet));
    dispersion_add(&quiet, 0, 0);
    assert_int_equal(quiet.blocks, HOUR);
}

static struct sequential_block block_of(struct dice *dice, enum kind kind, int block, double ratio)
{
    struct sequential_block sums = {.total = 150, .stable_total = 2850};

    sums.events = draw(dice, kind, block, .75 * ratio);
    sums.stable_events = draw(dice, kind, block, 14.25);
    return sums;
}

static void test_a_form_that_was_asked_for_is_kept(void **state)
{
    struct dice dice = {.state = 8};
    struct sequential_state sums[2] = {{.blocks = 0}};
    struct sequential_state robust = {.blocks = 0};
    struct rate_ratio independent = {{0}};
    struct wager wagers[2] = {{.is_poisson = 0}};

    (void)state;
    for (int block = 0; block < HOUR; block++) {
        struct sequential_block next = block_of(&dice, INDEPENDENT, block, 2);
        for (int form = FORM_ROBUST; form <= FORM_POISSON; form++) {
            assert_int_equal(wager_form(&wagers[form], (enum comparison_form)form, block % 2 == 0), form);
            wager_add(&wagers[form], &sums[form], &next, 1, (enum comparison_form)form);
        }
        sequential_add(&robust, &next, 1);
        rate_ratio_add(&independent, &next, 1);
        assert_true(sequential_log_e(&sums[FORM_ROBUST]) == sequential_log_e(&robust));
        assert_true(rate_ratio_log_e(&wagers[FORM_POISSON].independent) == rate_ratio_log_e(&independent));
        assert_true(sums[FORM_POISSON].log_e_max >= rate_ratio_log_e(&independent));
    }
    assert_true(sums[FORM_POISSON].events == robust.events && sums[FORM_POISSON].blocks == HOUR);
    assert_true(sums[FORM_POISSON].event_blocks == robust.event_blocks);
    struct wager before = wagers[FORM_POISSON];
    wager_add(&wagers[FORM_POISSON], &sums[FORM_POISSON], &(struct sequential_block){.stable_total = 9}, 1,
              FORM_POISSON);
    assert_true(rate_ratio_log_e(&before.independent) == rate_ratio_log_e(&wagers[FORM_POISSON].independent));
}

static void test_wealth_goes_over(void **state)
{
    struct dice dice = {.state = 9};
    struct sequential_state sums = {.blocks = 0};
    struct sequential_state before;
    struct rate_ratio alone = {{0}};
    struct wager wager = {.is_poisson = 0};
    struct sequential_block next = block_of(&dice, INDEPENDENT, 0, 20);

    (void)state;
    for (int block = 0; block < 10; block++)
        wager_add(&wager, &sums, &next, 1, FORM_ROBUST);
    before = sums;
    assert_true(sequential_log_e(&before) > .5);
    wager_add(&wager, &sums, &next, 1, FORM_POISSON);
    rate_ratio_add(&alone, &next, 1);
    double log_e = sequential_log_e(&before) + rate_ratio_log_e(&alone);
    assert_true(wager.is_poisson == 1 && fabs(rate_ratio_log_e(&wager.independent) - log_e) < 1e-9);
    assert_true(fabs(sums.log_e_max - log_e) < 1e-9);
    struct sequential_state fresh = {.blocks = 0};
    sequential_add(&fresh, &next, 1);
    wager_add(&wager, &sums, &next, 1, FORM_ROBUST);
    assert_true(wager.is_poisson == 0);
    assert_true(fabs(sequential_log_e(&sums) - log_e - sequential_log_e(&fresh)) < 1e-9);
}

static void test_auto_begins_robust_and_follows_the_other_side(void **state)
{
    struct dice dice = {.state = 10};
    struct sequential_state sums = {.blocks = 0};
    struct wager wager = {.is_poisson = 0};
    int block = 0;

    (void)state;
    for (; block < 4 * HOUR; block++) {
        struct sequential_block next = block_of(&dice, INDEPENDENT, block, 1);
        enum comparison_form form = wager_form(&wager, FORM_AUTO, false);
        if (block < DISPERSION_BLOCKS_MIN)
            assert_int_equal(form, FORM_ROBUST);
        wager_add(&wager, &sums, &next, 1, form);
    }
    assert_int_equal(wager_form(&wager, FORM_AUTO, false), FORM_POISSON);
    assert_int_equal(wager_form(&wager, FORM_AUTO, true), FORM_ROBUST);
    for (; block < 8 * HOUR && wager_form(&wager, FORM_AUTO, false) == FORM_POISSON; block++) {
        struct sequential_block next = block_of(&dice, BURSTS, block, 1);
        wager_add(&wager, &sums, &next, 1, FORM_POISSON);
    }
    assert_true(block < 5 * HOUR);
    wager.is_trusted = 1;
    wager_forget_other(&wager);
    assert_int_equal(wager_form(&wager, FORM_AUTO, false), FORM_ROBUST);
    assert_true(wager.other.blocks == 0 && wager.is_poisson == 1);
}

/* Looked at after each block of an hour; returns after how many blocks it alarmed, 0: never. */
static int run(struct dice *dice, enum kind kind, double ratio, enum comparison_form wanted, int from)
{
    struct sequential_state sums = {.blocks = 0};
    struct wager wager = {.is_poisson = 0};

    for (int block = 0; block < HOUR; block++) {
        struct sequential_block next = block_of(dice, kind, block, block < from ? 1 : ratio);
        wager_add(&wager, &sums, &next, 1, wager_form(&wager, wanted, false));
        if (sums.log_e_max >= log(100))
            return block + 1;
    }
    return 0;
}

static int alarms(enum kind kind, enum comparison_form wanted)
{
    struct dice dice = {.state = 12};
    int count = 0;

    for (int turn = 0; turn < 1000; turn++)
        count += run(&dice, kind, 1, wanted, 0) > 0;
    return count;
}

/* Declared is 1 %: 10 of 1000, and 10 more are three standard errors. */
static void test_auto_keeps_its_error_probability(void **state)
{
    (void)state;
    assert_true(alarms(INDEPENDENT, FORM_AUTO) <= 20);
    assert_true(alarms(BURSTS, FORM_AUTO) <= 20);
    assert_true(alarms(BURSTS, FORM_POISSON) > 50); /* what it saves from */
}

/* Half an hour is quiet, then it is five times as bad: found sooner than by the robust form. */
static void test_auto_finds_late_regressions_sooner(void **state)
{
    double found[3] = {0};
    double blocks[3] = {0};

    (void)state;
    for (int form = FORM_ROBUST; form <= FORM_AUTO; form++) {
        struct dice dice = {.state = 13};
        for (int turn = 0; turn < 200; turn++) {
            int block = run(&dice, INDEPENDENT, 5, (enum comparison_form)form, HOUR / 2);
            found[form] += block > HOUR / 2;
            blocks[form] += block > HOUR / 2 ? block - HOUR / 2 : 0;
        }
    }
    assert_true(found[FORM_AUTO] >= 190);
    assert_true(blocks[FORM_AUTO] / found[FORM_AUTO] < .85 * blocks[FORM_ROBUST] / found[FORM_ROBUST]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_independent_events_are_like),
        cmocka_unit_test(test_bursts_are_no_spells),
        cmocka_unit_test(test_spells_are_no_bursts),
        cmocka_unit_test(test_findings_want_blocks_and_size),
        cmocka_unit_test(test_too_little_measures_nothing),
        cmocka_unit_test(test_a_form_that_was_asked_for_is_kept),
        cmocka_unit_test(test_wealth_goes_over),
        cmocka_unit_test(test_auto_begins_robust_and_follows_the_other_side),
        cmocka_unit_test(test_auto_keeps_its_error_probability),
        cmocka_unit_test(test_auto_finds_late_regressions_sooner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
