/* parser.c - the grammar that conditions, smoke expectations and those of tasks share.
 * SPDX-License-Identifier: MIT */
#include "config/parser.h"

#include "base/duration.h"
#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct parsed parse_or(struct parser *parser);

void parser_fail(struct parser *parser, const struct lexeme *at, const char *format, ...)
{
    char reason[ERR_TEXT_MAX];
    va_list arguments;

    if (!parser->is_failed) {
        va_start(arguments, format);
        (void)vsnprintf(reason, sizeof(reason), format, arguments);
        va_end(arguments);
        (void)err_set(parser->err, ERR_INVALID, "%s, column %u: %s", parser->what, at->column, reason);
    }
    parser->is_failed = true;
    parser->lexeme = (struct lexeme){.kind = LEXEME_END, .column = at->column, .start = ""};
}

void parser_advance(struct parser *parser)
{
    if (parser->is_failed)
        return;
    parser->lexeme = lexeme_next(parser->text, &parser->at);
    if (parser->lexeme.kind == LEXEME_BROKEN)
        parser_fail(parser, &parser->lexeme, "%s", parser->lexeme.problem);
    else if (lexeme_is(&parser->lexeme, "&&") || lexeme_is(&parser->lexeme, "||"))
        parser_fail(parser, &parser->lexeme, "write `%s` instead of %.2s",
                    lexeme_is(&parser->lexeme, "&&") ? "and" : "or", parser->lexeme.start);
    else if (lexeme_is(&parser->lexeme, "="))
        parser_fail(parser, &parser->lexeme, "write == to compare");
}

bool parser_accept(struct parser *parser, const char *word)
{
    if (!lexeme_is(&parser->lexeme, word))
        return false;
    parser_advance(parser);
    return true;
}

void parser_expect(struct parser *parser, const char *word)
{
    const struct lexeme *at = &parser->lexeme;

    if (parser_accept(parser, word))
        return;
    if (at->kind == LEXEME_END)
        parser_fail(parser, at, "%s is missing at the end", word);
    else
        parser_fail(parser, at, "%s is missing before '%.*s'", word, (int)at->length, at->start);
}

static int stack_change(enum expression_op op)
{
    if (op <= EXPRESSION_EXTRACT)
        return 1;
    return op <= EXPRESSION_OR ? -1 : 0;
}

struct expression_node *parser_emit(struct parser *parser, enum expression_op op)
{
    struct expression *expression = &parser->expression;
    struct expression_node *node = &parser->spare;

    parser->stack = (unsigned)((int)parser->stack + stack_change(op));
    if (expression->count == EXPRESSION_NODES_MAX || parser->stack > EXPRESSION_DEPTH_MAX) {
        parser_fail(parser, &parser->lexeme, "too long; split it into several rules");
    } else {
        parser->units[expression->count] = UNIT_PLAIN;
        node = &expression->nodes[expression->count++];
    }
    memset(node, 0, sizeof(*node));
    node->op = op;
    return node;
}

void parser_emit_number(struct parser *parser, double number, enum number_unit unit)
{
    struct expression_node *node = parser_emit(parser, EXPRESSION_NUMBER);

    node->number = number;
    if (node != &parser->spare)
        parser->units[node - parser->expression.nodes] = unit;
}

int64_t parser_span(struct parser *parser)
{
    struct lexeme at = parser->lexeme;
    double ms = at.number * 1000;
    char most[DURATION_TEXT_MAX];

    if (at.kind != LEXEME_NUMBER || at.unit != UNIT_SECONDS)
        parser_fail(parser, &at, "a time is missing here, like 30s or 5m");
    else if (ms < 1 || ms > CONDITION_SPAN_MAX_MS)
        parser_fail(parser, &at, "%.*s is not from 1ms to %s", (int)at.length, at.start,
                    duration_format(CONDITION_SPAN_MAX_MS, most, sizeof(most)));
    if (parser->is_failed)
        return 1;
    parser_advance(parser);
    return llround(ms);
}

static void need_truth(struct parser *parser, const struct parsed *operand, const struct lexeme *at)
{
    if (operand->type != OPERAND_TRUTH)
        parser_fail(parser, at, "a comparison is missing here, like `... > 5%%`");
}

static void need_number(struct parser *parser, const struct parsed *operand, const struct lexeme *at)
{
    if (operand->type == OPERAND_TRUTH)
        parser_fail(parser, at, "a number is missing here; this is already true or false");
    else if (operand->type == OPERAND_EXTRACT)
        expectation_number(parser, operand, at);
}

static const struct parsed number_parsed = {.type = OPERAND_NUMBER};
static const struct parsed truth_parsed = {.type = OPERAND_TRUTH};

