/* statistics.c - what the judge's numbers cost: prints figures, asserts none; run by tests/bench/statistics.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "config/condition.h"
#include "judge/mann_whitney.h"
#include "judge/rate_ratio.h"
#include "judge/rule.h"
#include "simulation/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 60, ROUNDS = 20000, UPDATES = 2000000, SERIES = 10000, STEPS = 64, SWEEPS = 20 };

static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void bench_mann_whitney(struct dice *dice)
{
    double control[SAMPLES];
    double experiment[SAMPLES];
    struct mann_whitney test = mann_whitney_defaults(EFFECT_MEAN_RATIO);
    struct mann_whitney_answer answer;
    double spent = 0;
    double sum = 0;

    for (int round = 0; round < ROUNDS; round++) {
        for (int at = 0; at < SAMPLES; at++) {
            control[at] = 100 + 20 * dice_unit(dice) + 20 * dice_unit(dice);
            experiment[at] = 103 + 20 * dice_unit(dice) + 20 * dice_unit(dice);
        }
        double from = seconds();
        mann_whitney_run(&test, control, SAMPLES, experiment, SAMPLES, &answer);
        spent += seconds() - from;
        sum += answer.lower;
    }
    printf("Mann-Whitney, %d+%d samples, estimate and interval: %.0f a second (%.1f us; mean bound %.2f)\n",
           SAMPLES, SAMPLES, ROUNDS / spent, 1e6 * spent / ROUNDS, sum / ROUNDS);
}

static void bench_sequential(struct dice *dice)
{
    enum { BLOCKS = 1024 };
    struct sequential_block blocks[BLOCKS];
    struct sequential_state robust = {0};
    struct rate_ratio independent = {0};

    for (int at = 0; at < BLOCKS; at++)
        blocks[at] = (struct sequential_block){dice_count(dice, 2), 150, dice_count(dice, 30), 2850};
    double from = seconds();
    for (int at = 0; at < UPDATES; at++)
        sequential_add(&robust, &blocks[at % BLOCKS], 1.25);
    double middle = seconds();
    for (int at = 0; at < UPDATES; at++)
        rate_ratio_add(&independent, &blocks[at % BLOCKS], 1.25);
    double to = seconds();
    printf("sequential update: robust %.0f ns (with its e-value), poisson %.0f ns (%.3g %.3g)\n",
           1e9 * (middle - from) / UPDATES, 1e9 * (to - middle) / UPDATES, robust.log_e_max,
           rate_ratio_log_e(&independent));
}

/* ---- 10 000 triggers over 10 000 series ---- */

struct triggers {
    struct series_view *views;
    struct series_step *rings;
    struct rule rules[3];
    struct rule_state *states;
};

static void make_rule(const char *text, struct rule *rule)
{
    static const struct condition_metric metrics[] = {
        {.name = "value", .kind = SERIES_GAUGE, .unit = "", .names_side = true},
        {.name = "other", .kind = SERIES_GAUGE, .unit = "", .names_side = true}};
    struct condition condition;
    struct err err = {0};

    if (!condition_parse(text, metrics, 2, NULL, 0, &condition, &err)) {
        (void)fprintf(stderr, "%s: %s\n", text, err.text);
        exit(1);
    }
    *rule = (struct rule){.kind = RULE_TRIGGER, .need = 1, .metric_count = condition.metric_count};
    rule->condition = condition.expression;
    for (uint8_t at = 0; at < rule->metric_count; at++)
        rule->metrics[at].age_max_ms = 15000;
}

static void make_triggers(struct triggers *triggers, struct dice *dice)
{
    static const char *const texts[] = {"value > 5", "avg(value, 60s) > 5", "value / other > 5"};

    triggers->views = calloc(SERIES, sizeof(*triggers->views));
    triggers->rings = calloc((size_t)SERIES * STEPS, sizeof(*triggers->rings));
    triggers->states = calloc(SERIES, sizeof(*triggers->states));
    for (size_t at = 0; at < ARRAY_LENGTH(texts); at++)
        make_rule(texts[at], &triggers->rules[at]);
    for (size_t at = 0; at < SERIES; at++) {
        struct series_step *ring = triggers->rings + at * STEPS;
        for (int step = 0; step < STEPS; step++)
            ring[step] = (struct series_step){.value = 1 + dice_unit(dice)};
        triggers->views[at] = (struct series_view){
            .kind = SERIES_GAUGE, .step_ms = 1000, .capacity = STEPS, .newest_step = STEPS - 1, .ring = ring};
    }
}

static size_t sweep(const struct triggers *triggers)
{
    const struct rule_clock clock = {.now_ms = STEPS * 1000, .routed_ms = 0, .confirmed_ms = 0};
    size_t passed = 0;

    for (size_t at = 0; at < SERIES; at++) {
        const struct metric_views views[2] = {{.side = {&triggers->views[at]}},
                                              {.side = {&triggers->views[(at + 1) % SERIES]}}};
        struct judgement judgement;
        rule_judge(&triggers->rules[at % 3], views, &clock, &triggers->states[at], &triggers->states[at],
                   &judgement);
        passed += judgement.verdict == VERDICT_PASS;
    }
    return passed;
}

static void bench_triggers(struct dice *dice)
{
    struct triggers triggers;
    double least = INFINITY;
    double sum = 0;
    size_t passed = 0;

    make_triggers(&triggers, dice);
    for (int turn = 0; turn < SWEEPS; turn++) {
        double from = seconds();
        passed = sweep(&triggers);
        double spent = seconds() - from;
        least = fmin(least, spent);
        sum += spent;
    }
    printf("%d triggers over as many series (value, avg of 60 s, ratio): %.2f ms, mean %.2f ms (%zu pass)\n",
           SERIES, 1e3 * least, 1e3 * sum / SWEEPS, passed);
    free(triggers.views);
    free(triggers.rings);
    free(triggers.states);
}

int main(void)
{
    struct dice dice = {.state = 1};

    bench_mann_whitney(&dice);
    bench_sequential(&dice);
    bench_triggers(&dice);
    return 0;
}
