/* false_alarms.c - how often the sequential tests take a good version back, and how soon a bad one, when they
 * are looked at all the time. Prints what it measures beside what was measured when the tests were chosen.
 * SPDX-License-Identifier: MIT
 *
 * false_alarms [RUNS [SEED]]: 100 requests a second, one canary instance beside 19 others, counted every 10 s
 * for an hour. 4000 runs take some minutes. Exit status 1: independent data raise more false alarms than
 * declared. */
#include "base/attributes.h"
#include "base/text.h"
#include "judge/order.h"
#include "judge/wager.h"
#include "simulation/random.h"

#include <stdio.h>
#include <stdlib.h>

enum { LOOKS = 360, LOOK_S = 10, INSTANCES = 20, RUNS = 4000, RUNS_MAX = 100000 };

static const double alpha = .01;
static const double requests = 50; /* of one instance in one look */

/* ---- data ---- */

enum kind { INDEPENDENT, BURSTS, AUTOCORRELATED, INCIDENT, RAMP };

struct world {
    const char *name;
    enum kind kind;
    double base, regression; /* error rates; regression 0: none */
    int from;                /* look from which the regression is there */
};

static double normal(struct dice *dice)
{
    return sqrt(-2 * log(1 - dice_unit(dice))) * cos(2 * M_PI * dice_unit(dice));
}

/* Mean 1 and coefficient of variation 2: shape 1/4, by Marsaglia and Tsang's method at shape 5/4. */
static double burst(struct dice *dice)
{
    static const double shape = .25;
    double d = shape + 1 - 1. / 3;
    double c = 1 / sqrt(9 * d);

    for (;;) {
        double x = normal(dice);
        double v = pow(1 + c * x, 3);
        if (v > 0 && log(1 - dice_unit(dice)) < x * x / 2 + d - d * v + d * log(v))
            return d * v * pow(1 - dice_unit(dice), 1 / shape) / shape;
    }
}

/* A spell of five minutes: log-normal with sd 0.7, mean 1. */
static double spell(struct dice *dice, double *state, bool is_first)
{
    static const double sd = .7;
    double keep = exp(-LOOK_S / 300.);

    *state = is_first ? normal(dice) : keep * *state + sqrt(1 - keep * keep) * normal(dice);
    return exp(sd * *state - sd * sd / 2);
}

static double shared_factor(enum kind kind, int look)
{
    static const double ramp[] = {1, 1.5, 3, 5};

    if (kind == RAMP)
        return ramp[look * 4 / LOOKS];
    return kind == INCIDENT && look >= 180 && look < 210 ? 10 : 1;
}

static int canaries(enum kind kind, int look)
{
    static const int ramp[] = {1, 2, 5, 10};

    return kind == RAMP ? ramp[look * 4 / LOOKS] : 1;
}

static double own_factor(struct dice *dice, enum kind kind, double *state, bool is_first)
{
    if (kind == BURSTS)
        return burst(dice);
    return kind == AUTOCORRELATED ? spell(dice, state, is_first) : 1;
}

static void make_run(struct dice *dice, const struct world *world, struct sequential_block looks[LOOKS])
{
    double states[INSTANCES] = {0};

    for (int look = 0; look < LOOKS; look++) {
        struct sequential_block block = {0};
        for (int instance = 0; instance < INSTANCES; instance++) {
            bool is_canary = instance < canaries(world->kind, look);
            bool is_bad = is_canary && world->regression > 0 && look >= world->from;
            double rate = (is_bad ? world->regression : world->base) * shared_factor(world->kind, look) *
                          own_factor(dice, world->kind, &states[instance], look == 0);
            double events = fmin(requests, dice_count(dice, requests * rate));
            *(is_canary ? &block.events : &block.stable_events) += events;
            *(is_canary ? &block.total : &block.stable_total) += requests;
        }
        looks[look] = block;
    }
}

/* ---- rules ---- */

