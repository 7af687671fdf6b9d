/* test_figures.c - figures of a journal that a reader can add up by hand.
 * SPDX-License-Identifier: MIT */
#include "api/figures.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE };
#define DAY_MS (INT64_C(24) * HOUR)

static void expect(const struct figures_strategy *place, enum figure figure, double value, uint32_t count)
{
    const struct figure_sum *sum = &place->sums[figure];
    double is = figures_value(sum);

    if (fabs(is - value) > 1e-9 || sum->count != count)
        fail_msg("%s is %.9g of %u, not %.9g of %u", figure_rows[figure].name, is, sum->count, value, count);
}

static const struct journal_ended promoted = {.kind = PLAN_DEPLOY,
                                              .phase = PHASE_PROMOTED,
                                              .ending = ENDING_PASSED,
                                              .strategy = "canary",
                                              .elapsed_ms = 30 * MINUTE,
                                              .working_ms = 4 * MINUTE,
                                              .back_ms = JOURNAL_UNKNOWN,
                                              .recovery_ms = JOURNAL_UNKNOWN,
                                              .disaster_ms = JOURNAL_UNKNOWN};

/* Ten days, newest first:
 *   9  canary     promoted     elapsed 30 min, working 4, down 0
 *   8  rollback   of 6, takes  20 s
 *   7  canary     rolled back  elapsed 10 min, the way back 40 s, from the failure 60 s, disaster recovery 30
 * s, down 0 6  recreate   promoted     elapsed 20 min, working 8, down 12 s; later taken back 5  recreate
 * cancelled    before it began 4  shadow     a trial that passed 3  follow     promoted     elapsed 50 min,
 * working 0; nobody looked whether it was down 2  canary     hangs        escalated on its way back */
static void tell_the_story(struct figures *figures)
{
    struct journal_ended row = promoted;

    row.id = 9;
    figures_deployment(figures, &row);
    row = (struct journal_ended){.id = 8,
                                 .kind = PLAN_ROLLBACK,
                                 .taken_back = 6,
                                 .phase = PHASE_PROMOTED,
                                 .strategy = "recreate",
                                 .back_ms = 20000,
                                 .recovery_ms = 20000,
                                 .downtime_ms = JOURNAL_UNKNOWN};
    figures_deployment(figures, &row);
    row = promoted;
    row.id = 7;
    row.phase = PHASE_ROLLED_BACK;
    row.ending = ENDING_FAILED;
    row.elapsed_ms = 10 * MINUTE;
    row.back_ms = 40000;
    row.recovery_ms = 60000;
    row.disaster_ms = 30000;
    figures_deployment(figures, &row);
    row = promoted;
    row.id = 6;
    row.strategy = "recreate";
    row.elapsed_ms = 20 * MINUTE;
    row.working_ms = 8 * MINUTE;
    row.downtime_ms = 12000;
    figures_deployment(figures, &row);
    row.id = 5;
    row.phase = PHASE_CANCELLED;
    row.ending = ENDING_ABORTED;
    figures_deployment(figures, &row);
    row = promoted;
    row.id = 4;
    row.strategy = "shadow";
    row.phase = PHASE_ROLLED_BACK;
    figures_deployment(figures, &row);
    row = promoted;
    row.id = 3;
    row.strategy = "follow";
    row.elapsed_ms = 50 * MINUTE;
    row.working_ms = 0;
    row.downtime_ms = JOURNAL_UNKNOWN;
    figures_deployment(figures, &row);
    row = promoted;
    row.id = 2;
    row.phase = PHASE_ROLLING_BACK;
    row.ending = ENDING_ACTION_FAILED;
    row.is_escalated = true;
    row.elapsed_ms = JOURNAL_UNKNOWN;
    row.downtime_ms = JOURNAL_UNKNOWN;
    figures_deployment(figures, &row);
}

