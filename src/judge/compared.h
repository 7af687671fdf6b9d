/* compared.h - what a comparison is made of: its test, what it allows, and what it is held against.
 * SPDX-License-Identifier: MIT */
#ifndef JUDGE_COMPARED_H
#define JUDGE_COMPARED_H

#include "judge/series_view.h"

enum comparison_test {
    COMPARISON_SEQUENTIAL,      /* counts: the rate of events */
    COMPARISON_LATENCY_TAIL,    /* histograms: the rate of observations above a bound, by the same test */
    COMPARISON_MEAN_DIFFERENCE, /* gauges and counts: the mean of the blocks, at any time */
    COMPARISON_MANN_WHITNEY     /* the same: the level of the blocks, as Kayenta judges it, strictly */
};

/* How a sequential test bets on a block (wager.h). */
enum comparison_form {
    FORM_ROBUST,  /* whatever depends on whatever inside a block */
    FORM_POISSON, /* events are independent: sooner, and wrong where they come in bursts */
    FORM_AUTO     /* poisson while the other side, at the same time, shows neither bursts nor spells */
};

/* What the candidate is held against. */
enum baseline_kind {
    BASELINE_STABLE, /* the version that serves beside it, at the same time */
    BASELINE_BEFORE, /* what served before this deployment began; the nearest first (sides.h) */
    BASELINE_DAYS    /* the same service at the same time of day, some days ago */
};

struct baseline {
    enum baseline_kind kind;
    uint16_t days; /* DAYS: ≥ 1 */
};

struct comparison {
    enum comparison_test test;
    enum comparison_form form;                       /* of the sequential tests */
    uint8_t against_count;                           /* 0: stable alone */
    struct baseline against[COMPARISON_AGAINST_MAX]; /* the first that has data (baseline.h) */
    double allowed_ratio;                            /* r0: 1.5 for allow = "+50%" */
    double ignore_below; /* never fails while the candidate's rate or mean is below this */
    double alpha;        /* probability of a false alarm over the whole deployment; not of Mann-Whitney */
    double events_min;   /* candidate events needed to fail, over ≥ 2 blocks */
    double above;        /* latency_tail: the bound, in the metric's unit; 0: chosen from stable's past */
    double confidence, tolerance; /* Mann-Whitney */
    int64_t block_ms;             /* a multiple of the metric's step */
};

#endif
