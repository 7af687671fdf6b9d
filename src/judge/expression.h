/* expression.h - conditions in postfix form and their value in three-valued logic (Kleene's).
 * SPDX-License-Identifier: MIT
 *
 * The text of a condition is compiled by config/; the judge only evaluates. Every operand is a number that is
 * known or unknown with a reason; truth is 1 or 0. Arithmetic and comparisons over an unknown are unknown;
 * `false and unknown` is false, `true or unknown` is true. A result that is not finite is unknown
 * (NOT_FINITE): it never compares. Every node is evaluated every time: timers see each evaluation. */
#ifndef JUDGE_EXPRESSION_H
#define JUDGE_EXPRESSION_H

#include "judge/judgement.h"
#include "judge/series_view.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    EXPRESSION_NODES_MAX = 48,
    EXPRESSION_DEPTH_MAX = 16, /* of the stack */
    EXPRESSION_TIMERS_MAX = 4, /* `for` and `in N of M checks` of one expression */
    EXPRESSION_CHECKS_MAX = 64,
    RULE_METRICS_MAX = 8
};

enum expression_op {
    EXPRESSION_NUMBER, /* pushes number */
    EXPRESSION_VALUE,  /* pushes the metric's present value (below) */
    EXPRESSION_AVG,    /* over the last span_ms: gauges the mean of the steps, counts events/total */
    EXPRESSION_MAX,    /* of the steps' values (counts: of the steps' rates) */
    EXPRESSION_MIN,
    EXPRESSION_SUM,      /* gauges: of the values; counts: of the events */
    EXPRESSION_RATE,     /* counts: events per second over span_ms */
    EXPRESSION_QUANTILE, /* histograms: the `number`-quantile (0..1) over span_ms, linear inside a bucket */
    EXPRESSION_ABSENT,   /* 1 where the metric has no fresh value (trouble, gap, stale), else 0; unknown only
                            while loading */
    EXPRESSION_EXTRACT,  /* smoke tests: pushes extract number `index` */
    EXPRESSION_ADD,      /* these pop two and push one: left is the deeper one */
    EXPRESSION_SUBTRACT,
    EXPRESSION_MULTIPLY,
    EXPRESSION_DIVIDE,
    EXPRESSION_LESS,
    EXPRESSION_LESS_EQUAL,
    EXPRESSION_GREATER,
    EXPRESSION_GREATER_EQUAL,
    EXPRESSION_EQUAL,
    EXPRESSION_NOT_EQUAL,
    EXPRESSION_AND,
    EXPRESSION_OR,
    EXPRESSION_NOT,   /* pops one, pushes one; so do the next two */
    EXPRESSION_FOR,   /* true when its operand has been true for span_ms without a known false, till then
                         PENDING; unknown neither resets nor counts (nor does the time to the next true) */
    EXPRESSION_CHECKS /* true where at least `least` of the last `index` known values of its operand were
                         true; a check is one new step of any series it reads, and follows its operand until
                         a newer step comes. PENDING while checks not yet made could still decide */
};

enum expression_side {
    SIDE_CANDIDATE,
    SIDE_STABLE,
    SIDE_BEFORE /* the candidate's slot or service before this deployment */
};

struct expression_node {
    enum expression_op op;
    enum expression_side side; /* VALUE .. ABSENT */
    uint8_t metric;            /* VALUE .. ABSENT: index among the rule's metrics */
    uint8_t timer;             /* FOR, CHECKS: index among the expression's timers */
    uint8_t index;             /* EXTRACT: which; CHECKS: M of "N of M" */
    uint8_t least;             /* CHECKS: N */
    int64_t span_ms;
    double number;
};

struct expression {
    uint8_t count;
    uint8_t timer_count;
    struct expression_node nodes[EXPRESSION_NODES_MAX];
};

/* What one FOR or CHECKS remembers between evaluations; all zero at first. */
struct expression_timer {
    bool is_running;   /* FOR: the operand was true when last known */
    bool is_paused;    /* FOR: and is unknown since known_ms */
    bool has_fired;    /* FOR: the span is over */
    uint8_t seen;      /* CHECKS: how many known values are in bits, at most 64 */
    int64_t since_ms;  /* FOR: since when, gaps left out */
    int64_t known_ms;  /* FOR: newest evaluation at which the operand was true */
    int64_t last_step; /* CHECKS: start in ms of the newest step counted + 1 (steps may differ); 0 none */
    uint64_t bits;     /* CHECKS: bit 0 is the newest check */
};

/* A metric as a rule reads it: how fresh, and what its silence means. */
enum no_data_answer {
    NO_DATA_INCONCLUSIVE,
    NO_DATA_ZERO, /* a fresh answer without data is 0, and adds nothing to a span */
    NO_DATA_PASS, /* the rule passes */
    NO_DATA_FAIL  /* the rule fails */
};

struct rule_metric {
    int64_t age_max_ms; /* older than this is stale */
    enum no_data_answer no_data;
    bool is_lower_better;
};

/* What an evaluation reads. */
struct expression_input {
    const struct metric_views *views;  /* [metric_count] */
    const struct rule_metric *metrics; /* [metric_count] */
    uint8_t metric_count;
    const double *extracts; /* smoke tests; NAN is unknown */
    uint8_t extract_count;
    double need; /* requests (counts, histograms) or values (gauges) that a present value must rest on */
    int64_t now_ms;
    int64_t from_ms; /* nothing older is read on the candidate's and stable's side; SERIES_NEVER: no bound */
    bool is_excused; /* whatever is true counts as false: what FOR and CHECKS see, and the whole */
};

struct operand {
    bool is_known;
    enum reason reason; /* of an unknown */
    double number;
};

/* Evaluates; moves the timers on (timers may be NULL for an expression without any). `ret_judgement` (not
 * NULL) gets value and bound of the comparison that was evaluated last with a known result, plus count and
 * span of what was read (NAN and 0 where there is none); nothing else of it is touched.
 * The present value of a gauge is that of its newest step, the open one included. The present value of counts
 * is events/total over the newest steps that together hold `need` of total, the open one included, and of a
 * histogram nothing (use quantile): with little traffic the rate looks back further instead of jumping about.
 *
 * A step counts when its start is at or after from_ms. A span reaches back from the newest step and covers
 * span_ms / step_ms steps (at least one), or what the ring and from_ms leave of it, without its gaps; RATE
 * divides by the time from its first step to its last. Unknown is, in this order: stable of is_same_series
 * (SAME_SERIES); an operation that the kind does not have (UNDECIDED); trouble; nothing held (NO_DATA; other
 * sides NO_BASELINE); STALE (now - end of newest step > age_max; not of before, which is past); nothing since
 * from_ms (TOO_FEW); a number not finite, or a negative count (NOT_FINITE); no total (NO_TRAFFIC); less than
 * `need` since from_ms, in the span or before it (TOO_FEW). ABSENT: trouble, age and the newest number. */
struct operand expression_evaluate(const struct expression *expression, const struct expression_input *input,
                                   struct expression_timer *timers, struct judgement *ret_judgement);

/* When the first FOR that runs (not paused, not fired) turns true without any new value, or INT64_MAX. */
int64_t expression_deadline(const struct expression *expression, const struct expression_timer *timers);

#endif
