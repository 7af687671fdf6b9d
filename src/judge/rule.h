/* rule.h - one rule and the judging of it: rule and views and what it remembered before → judgement and what
 * it remembers after. No clock, no memory, no error. SPDX-License-Identifier: MIT */
#ifndef JUDGE_RULE_H
#define JUDGE_RULE_H

#include "judge/compared.h"
#include "judge/expression.h"
#include "judge/judgement.h"
#include "judge/mean_difference.h"
#include "judge/score.h"
#include "judge/sequential.h"
#include "judge/wager.h"

#include <stdbool.h>
#include <stdint.h>

enum rule_kind {
    RULE_TRIGGER,    /* fails when its condition is true */
    RULE_COMPARISON, /* fails when the candidate is proven worse than allowed beside stable */
    RULE_SHARE,      /* never fails; passes when the candidate is seen to get its share (share.h) */
    RULE_SCORE       /* adds up what other rules say (score.h); not judged by rule_judge() */
};

enum rule_mode {
    RULE_ACT,   /* its outcome happens */
    RULE_ASK,   /* held, a person decides */
    RULE_RECORD /* only written down */
};

enum rule_outcome { RULE_ROLLBACK, RULE_HOLD };

/* How often a trigger is looked at, and how many of these checks make it fail or let it pass; all zero: at
 * every value, and the first known true fails. A check whose `for` is not over yet, or whose past is still
 * loading, is none. */
struct rule_limits {
    int64_t every_ms;  /* between two checks, from the first route on; 0: no limits */
    uint16_t failures; /* so many checks that were true, of the whole deployment, fail; 0: not counted */
    uint16_t failures_in_row; /* the same without a known false between them; unknowns do not count */
    uint16_t checks;          /* of this step that must be known before it passes */
    uint16_t successes;     /* of this step that were false in a row before it passes; unknowns break none */
    uint16_t inconclusive;  /* with more unknown ones in this step it does not pass any more; 0: no limit */
    uint16_t source_errors; /* with more in a row because of the source, the same; 0: no limit */
};

struct rule {
    enum rule_kind kind;
    enum rule_mode mode;
    enum rule_outcome outcome;
    double need; /* requests or values: to pass since the step's confirmation, to fail since the route */
    int64_t warmup_ms; /* after a confirmed route: nothing counts for a pass */
    uint8_t metric_count;
    struct rule_metric metrics[RULE_METRICS_MAX];
    struct expression condition;  /* trigger */
    struct rule_limits limits;    /* trigger */
    struct comparison comparison; /* comparison: of metric 0 */
    bool is_scored;               /* comparison: a score decides on it, and not it alone */
    struct score score;           /* score */
};

/* What the checks were so far; all zero at first. */
struct limits_state {
    int64_t next_ms;      /* when the next check is due; 0: none was made */
    int64_t confirmed_ms; /* the step that is counted */
    enum reason spent;    /* of this step: LIMIT or SOURCE_ERROR once too many checks were unknown */
    uint16_t failures;    /* of the whole deployment */
    uint16_t failures_in_row;
    uint16_t checks;    /* of this step, as the following */
    uint16_t successes; /* in a row */
    uint16_t inconclusive;
    uint16_t source_errors; /* in a row */
};

/* What a rule remembers within one deployment; all zero at first; stored in the journal as it is. */
struct rule_state {
    struct expression_timer timers[EXPRESSION_TIMERS_MAX];
    struct sequential_state sequential; /* its sums and blocks are of every comparison (gauges: values) */
    struct mean_difference_state means;
    uint32_t bound;     /* latency_tail: number of the bucket whose upper bound it is, + 1; 0: none yet */
    uint32_t label;     /* Mann-Whitney: classification at the last block, + 1; 0: none yet */
    int64_t next_block; /* first block not yet taken in; 0: none was */
    struct limits_state limits;
    struct judgement last;
    int64_t began_ms;   /* comparison: the first look at it, before anything of the deployment was done */
    int64_t settled_ms; /* several baselines: confirmed_ms of the step whose baseline is settled */
    uint32_t against;   /* the baseline in use: its number, + 1; 0: none yet */
    uint32_t is_lost;   /* 1: it failed beside a baseline that was in use before */
    struct wager wager; /* of the sequential tests */
};

