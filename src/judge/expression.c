/* expression.c - runs the postfix nodes on a small stack.
 * SPDX-License-Identifier: MIT */
#include "judge/expression.h"

#include "judge/expression_side.h"
#include "judge/operand.h"
#include "judge/reading.h"
#include "judge/series_window.h"

#include <assert.h>
#include <string.h>

/* What is on the stack: an operand, and the start of the newest step of any series it was made of. */
struct item {
    struct operand operand;
    int64_t newest_ms;
};

struct evaluation {
    const struct expression_input *input;
    struct expression_timer *timers;
    struct judgement *judgement;
    struct item stack[EXPRESSION_DEPTH_MAX];
    uint8_t depth;
    enum expression_side side; /* that is read as the candidate's */
    bool is_instant;           /* FOR and CHECKS let pass what they see */
};

static bool is_true(struct operand operand)
{
    return operand.is_known && operand.number != 0;
}

static bool is_false(struct operand operand)
{
    return operand.is_known && operand.number == 0;
}

static struct item read_metric(const struct evaluation *evaluation, const struct expression_node *node)
{
    struct expression_node read = *node;

    assert(node->metric < evaluation->input->metric_count);
    if (node->side == SIDE_CANDIDATE)
        read.side = evaluation->side;
    const struct series_view *view = evaluation->input->views[node->metric].side[read.side];
    struct item item = {.operand = reading_take(evaluation->input, &read, view, evaluation->judgement),
                        .newest_ms = SERIES_NEVER};

    if (view != NULL && read.side != SIDE_BEFORE && view->newest_step != SERIES_NEVER)
        item.newest_ms = series_step_start_ms(view, view->newest_step);
    return item;
}

static struct operand read_extract(const struct expression_input *input, uint8_t index)
{
    bool is_there = index < input->extract_count && isfinite(input->extracts[index]);

    return is_there ? operand_known(input->extracts[index]) : operand_unknown(REASON_NO_DATA);
}

static double add(double left, double right)
{
    return left + right;
}

static double subtract(double left, double right)
{
    return left - right;
}

static double multiply(double left, double right)
{
    return left * right;
}

static double divide(double left, double right)
{
    return left / right;
}

static double less(double left, double right)
{
    return left < right;
}

static double less_equal(double left, double right)
{
    return left <= right;
}

static double equal(double left, double right)
{
    return left == right;
}

static double not_equal(double left, double right)
{
    return left != right;
}

static double greater(double left, double right)
{
    return left > right;
}

static double greater_equal(double left, double right)
{
    return left >= right;
}

static double (*const functions[])(double left, double right) = {
    [EXPRESSION_ADD] = add,           [EXPRESSION_SUBTRACT] = subtract,
    [EXPRESSION_MULTIPLY] = multiply, [EXPRESSION_DIVIDE] = divide,
    [EXPRESSION_LESS] = less,         [EXPRESSION_LESS_EQUAL] = less_equal,
    [EXPRESSION_GREATER] = greater,   [EXPRESSION_GREATER_EQUAL] = greater_equal,
    [EXPRESSION_EQUAL] = equal,       [EXPRESSION_NOT_EQUAL] = not_equal,
};

/* Of two unknown sides the candidate's silence is told: a metric may declare what it means. */
static struct operand calculate(enum expression_op op, struct operand left, struct operand right)
{
    if (!right.is_known && (left.is_known || right.reason == REASON_NO_DATA))
        return right;
    return left.is_known ? operand_known(functions[op](left.number, right.number)) : left;
}

static struct operand compare(enum expression_op op, struct operand left, struct operand right,
                              struct judgement *judgement)
{
    struct operand result = calculate(op, left, right);

    if (result.is_known) {
        judgement->value = left.number;
        judgement->bound = right.number;
    }
    return result;
}

/* Of two unknown conditions silence is told only where both are silent: what it was declared to mean must not
 * hide the trouble of the other. */
static struct operand unknown_of(struct operand left, struct operand right)
{
    if (left.is_known)
        return right;
    return left.reason == REASON_NO_DATA && !right.is_known ? right : left;
}