static void deployments_are_added_up(void **state)
{
    static struct figures figures;

    (void)state;
    figures = (struct figures){0};
    tell_the_story(&figures);
    figures_end(&figures, 10 * DAY_MS);
    const struct figures_strategy *all = &figures.all;
    assert_int_equal(all->deployments, 6);                                /* 9, 8, 7, 6, 3, 2 */
    expect(all, FIGURE_SUCCESS_RATE, 2.0 / 5.0, 5);                       /* 9 and 3 of 9 7 6 3 2 */
    expect(all, FIGURE_ROLLBACK_RATE, 3.0 / 5.0, 5);                      /* 7, 6 and 2 */
    expect(all, FIGURE_DEPLOYMENT_ELAPSED, (30 + 20 + 50) * 60 / 3.0, 3); /* 9, 6, 3 */
    expect(all, FIGURE_DEPLOYMENT_TIME, (4 + 8 + 0) * 60 / 3.0, 3);       /* the same */
    expect(all, FIGURE_ROLLBACK_TIME, (20 + 40) / 2.0, 2);                /* 8, 7 */
    expect(all, FIGURE_RECOVERY_TIME, (20 + 60) / 2.0, 2);                /* 8, 7 */
    expect(all, FIGURE_DISASTER_TIME, 30.0, 1);                           /* 7 */
    assert_int_equal(figures.disaster, 7);
    assert_int_equal(figures.disaster_ms, 30000);
    expect(all, FIGURE_ZERO_DOWNTIME, 2.0 / 3.0, 3);                         /* 9, 7 of 9 7 6 */
    expect(all, FIGURE_AVAILABILITY, 1.0 - 12.0 / ((30 + 10 + 20) * 60), 3); /* 9, 7, 6 */
    expect(all, FIGURE_FREQUENCY, 3.0 / 10.0, 3);                            /* 9, 6, 3 in ten days */
    assert_int_equal(figures.strategy_count, 3);
    const struct figures_strategy *canary = &figures.strategies[0];
    assert_string_equal(canary->name, "canary");
    assert_int_equal(canary->deployments, 3);
    expect(canary, FIGURE_SUCCESS_RATE, 1.0 / 3.0, 3);
    expect(canary, FIGURE_ROLLBACK_TIME, 40.0, 1);
    expect(canary, FIGURE_ZERO_DOWNTIME, 1.0, 2);
    assert_string_equal(figures.strategies[1].name, "recreate");
    expect(&figures.strategies[1], FIGURE_SUCCESS_RATE, 0.0, 1);
    expect(&figures.strategies[1], FIGURE_ROLLBACK_TIME, 20.0, 1);
    assert_false(figures.is_cut);
}

/* Of follow nobody knows whether it was down, and nothing of it was taken back. */
static void what_is_not_known_is_no_number(void **state)
{
    static struct figures figures;

    (void)state;
    figures = (struct figures){0};
    figures_end(&figures, 0);
    for (int i = 0; i < FIGURE_COUNT; i++) {
        assert_true(isnan(figures_value(&figures.all.sums[i])));
        assert_non_null(figure_rows[i].unknown);
        assert_false(figures_is_met((enum figure)i, figures_value(&figures.all.sums[i])));
    }
    tell_the_story(&figures);
    const struct figures_strategy *follow = &figures.strategies[2];
    assert_string_equal(follow->name, "follow");
    assert_true(isnan(figures_value(&follow->sums[FIGURE_ZERO_DOWNTIME])));
    assert_true(isnan(figures_value(&follow->sums[FIGURE_AVAILABILITY])));
    assert_true(isnan(figures_value(&follow->sums[FIGURE_ROLLBACK_TIME])));
}

/* Newest first: shop 3 (built in 4 min, 84 %, 110 MB), shop 2 (failed, 6 min, 90 %, no size), shop 1 (5 min,
 * nothing said of coverage, 100 MB), mail 1 (no build, 50 MB). */