/* When things became true, on the engine's clock; SERIES_NEVER where they did not. */
struct rule_clock {
    int64_t now_ms;
    int64_t routed_ms;    /* the candidate got its first traffic: evidence against counts from here */
    int64_t confirmed_ms; /* this step's share was confirmed: evidence for counts from here, plus warm-up */
    uint16_t share;       /* the candidate's, as confirmed, in hundredths of a percent */
    bool is_stable_bad; /* said by a person: what stable itself would fire for is no fault of the candidate */
};

/* Judges. Before routed_ms every rule is inconclusive (REASON_NO_TRAFFIC). `before` and `ret_after` may be
 * the same object. None passes while too many of the values that came for it were refused (losses.h).
 *
 * A trigger reads the open step too. FAIL: the condition is true, on `need` data of every metric read since
 * routed_ms. PASS: it is known false, and every metric that it reads on the candidate's side (but in
 * absent()) is fresh and has `need` data (and any at all) since confirmed_ms + warm-up. Else inconclusive
 * with the first reason found. Values are counted in the view: its ring must be able to hold `need`.
 * With limits it fails when the counted checks say so (from then on always), and a condition that is true
 * without that is PENDING; a pass also asks for the checks that the limits want (TOO_FEW).
 *
 * A comparison reads closed steps only, in blocks aligned to multiples of block_ms. Each block wholly behind
 * routed_ms is taken in once, in order, when its end is a step past and both sides have newer values or are
 * older than age_max; blocks that a ring has lost are skipped. A step that one side lacks, or has no usable
 * number for, is skipped for both. FAIL: the largest e-value reached 1/alpha, with events_min over at least
 * two blocks and a rate (over all blocks) of at least ignore_below. PASS: both sides are fresh and had
 * traffic and the candidate `need` requests since confirmed_ms + warm-up, in blocks taken in. Interval: 95 %.
 * Both sides have the same step_ms; kinds that a test does not know are UNDECIDED. What counts is bad:
 * events, observations above the bound; of gauges what is_lower_better says.
 *
 * The sequential tests bet on each block in the form that the rule names, or that stable's earlier blocks
 * allow (wager.h).
 *
 * latency_tail takes the first bucket that reaches `above`, or the lowest that at most 5 % of stable's past
 * observations exceed, fixed at the first block that has a past. mean_difference takes the mean of a block as
 * one value, Mann-Whitney too: FAIL is a bound of the excess above 0, or the label of all blocks that the
 * rings hold since routed_ms (512 at most); neither passes with fewer than 10 blocks. Their estimate and
 * interval are ratios of means as well; statistic and limit are the bound and 0, or the bound and the
 * tolerance around 0.
 *
 * Against the past a comparison does the same with the steps that lie beside the candidate's (sides.h); of
 * several baselines the first with data counts (baseline.h), and without one that is settled for the step
 * nothing passes. A past that is fetched is LOADING, one that is not there NO_BASELINE.
 *
 * no_data, of the metrics read on the candidate's side while their newest answer is SERIES_NO_DATA: FAIL
 * once neither a value nor the first route is younger than age_max. PASS after the warm-up, unless the rule's
 * own test fails or something else is unknown. Both with REASON_NO_DATA. ZERO stands at NO_DATA_ZERO; a
 * comparison does not know it. */
void rule_judge(const struct rule *rule, const struct metric_views *views, const struct rule_clock *clock,
                const struct rule_state *before, struct rule_state *ret_after,
                struct judgement *ret_judgement);

/* When the rule must be judged again although no value came: a `for` that runs out, a value that turns stale,
 * a block that closes, the end of the warm-up, the next check of a rule with limits. INT64_MAX: only a new
 * value can change it. Always later than clock->now_ms. */
int64_t rule_deadline(const struct rule *rule, const struct metric_views *views,
                      const struct rule_clock *clock, const struct rule_state *state);

#endif