static struct operand conjoin(struct operand left, struct operand right)
{
    if (is_false(left) || is_false(right))
        return operand_known(0);
    return left.is_known && right.is_known ? operand_known(1) : unknown_of(left, right);
}

static struct operand disjoin(struct operand left, struct operand right)
{
    if (is_true(left) || is_true(right))
        return operand_known(1);
    return left.is_known && right.is_known ? operand_known(0) : unknown_of(left, right);
}

static struct operand negate(struct operand operand)
{
    return operand.is_known ? operand_known(operand.number == 0) : operand;
}

static struct operand hold_for(const struct expression_node *node, struct expression_timer *timer,
                               struct operand operand, int64_t now_ms)
{
    if (!operand.is_known) {
        timer->is_paused = timer->is_running;
        return operand;
    }
    if (is_false(operand)) {
        memset(timer, 0, sizeof(*timer)); /* padding too: what is journaled must be the same every time */
        return operand;
    }
    if (!timer->is_running)
        timer->since_ms = now_ms;
    else if (timer->is_paused)
        timer->since_ms += now_ms - timer->known_ms;
    timer->is_running = true;
    timer->is_paused = false;
    timer->known_ms = now_ms;
    timer->has_fired = now_ms - timer->since_ms >= node->span_ms;
    return timer->has_fired ? operand_known(1) : operand_unknown(REASON_PENDING);
}

/* Shifts a bit in for a new step, or corrects the newest bit while the step is the same. */
static void count_check(struct expression_timer *timer, bool is_hit, int64_t newest_ms)
{
    if (timer->seen == 0 || newest_ms >= timer->last_step) {
        timer->bits <<= 1;
        timer->seen = timer->seen < EXPRESSION_CHECKS_MAX ? (uint8_t)(timer->seen + 1) : timer->seen;
        timer->last_step = newest_ms + 1;
    }
    timer->bits = (timer->bits & ~UINT64_C(1)) | is_hit;
}

static struct operand count_checks(const struct expression_node *node, struct expression_timer *timer,
                                   const struct item *item)
{
    int hits = 0;

    if (!item->operand.is_known)
        return item->operand;
    count_check(timer, is_true(item->operand), item->newest_ms);
    for (uint8_t check = 0; check < node->index; check++)
        hits += (int)((timer->bits >> check) & 1);
    if (hits >= node->least)
        return operand_known(1);
    return hits + node->index - timer->seen < node->least ? operand_known(0)
                                                          : operand_unknown(REASON_PENDING);
}

static void push(struct evaluation *evaluation, struct operand operand, int64_t newest_ms)
{
    assert(evaluation->depth < EXPRESSION_DEPTH_MAX);
    evaluation->stack[evaluation->depth++] = (struct item){.operand = operand, .newest_ms = newest_ms};
}

static struct operand combine(const struct evaluation *evaluation, enum expression_op op, struct operand left,
                              struct operand right)
{
    if (op == EXPRESSION_AND)
        return conjoin(left, right);
    if (op == EXPRESSION_OR)
        return disjoin(left, right);
    if (op < EXPRESSION_LESS)
        return calculate(op, left, right);
    return compare(op, left, right, evaluation->judgement);
}

/* Two popped, one pushed. */
static void run_binary(struct evaluation *evaluation, enum expression_op op)
{
    assert(evaluation->depth >= 2);
    const struct item *right = &evaluation->stack[--evaluation->depth];
    struct item *left = &evaluation->stack[evaluation->depth - 1];

    left->operand = combine(evaluation, op, left->operand, right->operand);
    if (left->newest_ms < right->newest_ms)
        left->newest_ms = right->newest_ms;
}

static struct operand excuse(const struct evaluation *evaluation, struct operand operand)
{
    return evaluation->input->is_excused && is_true(operand) ? operand_known(0) : operand;
}

/* The top is replaced. */
static void run_unary(struct evaluation *evaluation, const struct expression_node *node)
{
    assert(evaluation->depth >= 1);
    struct item *top = &evaluation->stack[evaluation->depth - 1];

    if (node->op == EXPRESSION_NOT) {
        top->operand = negate(top->operand);
        return;
    }
    top->operand = excuse(evaluation, top->operand);
    if (evaluation->is_instant)
        return;
    if (node->op == EXPRESSION_FOR)
        top->operand =
            hold_for(node, &evaluation->timers[node->timer], top->operand, evaluation->input->now_ms);
    else
        top->operand = count_checks(node, &evaluation->timers[node->timer], top);
}