struct rule {
    const char *name;
    enum comparison_form form;
    int block; /* looks */
    double allowed_ratio;
};

static const struct rule rules[] = {
    {"rate-ratio r0=1", FORM_POISSON, 1, 1},
    {"rate-ratio r0=1.25", FORM_POISSON, 1, 1.25},
    {"share betting 30 s, r0=1", FORM_ROBUST, 3, 1},
    {"share betting 60 s, r0=1.25", FORM_ROBUST, 6, 1.25},
    {"share betting 5 min, r0=1.25", FORM_ROBUST, 30, 1.25},
    {"auto 30 s, r0=1", FORM_AUTO, 3, 1},
    {"auto 30 s, r0=1.25", FORM_AUTO, 3, 1.25},
};
enum { RULES_COUNT = ARRAY_LENGTH(rules) };

/* The look after which it fails, from 1; 0: never. */
static int judge(const struct rule *rule, const struct sequential_block looks[LOOKS])
{
    struct sequential_state sums = {0};
    struct wager wager = {.is_poisson = 0};

    for (int look = 0; look < LOOKS; look += rule->block) {
        struct sequential_block block = {0};
        for (int at = look; at < look + rule->block; at++) {
            block.events += looks[at].events;
            block.total += looks[at].total;
            block.stable_events += looks[at].stable_events;
            block.stable_total += looks[at].stable_total;
        }
        wager_add(&wager, &sums, &block, rule->allowed_ratio, wager_form(&wager, rule->form, false));
        if (sums.log_e_max >= -log(alpha))
            return look + rule->block;
    }
    return 0;
}

/* ---- what was measured before; seconds and percent ---- */

static const struct world quiet[] = {
    {"iid 0.1 %", INDEPENDENT, .001, 0, 0}, {"iid 0.5 %", INDEPENDENT, .005, 0, 0},
    {"bursts", BURSTS, .005, 0, 0},         {"autocorr.", AUTOCORRELATED, .005, 0, 0},
    {"incident", INCIDENT, .005, 0, 0},     {"ramp", RAMP, .005, 0, 0},
};
static const double alarms_before[RULES_COUNT][ARRAY_LENGTH(quiet)] = {
    {.4, .2, 6.7, 23.5, .2, .6},    {0, .1, 2.8, 11.3, .1, .1}, {.4, .1, .4, 17.1, .2, .1},
    {0, 0, 0, 4.0, 0, .1},          {0, 0, 0, 0, 0, 0},         {NAN, NAN, NAN, NAN, NAN, NAN},
    {NAN, NAN, NAN, NAN, NAN, NAN},
};

static const struct world bad[] = {
    {"0.1->1 %", INDEPENDENT, .001, .01, 0},        {"0.5->1 %", INDEPENDENT, .005, .01, 0},
    {"0.1->1 % late", INDEPENDENT, .001, .01, 180}, {"0.5->1 % late", INDEPENDENT, .005, .01, 180},
    {"0.5->1 %, bursts", BURSTS, .005, .01, 0},
};
static const char *const delays_before[RULES_COUNT][ARRAY_LENGTH(bad)] = {
    {"90/210", "660/1320", "330/510", "1450 (74 %)", "490/1660"},
    {"110/240", "1370/2720", "440/630", "(6 %)", "925/3200"},
    {"180/300", "780/1470", "540/750", "1650 (62 %)", "1740 (90 %)"},
    {"300/420", "1680/3000", "840/1080", "(2 %)", "(47 %)"},
    {"-", "-", "-", "-", "-"},
    {"-", "-", "-", "-", "-"},
    {"-", "-", "-", "-", "-"},
};