static struct parsed parse_number(struct parser *parser, double sign)
{
    struct lexeme at = parser->lexeme;
    struct parsed parsed = {.type = at.unit == UNIT_PERCENT ? OPERAND_PERCENT : OPERAND_NUMBER};

    parser_emit_number(parser, sign * at.number, at.unit);
    parser_advance(parser);
    return parsed;
}

static struct parsed parse_negative(struct parser *parser)
{
    struct lexeme at = parser->lexeme;

    parser_advance(parser);
    if (parser->lexeme.kind == LEXEME_NUMBER)
        return parse_number(parser, -1);
    parser_fail(parser, &at, "- stands before a number only; write 0 - ...");
    return number_parsed;
}

static struct parsed parse_group(struct parser *parser)
{
    struct lexeme at = parser->lexeme;
    struct parsed parsed = number_parsed;

    parser_advance(parser);
    if (++parser->nesting > PARSER_NESTING_MAX)
        parser_fail(parser, &at, "too many parentheses in one another");
    else
        parsed = parse_or(parser);
    parser->nesting--;
    parser_expect(parser, ")");
    return parsed;
}

static struct parsed (*const primaries[])(struct parser *) = {
    [LANGUAGE_CONDITION] = condition_primary, [LANGUAGE_EXPECTATION] = expectation_primary,
    [LANGUAGE_COUNTS] = counts_primary,       [LANGUAGE_OUTPUTS] = outputs_primary,
    [LANGUAGE_PLAN] = plan_primary,
};

static struct parsed parse_primary(struct parser *parser)
{
    struct lexeme at = parser->lexeme;

    if (at.kind == LEXEME_NUMBER)
        return parse_number(parser, 1);
    if (at.kind == LEXEME_WORD)
        return primaries[parser->language](parser);
    if (lexeme_is(&at, "("))
        return parse_group(parser);
    if (lexeme_is(&at, "-"))
        return parse_negative(parser);
    if (lexeme_is(&at, "+") && parser->language == LANGUAGE_PLAN)
        return plan_difference(parser);
    if (lexeme_is(&at, "+"))
        parser_fail(parser, &at, "nothing stands before the +; write stable + ... or before + ...");
    else if (at.kind == LEXEME_END)
        parser_fail(parser, &at, "something is missing at the end");
    else if (at.kind == LEXEME_TEXT)
        parser_fail(parser, &at, "a text stands behind == or =~ only");
    else
        parser_fail(parser, &at, "'%.*s' cannot stand here", (int)at.length, at.start);
    return number_parsed;
}

static struct parsed parse_product(struct parser *parser)
{
    struct lexeme at = parser->lexeme;
    struct parsed parsed = parse_primary(parser);

    while (lexeme_is(&parser->lexeme, "*") || lexeme_is(&parser->lexeme, "/")) {
        enum expression_op op = lexeme_is(&parser->lexeme, "*") ? EXPRESSION_MULTIPLY : EXPRESSION_DIVIDE;
        need_number(parser, &parsed, &at);
        parser_advance(parser);
        at = parser->lexeme;
        parsed = parse_primary(parser);
        need_number(parser, &parsed, &at);
        (void)parser_emit(parser, op);
        parsed = number_parsed;
    }
    return parsed;
}

/* stable + 30% is stable * 1.3: the percentage just emitted becomes the factor. */
static void make_relative(struct parser *parser, enum expression_op op)
{
    struct expression *expression = &parser->expression;

    if (parser->is_failed)
        return;
    struct expression_node *share = &expression->nodes[expression->count - 1];
    share->number = op == EXPRESSION_ADD ? 1 + share->number : 1 - share->number;
    parser->units[expression->count - 1] = UNIT_PLAIN;
    (void)parser_emit(parser, EXPRESSION_MULTIPLY);
}

static struct parsed parse_sum(struct parser *parser)
{
    struct lexeme at = parser->lexeme;
    struct parsed parsed = parse_product(parser);

    while (lexeme_is(&parser->lexeme, "+") || lexeme_is(&parser->lexeme, "-")) {
        enum expression_op op = lexeme_is(&parser->lexeme, "+") ? EXPRESSION_ADD : EXPRESSION_SUBTRACT;
        need_number(parser, &parsed, &at);
        parser_advance(parser);
        at = parser->lexeme;
        struct parsed right = parse_product(parser);
        need_number(parser, &right, &at);
        if (right.type == OPERAND_PERCENT && parsed.type == OPERAND_OTHER_SIDE)
            make_relative(parser, op);
        else if (right.type == OPERAND_PERCENT)
            parser_fail(parser, &at,
                        "a percentage is added to `stable` or `before` only; a difference is written in pp");
        else
            (void)parser_emit(parser, op);
        parsed = number_parsed;
    }
    return parsed;
}