static void run_node(struct evaluation *evaluation, const struct expression_node *node)
{
    struct item item;

    switch (node->op) {
    case EXPRESSION_NUMBER:
        push(evaluation, operand_known(node->number), SERIES_NEVER);
        break;
    case EXPRESSION_EXTRACT:
        push(evaluation, read_extract(evaluation->input, node->index), SERIES_NEVER);
        break;
    case EXPRESSION_VALUE:
    case EXPRESSION_AVG:
    case EXPRESSION_MAX:
    case EXPRESSION_MIN:
    case EXPRESSION_SUM:
    case EXPRESSION_RATE:
    case EXPRESSION_QUANTILE:
    case EXPRESSION_ABSENT:
        item = read_metric(evaluation, node);
        push(evaluation, item.operand, item.newest_ms);
        break;
    case EXPRESSION_NOT:
    case EXPRESSION_FOR:
    case EXPRESSION_CHECKS:
        run_unary(evaluation, node);
        break;
    case EXPRESSION_ADD:
    case EXPRESSION_SUBTRACT:
    case EXPRESSION_MULTIPLY:
    case EXPRESSION_DIVIDE:
    case EXPRESSION_LESS:
    case EXPRESSION_LESS_EQUAL:
    case EXPRESSION_GREATER:
    case EXPRESSION_GREATER_EQUAL:
    case EXPRESSION_EQUAL:
    case EXPRESSION_NOT_EQUAL:
    case EXPRESSION_AND:
    case EXPRESSION_OR:
        run_binary(evaluation, node->op);
        break;
    }
}

static struct operand run(struct evaluation *evaluation, const struct expression *expression)
{
    struct judgement *judgement = evaluation->judgement;

    assert(expression->count > 0 && expression->count <= EXPRESSION_NODES_MAX);
    judgement->value = judgement->bound = judgement->count = judgement->stable_count = NAN;
    judgement->from_ms = judgement->to_ms = 0;
    evaluation->depth = 0;
    for (uint8_t node = 0; node < expression->count; node++)
        run_node(evaluation, &expression->nodes[node]);
    assert(evaluation->depth == 1);
    return excuse(evaluation, evaluation->stack[0].operand);
}

struct operand expression_evaluate(const struct expression *expression, const struct expression_input *input,
                                   struct expression_timer *timers, struct judgement *ret_judgement)
{
    struct evaluation evaluation;

    assert(timers != NULL || expression->timer_count == 0);
    evaluation.input = input;
    evaluation.timers = timers;
    evaluation.judgement = ret_judgement;
    evaluation.side = SIDE_CANDIDATE;
    evaluation.is_instant = false;
    return run(&evaluation, expression);
}

bool expression_holds(const struct expression *expression, const struct expression_input *input,
                      enum expression_side side, double *ret_value)
{
    struct evaluation evaluation;
    struct judgement judgement;

    evaluation.input = input;
    evaluation.timers = NULL;
    evaluation.judgement = &judgement;
    evaluation.side = side;
    evaluation.is_instant = true;
    struct operand result = run(&evaluation, expression);
    *ret_value = judgement.value;
    return is_true(result);
}

bool expression_is_absolute(const struct expression *expression)
{
    for (uint8_t index = 0; index < expression->count; index++)
        if (expression->nodes[index].side != SIDE_CANDIDATE)
            return false;
    return true;
}

int64_t expression_deadline(const struct expression *expression, const struct expression_timer *timers)
{
    int64_t deadline = INT64_MAX;

    for (uint8_t index = 0; index < expression->count; index++) {
        const struct expression_node *node = &expression->nodes[index];
        if (node->op != EXPRESSION_FOR)
            continue;
        const struct expression_timer *timer = &timers[node->timer];
        if (!timer->is_running || timer->is_paused || timer->has_fired)
            continue;
        if (timer->since_ms + node->span_ms < deadline)
            deadline = timer->since_ms + node->span_ms;
    }
    return deadline;
}