static bool print_alarms(struct dice *dice, int runs)
{
    struct sequential_block looks[LOOKS];
    int found[RULES_COUNT][ARRAY_LENGTH(quiet)] = {{0}};
    bool is_good = true;

    for (size_t world = 0; world < ARRAY_LENGTH(quiet); world++)
        for (int run = 0; run < runs; run++) {
            make_run(dice, &quiet[world], looks);
            for (size_t rule = 0; rule < RULES_COUNT; rule++)
                found[rule][world] += judge(&rules[rule], looks) > 0;
        }
    printf("False rollbacks in percent of %d runs of one hour (before), declared %g:\n%-30s", runs,
           100 * alpha, "");
    for (size_t world = 0; world < ARRAY_LENGTH(quiet); world++)
        printf(" %14s", quiet[world].name);
    for (size_t rule = 0; rule < RULES_COUNT; rule++) {
        printf("\n%-30s", rules[rule].name);
        for (size_t world = 0; world < ARRAY_LENGTH(quiet); world++) {
            double percent = 100. * found[rule][world] / runs;
            double noise = 300 * sqrt(alpha * (1 - alpha) / runs);
            if (isnan(alarms_before[rule][world]))
                printf("    %4.1f (   -)", percent);
            else
                printf("    %4.1f (%4.1f)", percent, alarms_before[rule][world]);
            is_good &= quiet[world].kind != INDEPENDENT || percent <= 100 * alpha + noise;
        }
    }
    printf("\n");
    return is_good;
}

static void print_delay(double *delays, int found, int runs, const char *before)
{
    char text[64];
    struct text out;

    order_sort(delays, (size_t)found);
    text_init(&out, text, sizeof(text));
    if (2 * found >= runs)
        text_add(&out, "%.0f", delays[runs / 2]);
    if (10 * found >= 9 * runs)
        text_add(&out, "/%.0f", delays[(runs * 9 + 9) / 10 - 1]);
    else
        text_add(&out, " (%.0f %%)", 100. * found / runs);
    printf("  %13s [%s]", text, before);
}

static void print_delays(struct dice *dice, int runs)
{
    double *delays[RULES_COUNT];
    struct sequential_block looks[LOOKS];

    for (size_t rule = 0; rule < RULES_COUNT; rule++)
        delays[rule] = calloc((size_t)runs, sizeof(double));
    printf("\nDetection delay in seconds: median/90 %%, or the share that was found [before]; %d runs:\n",
           runs);
    for (size_t world = 0; world < ARRAY_LENGTH(bad); world++) {
        int found[RULES_COUNT] = {0};
        int judged[RULES_COUNT] = {0};
        for (int run = 0; run < runs; run++) {
            make_run(dice, &bad[world], looks);
            for (size_t rule = 0; rule < RULES_COUNT; rule++) {
                int look = judge(&rules[rule], looks);
                bool is_early = look > 0 && look <= bad[world].from;
                judged[rule] += !is_early;
                if (look > bad[world].from)
                    delays[rule][found[rule]++] = (look - bad[world].from) * LOOK_S;
            }
        }
        printf("%s\n", bad[world].name);
        for (size_t rule = 0; rule < RULES_COUNT; rule++) {
            printf("  %-30s", rules[rule].name);
            print_delay(delays[rule], found[rule], judged[rule], delays_before[rule][world]);
            printf("\n");
        }
    }
    for (size_t rule = 0; rule < RULES_COUNT; rule++)
        free(delays[rule]);
}

int main(int count, char **values)
{
    int64_t runs = RUNS;
    int64_t seed = 1;

    if ((count > 1 && !text_to_integer(values[1], 10, RUNS_MAX, &runs)) ||
        (count > 2 && !text_to_integer(values[2], 0, INT64_MAX, &seed)) || count > 3) {
        (void)fprintf(stderr, "usage: false_alarms [RUNS [SEED]]\n");
        return 2;
    }
    struct dice dice = {.state = (uint64_t)seed};
    bool is_good = print_alarms(&dice, (int)runs);
    (void)fflush(stdout);
    print_delays(&dice, (int)(runs / 2 > 0 ? runs / 2 : 1));
    return is_good ? 0 : 1;
}