static bool take_comparison(struct parser *parser, enum expression_op *ret_op)
{
    static const struct {
        const char *sign;
        enum expression_op op;
    } signs[] = {
        {"<", EXPRESSION_LESS},           {"<=", EXPRESSION_LESS_EQUAL}, {">", EXPRESSION_GREATER},
        {">=", EXPRESSION_GREATER_EQUAL}, {"==", EXPRESSION_EQUAL},      {"!=", EXPRESSION_NOT_EQUAL},
        {"=~", EXPRESSION_EQUAL},         {"!~", EXPRESSION_NOT_EQUAL},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(signs); i++) {
        if (parser_accept(parser, signs[i].sign)) {
            *ret_op = signs[i].op;
            return true;
        }
    }
    return false;
}

/* What a metric's unit makes of a literal: times are seconds and percentages shares unless it says otherwise.
 */
static double literal_scale(const char *unit, enum number_unit literal)
{
    if (literal == UNIT_SECONDS)
        return strcmp(unit, "ms") == 0 ? 1e3 : strcmp(unit, "us") == 0 ? 1e6 : 1;
    return (literal == UNIT_PERCENT || literal == UNIT_POINTS) && strcmp(unit, "%") == 0 ? 100 : 1;
}

static const char *node_unit(const struct parser *parser, const struct expression_node *node)
{
    if (node->op == EXPRESSION_EXTRACT && parser->language != LANGUAGE_EXPECTATION)
        return "";
    if (node->op == EXPRESSION_EXTRACT)
        return parser->extracts[node->index].kind == EXTRACT_TIME_MS ? "ms" : "";
    if (node->op < EXPRESSION_VALUE || node->op > EXPRESSION_QUANTILE)
        return NULL;
    return parser->metrics[parser->used[node->metric]].unit;
}

/* The literals of a comparison (its nodes from `first` on) take the unit of the metrics in it. */
static void scale_literals(struct parser *parser, size_t first, const struct lexeme *at)
{
    struct expression *expression = &parser->expression;
    const char *unit = "";
    bool is_measured = false;

    if (parser->is_failed)
        return;
    for (size_t i = first; i < expression->count; i++) {
        const char *other = node_unit(parser, &expression->nodes[i]);
        if (other == NULL)
            continue;
        is_measured = true;
        if (unit[0] != '\0' && other[0] != '\0' && strcmp(unit, other) != 0)
            parser_fail(parser, at, "metrics of different units are compared ('%s' and '%s')", unit, other);
        unit = other[0] == '\0' ? unit : other;
    }
    if (!is_measured) {
        parser_fail(parser, at, "nothing is measured in this comparison");
        return;
    }
    for (size_t i = first; i < expression->count; i++) {
        expression->nodes[i].number *= literal_scale(unit, parser->units[i]);
        parser->units[i] = UNIT_PLAIN;
    }
}

/* Behind `left op`. `first` is the left side's first node. */
static void parse_right(struct parser *parser, const struct lexeme *left_at, size_t first,
                        enum expression_op op)
{
    struct lexeme at = parser->lexeme;
    const struct expression_node *outer = parser->left;
    size_t outer_count = parser->left_count;
    enum expression_op again = op;

    parser->left = &parser->expression.nodes[first];
    parser->left_count = parser->expression.count - first;
    struct parsed right = parse_sum(parser);
    need_number(parser, &right, &at);
    parser->left = outer;
    parser->left_count = outer_count;
    (void)parser_emit(parser, op);
    scale_literals(parser, first, left_at);
    at = parser->lexeme;
    if (take_comparison(parser, &again))
        parser_fail(parser, &at, "comparisons cannot be chained; write `a < b and b < c`");
}

static uint8_t take_timer(struct parser *parser, const struct lexeme *at)
{
    if (parser->expression.timer_count == EXPRESSION_TIMERS_MAX) {
        parser_fail(parser, at, "more than %d `for` and `in ... checks`", EXPRESSION_TIMERS_MAX);
        return 0;
    }
    return parser->expression.timer_count++;
}

static uint8_t parse_count(struct parser *parser)
{
    struct lexeme at = parser->lexeme;

    if (at.kind != LEXEME_NUMBER || at.unit != UNIT_PLAIN || at.number < 1 ||
        at.number > EXPRESSION_CHECKS_MAX || at.number != floor(at.number)) {
        parser_fail(parser, &at, "a whole number from 1 to %d is missing here", EXPRESSION_CHECKS_MAX);
        return 1;
    }
    parser_advance(parser);
    return (uint8_t)at.number;
}

