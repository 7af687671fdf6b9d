/* reading.c - what the operations make of a window, and when its number is unknown.
 * SPDX-License-Identifier: MIT */
#include "judge/reading.h"

#include "judge/operand.h"
#include "judge/series_window.h"

/* One metric on one side, as one node reads it. */
struct reading {
    const struct expression_node *node;
    const struct series_view *view;
    struct series_window window;
    struct series_sum sum;
    double need;
};

enum { GAUGE = 1 << SERIES_GAUGE, COUNT = 1 << SERIES_COUNT, HISTOGRAM = 1 << SERIES_HISTOGRAM };

static bool has_operation(enum series_kind kind, enum expression_op op)
{
    static const uint8_t kinds[] = {
        [EXPRESSION_VALUE] = GAUGE | COUNT, [EXPRESSION_AVG] = GAUGE | COUNT,
        [EXPRESSION_MAX] = GAUGE | COUNT,   [EXPRESSION_MIN] = GAUGE | COUNT,
        [EXPRESSION_SUM] = GAUGE | COUNT,   [EXPRESSION_RATE] = COUNT,
        [EXPRESSION_QUANTILE] = HISTOGRAM,
    };

    return (kinds[op] & (1 << kind)) != 0;
}

static double average(const struct reading *reading)
{
    return reading->sum.value / reading->sum.amount;
}

static double rate(const struct reading *reading)
{
    const struct series_window *window = &reading->window;
    double covered_ms = (double)(window->newest - window->oldest + 1) * reading->view->step_ms;

    return reading->sum.value * 1000 / covered_ms;
}

static double number_of(const struct reading *reading)
{
    enum expression_op op = reading->node->op;

    if (op == EXPRESSION_QUANTILE)
        return series_window_quantile(&reading->window, reading->node->number);
    if (op == EXPRESSION_MAX)
        return series_window_extremes(&reading->window).most;
    if (op == EXPRESSION_MIN)
        return series_window_extremes(&reading->window).least;
    if (op == EXPRESSION_SUM)
        return reading->sum.value;
    if (op == EXPRESSION_RATE)
        return rate(reading);
    if (op == EXPRESSION_VALUE && reading->view->kind == SERIES_GAUGE)
        return series_view_at(reading->view, reading->window.newest)->value;
    return average(reading);
}

static bool is_lacking(const struct reading *reading, int64_t from_ms)
{
    if (reading->sum.amount >= reading->need)
        return false;
    struct series_window whole = series_window_open(reading->view, from_ms, SERIES_EVER);
    return series_window_sum(&whole, reading->need).amount < reading->need;
}

static struct operand read_window(struct reading *reading, int64_t from_ms)
{
    const struct expression_node *node = reading->node;
    const struct series_view *view = reading->view;
    bool is_present = node->op == EXPRESSION_VALUE;

    reading->window = series_window_open(view, from_ms, is_present ? SERIES_EVER : node->span_ms);
    reading->sum = series_window_sum(&reading->window, is_present ? reading->need : INFINITY);
    if (reading->sum.oldest > reading->window.newest)
        return operand_unknown(REASON_TOO_FEW);
    /* The present value of a gauge is one step alone: an older one that is not finite does not touch it. */
    if (!reading->sum.is_finite && !(is_present && view->kind == SERIES_GAUGE))
        return operand_unknown(REASON_NOT_FINITE);
    if (view->kind != SERIES_GAUGE && reading->sum.total <= 0)
        return operand_unknown(REASON_NO_TRAFFIC);
    if (is_lacking(reading, from_ms))
        return operand_unknown(REASON_TOO_FEW);
    return operand_known(number_of(reading));
}

/* The source answered "nothing", and that was declared to mean 0: only what lies in the span by now counts.
 */
static struct operand read_silent(struct reading *reading, int64_t from_ms, int64_t now_ms)
{
    int64_t since_ms = now_ms - reading->node->span_ms + 1;

    if (reading->node->op == EXPRESSION_VALUE)
        return operand_known(0);
    reading->need = 0;
    struct operand operand = read_window(reading, since_ms > from_ms ? since_ms : from_ms);
    return operand.reason == REASON_TOO_FEW ? operand_known(0) : operand;
}

static void note(const struct reading *reading, struct judgement *judgement)
{
    if (reading->node->side == SIDE_CANDIDATE)
        judgement->count = reading->sum.amount;
    else
        judgement->stable_count = reading->sum.amount;
    if (reading->node->side == SIDE_BEFORE || reading->sum.oldest > reading->window.newest)
        return;
    int64_t from_ms = series_step_start_ms(reading->view, reading->sum.oldest);
    int64_t to_ms = series_end_ms(reading->view);
    if (judgement->to_ms == 0 || from_ms < judgement->from_ms)
        judgement->from_ms = from_ms;
    if (to_ms > judgement->to_ms)
        judgement->to_ms = to_ms;
}

/* The candidate has no data; another side is then no baseline to it. */
static enum reason reason_of_side(enum reason reason, enum expression_side side)
{
    return reason == REASON_NO_DATA && side != SIDE_CANDIDATE ? REASON_NO_BASELINE : reason;
}

static struct operand read_view(const struct expression_input *input, const struct expression_node *node,
                                const struct series_view *view, struct judgement *judgement)
{
    const struct rule_metric *metric = &input->metrics[node->metric];
    bool is_before = node->side == SIDE_BEFORE;
    int64_t from_ms = is_before ? SERIES_NEVER : input->from_ms;
    enum reason reason = series_freshness(view, is_before ? SERIES_EVER : metric->age_max_ms, input->now_ms);
    struct reading reading = {.node = node, .view = view, .need = input->need};

    if (node->op == EXPRESSION_ABSENT && reason == REASON_LOADING)
        return operand_unknown(reason);
    if (node->op == EXPRESSION_ABSENT)
        return operand_known(reason != REASON_DECIDED ||
                             !series_is_usable(view, series_view_at(view, view->newest_step)));
    if (!has_operation(view->kind, node->op))
        return operand_unknown(REASON_UNDECIDED);
    if (view->trouble == SERIES_NO_DATA && metric->no_data == NO_DATA_ZERO)
        return read_silent(&reading, from_ms, input->now_ms);
    if (reason != REASON_DECIDED)
        return operand_unknown(reason_of_side(reason, node->side));
    struct operand operand = read_window(&reading, from_ms);
    note(&reading, judgement);
    return operand;
}

struct operand reading_take(const struct expression_input *input, const struct expression_node *node,
                            const struct series_view *view, struct judgement *judgement)
{
    if (node->side == SIDE_STABLE && input->views[node->metric].is_same_series)
        return operand_unknown(REASON_SAME_SERIES);
    if (view != NULL)
        return read_view(input, node, view, judgement);
    if (node->op == EXPRESSION_ABSENT)
        return operand_known(1);
    return operand_unknown(reason_of_side(REASON_NO_DATA, node->side));
}