static void runs_are_added_up(void **state)
{
    static struct figures figures;
    struct figures_run run = {.pipeline = "shop",
                              .is_released = true,
                              .elapsed_ms = 60 * MINUTE,
                              .working_ms = 57 * MINUTE,
                              .build_ms = 4 * MINUTE,
                              .lead_ms = 2 * HOUR,
                              .coverage_percent = 84.0,
                              .artifact_bytes = 110e6};

    (void)state;
    figures = (struct figures){0};
    figures_run(&figures, &run);
    run = (struct figures_run){.pipeline = "shop",
                               .elapsed_ms = 10 * MINUTE,
                               .working_ms = 6 * MINUTE,
                               .build_ms = 6 * MINUTE,
                               .lead_ms = JOURNAL_UNKNOWN,
                               .coverage_percent = 90.0,
                               .artifact_bytes = NAN};
    figures_run(&figures, &run);
    run = (struct figures_run){.pipeline = "shop",
                               .is_released = true,
                               .elapsed_ms = 40 * MINUTE,
                               .working_ms = 38 * MINUTE,
                               .build_ms = 5 * MINUTE,
                               .lead_ms = JOURNAL_UNKNOWN,
                               .coverage_percent = NAN,
                               .artifact_bytes = 100e6};
    figures_run(&figures, &run);
    run.pipeline = "mail";
    run.build_ms = run.working_ms = JOURNAL_UNKNOWN;
    run.artifact_bytes = 50e6;
    figures_run(&figures, &run);
    figures_end(&figures, DAY_MS);
    const struct figures_strategy *all = &figures.all;
    assert_int_equal(figures.runs, 4);
    expect(all, FIGURE_EFFICIENCY, 95.0 / 100.0, 2); /* 57 + 38 of 60 + 40: those that were released */
    expect(all, FIGURE_BUILD_TIME, 5 * 60.0, 3);
    expect(all, FIGURE_COVERAGE, 0.87, 2);
    expect(all, FIGURE_SIZE_TREND, 0.1, 2); /* of mail there is one */
    expect(all, FIGURE_LEAD_TIME, 7200.0, 1);
    expect(all, FIGURE_FREQUENCY, 0.0, 0); /* known: a day without one */
}

static void targets_are_strict(void **state)
{
    (void)state;
    assert_false(figures_is_met(FIGURE_SUCCESS_RATE, 0.99));
    assert_true(figures_is_met(FIGURE_SUCCESS_RATE, 0.991));
    assert_false(figures_is_met(FIGURE_ROLLBACK_TIME, 120.0));
    assert_true(figures_is_met(FIGURE_ROLLBACK_TIME, 119.9));
    assert_false(figures_is_met(FIGURE_ZERO_DOWNTIME, 0.999));
    assert_true(figures_is_met(FIGURE_ZERO_DOWNTIME, 1.0));
    assert_false(figures_is_met(FIGURE_FREQUENCY, 1e9));
}

static void a_frequency_is_not_made_of_minutes(void **state)
{
    static struct figures figures;
    struct journal_ended row = promoted;

    (void)state;
    figures = (struct figures){0};
    row.id = 1;
    figures_deployment(&figures, &row);
    figures_end(&figures, 5 * MINUTE);
    expect(&figures.all, FIGURE_FREQUENCY, 1.0, 1); /* and not 288 */
}

/* What is beyond the tables counts for all, and is said. */
static void more_than_the_tables_hold_is_said(void **state)
{
    static struct figures figures;
    struct journal_ended row = promoted;
    struct figures_run run = {.is_released = true,
                              .working_ms = JOURNAL_UNKNOWN,
                              .build_ms = JOURNAL_UNKNOWN,
                              .lead_ms = JOURNAL_UNKNOWN,
                              .coverage_percent = NAN,
                              .artifact_bytes = 1.0};
    char name[16];

    (void)state;
    figures = (struct figures){0};
    row.strategy = run.pipeline = name;
    for (int i = 0; i <= FIGURES_STRATEGIES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "s%d", i);
        row.id = (uint64_t)i + 1;
        assert_false(figures.is_cut);
        figures_deployment(&figures, &row);
    }
    assert_true(figures.is_cut);
    expect(&figures.all, FIGURE_SUCCESS_RATE, 1.0, FIGURES_STRATEGIES_MAX + 1);
    figures = (struct figures){0};
    for (int i = 0; i <= FIGURES_PIPELINES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "p%d", i);
        assert_false(figures.is_cut);
        figures_run(&figures, &run);
    }
    assert_true(figures.is_cut);
    figures = (struct figures){0};
    row = (struct journal_ended){.kind = PLAN_ROLLBACK, .phase = PHASE_PROMOTED, .strategy = "canary"};
    for (uint64_t i = 0; i <= FIGURES_TAKEN_MAX; i++) {
        row.taken_back = i + 1;
        assert_false(figures.is_cut);
        figures_deployment(&figures, &row);
    }
    assert_true(figures.is_cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deployments_are_added_up),
        cmocka_unit_test(what_is_not_known_is_no_number),
        cmocka_unit_test(runs_are_added_up),
        cmocka_unit_test(targets_are_strict),
        cmocka_unit_test(a_frequency_is_not_made_of_minutes),
        cmocka_unit_test(more_than_the_tables_hold_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