static void parse_checks(struct parser *parser, uint8_t timer)
{
    struct lexeme at = parser->lexeme;
    uint8_t least = parse_count(parser);

    parser_expect(parser, "of");
    uint8_t of = parse_count(parser);
    if (!parser_accept(parser, "check"))
        parser_expect(parser, "checks");
    if (least > of)
        parser_fail(parser, &at, "%u of %u checks can never be true; the first number is the smaller one",
                    least, of);
    struct expression_node *node = parser_emit(parser, EXPRESSION_CHECKS);
    node->timer = timer;
    node->least = least;
    node->index = of;
}

/* `for` and `in` bind to the comparison on their left. */
static void parse_patience(struct parser *parser, const struct parsed *parsed)
{
    while (lexeme_is(&parser->lexeme, "for") || lexeme_is(&parser->lexeme, "in")) {
        struct lexeme at = parser->lexeme;
        bool is_for = lexeme_is(&at, "for");
        need_truth(parser, parsed, &at);
        if (parser->language == LANGUAGE_EXPECTATION)
            parser_fail(parser, &at, "an answer is judged once; `attempts` says how often it is asked for");
        else if (parser->language != LANGUAGE_CONDITION)
            parser_fail(parser, &at, "a task is judged once");
        parser_advance(parser);
        uint8_t timer = take_timer(parser, &at);
        if (!is_for) {
            parse_checks(parser, timer);
            continue;
        }
        int64_t span_ms = parser_span(parser);
        struct expression_node *node = parser_emit(parser, EXPRESSION_FOR);
        node->timer = timer;
        node->span_ms = span_ms;
    }
}

static bool has_texts(const struct parser *parser)
{
    return parser->language == LANGUAGE_EXPECTATION || parser->language == LANGUAGE_OUTPUTS;
}

static struct parsed parse_comparison(struct parser *parser)
{
    struct lexeme at = parser->lexeme;
    size_t first = parser->expression.count;
    enum expression_op op = EXPRESSION_EQUAL;
    struct parsed left = parse_sum(parser);
    struct lexeme sign = parser->lexeme;

    if (take_comparison(parser, &op)) {
        bool is_text = has_texts(parser) && expectation_compare(parser, &left, &sign);
        if (!is_text && (lexeme_is(&sign, "=~") || lexeme_is(&sign, "!~")))
            parser_fail(parser, &sign, "%.2s compares body with a 'pattern'", sign.start);
        if (!is_text) {
            need_number(parser, &left, &at);
            parse_right(parser, &at, first, op);
        }
        left = truth_parsed;
    }
    parse_patience(parser, &left);
    return left;
}

static struct parsed parse_not(struct parser *parser)
{
    struct lexeme at = parser->lexeme;

    if (!lexeme_is(&at, "not"))
        return parse_comparison(parser);
    parser_advance(parser);
    if (++parser->nesting > PARSER_NESTING_MAX) {
        parser_fail(parser, &at, "too many `not`");
        return truth_parsed;
    }
    at = parser->lexeme;
    struct parsed parsed = parse_not(parser);
    parser->nesting--;
    need_truth(parser, &parsed, &at);
    (void)parser_emit(parser, EXPRESSION_NOT);
    return parsed;
}

static struct parsed parse_and(struct parser *parser)
{
    struct lexeme at = parser->lexeme;
    struct parsed parsed = parse_not(parser);

    while (lexeme_is(&parser->lexeme, "and")) {
        need_truth(parser, &parsed, &at);
        parser_advance(parser);
        at = parser->lexeme;
        parsed = parse_not(parser);
        need_truth(parser, &parsed, &at);
        (void)parser_emit(parser, EXPRESSION_AND);
    }
    return parsed;
}

static struct parsed parse_or(struct parser *parser)
{
    struct lexeme at = parser->lexeme;
    struct parsed parsed = parse_and(parser);

    while (lexeme_is(&parser->lexeme, "or")) {
        need_truth(parser, &parsed, &at);
        parser_advance(parser);
        at = parser->lexeme;
        parsed = parse_and(parser);
        need_truth(parser, &parsed, &at);
        (void)parser_emit(parser, EXPRESSION_OR);
    }
    return parsed;
}

bool parser_run(struct parser *parser)
{
    parser_advance(parser);
    struct lexeme at = parser->lexeme;
    struct parsed parsed = parse_or(parser);

    need_truth(parser, &parsed, &at);
    if (parser->lexeme.kind != LEXEME_END)
        parser_fail(parser, &parser->lexeme, "'%.*s' is too much here", (int)parser->lexeme.length,
                    parser->lexeme.start);
    return !parser->is_failed;
}
