/* condition.c - metrics, aggregates and the other side in conditions.
 * SPDX-License-Identifier: MIT */
#include "config/condition.h"

#include "base/text.h"
#include "config/config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUGGESTIONS_MAX = 256 };

struct aggregate {
    const char *name;
    enum expression_op op;
};

static const struct aggregate aggregates[] = {
    {"avg", EXPRESSION_AVG}, {"max", EXPRESSION_MAX},   {"min", EXPRESSION_MIN},
    {"sum", EXPRESSION_SUM}, {"rate", EXPRESSION_RATE}, {"quantile", EXPRESSION_QUANTILE},
};

static const char *const reserved[] = {"and",  "or",   "not",    "for",      "in",     "of",    "check",
                                       "true", "avg",  "checks", "stable",   "before", "max",   "min",
                                       "sum",  "rate", "false",  "quantile", "absent", "signal"};

bool condition_is_reserved(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(reserved); i++)
        if (strcmp(reserved[i], name) == 0)
            return true;
    return false;
}

static void copy_word(const struct lexeme *lexeme, char *to, size_t size)
{
    struct text text;

    text_init(&text, to, size);
    text_add_bytes(&text, lexeme->start, lexeme->length);
}

void condition_name_signal(const char *name, size_t length, char *to, size_t size)
{
    size_t behind = sizeof(CONDITION_SIGNAL) - 1;

    (void)snprintf(to, size, "%s%.*s", CONDITION_SIGNAL, (int)length, name);
    for (char *c = to + behind; *c != '\0'; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
        else if (!(*c >= 'a' && *c <= 'z') && !(*c >= '0' && *c <= '9'))
            *c = '_';
    }
}

/* The metric of a signal that is called so. */
static void name_signal(const struct lexeme *lexeme, char *to, size_t size)
{
    condition_name_signal(lexeme->start, lexeme->length, to, size);
}

static bool is_name(const struct lexeme *lexeme)
{
    return (lexeme->kind == LEXEME_WORD || lexeme->kind == LEXEME_TEXT) && lexeme->length > 0;
}

/* Behind the word `signal`: ( name. */
static bool next_signal(const char *text, size_t *at, char *to, size_t size)
{
    struct lexeme lexeme = lexeme_next(text, at);

    if (!lexeme_is(&lexeme, "("))
        return false;
    lexeme = lexeme_next(text, at);
    if (is_name(&lexeme))
        name_signal(&lexeme, to, size);
    return is_name(&lexeme);
}

bool condition_next_name(const char *text, size_t *at, char *to, size_t size)
{
    struct lexeme lexeme = {0};

    do {
        lexeme = lexeme_next(text, at);
        if (lexeme_is(&lexeme, "signal") && next_signal(text, at, to, size))
            return true;
        if (lexeme.kind != LEXEME_WORD)
            continue;
        copy_word(&lexeme, to, size);
        if (!condition_is_reserved(to))
            return true;
    } while (lexeme.kind != LEXEME_END && lexeme.kind != LEXEME_BROKEN);
    return false;
}

static void fail_unknown(struct parser *parser, const struct lexeme *at, const char *name)
{
    const char *names[SUGGESTIONS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < parser->metric_count && count < SUGGESTIONS_MAX; i++)
        if (strcmp(parser->metrics[i].name, CONDITION_ANY_SIGNAL) != 0)
            names[count++] = parser->metrics[i].name;
    for (size_t i = 0; i < parser->known_count && count < SUGGESTIONS_MAX; i++)
        names[count++] = parser->known[i];
    for (size_t i = 0; i < ARRAY_LENGTH(reserved) && count < SUGGESTIONS_MAX; i++)
        names[count++] = reserved[i];
    const char *nearest = text_nearest(name, names, count);
    if (nearest != NULL)
        parser_fail(parser, at, "unknown metric '%s'; did you mean '%s'?", name, nearest);
    else
        parser_fail(parser, at, "unknown metric '%s'", name);
}

/* Index among the metrics given, or metric_count. */
static size_t find_metric(const struct parser *parser, const char *name)
{
    size_t i = 0;

    while (i < parser->metric_count && strcmp(parser->metrics[i].name, name) != 0)
        i++;
    return i;
}

static uint8_t use_metric(struct parser *parser, const struct lexeme *at, size_t metric)
{
    for (uint8_t i = 0; i < parser->used_count; i++)
        if (parser->used[i] == metric)
            return i;
    if (parser->used_count == RULE_METRICS_MAX) {
        parser_fail(parser, at, "more than %d metrics in one rule", RULE_METRICS_MAX);
        return 0;
    }
    parser->used[parser->used_count] = metric;
    return parser->used_count++;
}

/* What kinds of metric an operator reads. */
static const char *misfit(enum expression_op op, enum series_kind kind)
{
    if (op == EXPRESSION_ABSENT)
        return NULL;
    if (op == EXPRESSION_QUANTILE)
        return kind == SERIES_HISTOGRAM ? NULL : "quantile() takes a metric of kind histogram";
    if (kind == SERIES_HISTOGRAM)
        return "a histogram has no value of its own; compare a quantile of it, like quantile(NAME, 95%, 1m)";
    if (op == EXPRESSION_RATE && kind != SERIES_COUNT)
        return "rate() is events per second: it takes a metric of kind counter";
    return NULL;
}

/* Takes the name of a metric and emits its node. */
static struct expression_node *take_metric(struct parser *parser, enum expression_op op,
                                           enum expression_side side)
{
    struct lexeme at = parser->lexeme;
    char name[METRIC_MAX_LENGTH + 2];
    uint8_t index = 0;

    copy_word(&at, name, sizeof(name));
    size_t metric = find_metric(parser, name);
    if (at.kind != LEXEME_WORD)
        parser_fail(parser, &at, "the name of a metric is missing here");
    else if (metric == parser->metric_count)
        fail_unknown(parser, &at, name);
    else
        index = use_metric(parser, &at, metric);
    if (!parser->is_failed) {
        const struct condition_metric *used = &parser->metrics[metric];
        const char *problem = misfit(op, used->kind);
        if (problem != NULL)
            parser_fail(parser, &at, "%s", problem);
        else if (side == SIDE_STABLE && !used->names_side)
            parser_fail(parser, &at, "'%s' has no series of its own for stable; compare with before", name);
    }
    struct expression_node *node = parser_emit(parser, op);
    node->metric = index;
    node->side = side;
    parser_advance(parser);
    return node;
}

static double take_level(struct parser *parser)
{
    struct lexeme at = parser->lexeme;
    bool is_share = at.kind == LEXEME_NUMBER && at.unit != UNIT_SECONDS && at.number > 0 && at.number < 1;

    if (!is_share)
        parser_fail(parser, &at, "a level is missing here, like 95%%");
    parser_advance(parser);
    return is_share ? at.number : 0;
}

/* avg(metric, span), quantile(metric, level, span): behind the name. */
static void take_aggregate(struct parser *parser, enum expression_op op, enum expression_side side)
{
    parser_expect(parser, "(");
    struct expression_node *node = take_metric(parser, op, side);
    parser_expect(parser, ",");
    if (op == EXPRESSION_QUANTILE) {
        node->number = take_level(parser);
        parser_expect(parser, ",");
    }
    node->span_ms = parser_span(parser);
    parser_expect(parser, ")");
}

static const struct aggregate *accept_aggregate(struct parser *parser)
{
    for (size_t i = 0; i < ARRAY_LENGTH(aggregates); i++)
        if (parser_accept(parser, aggregates[i].name))
            return &aggregates[i];
    return NULL;
}

static void take_measure(struct parser *parser, enum expression_side side)
{
    const struct aggregate *aggregate = accept_aggregate(parser);

    if (aggregate != NULL)
        take_aggregate(parser, aggregate->op, side);
    else
        (void)take_metric(parser, EXPRESSION_VALUE, side);
}

/* A bare `stable` or `before`: what stands left of the comparison, on that side. */
static void copy_left(struct parser *parser, const struct lexeme *at, enum expression_side side)
{
    const struct expression_node *left = parser->left;

    if (parser->is_failed)
        return;
    if (left == NULL || parser->left_count != 1 || left->op < EXPRESSION_VALUE ||
        left->op > EXPRESSION_QUANTILE || left->side != SIDE_CANDIDATE) {
        parser_fail(parser, at, "a bare %.*s needs one metric left of the comparison; write %.*s(metric)",
                    (int)at->length, at->start, (int)at->length, at->start);
        return;
    }
    if (side == SIDE_STABLE && !parser->metrics[parser->used[left->metric]].names_side) {
        parser_fail(parser, at, "'%s' has no series of its own for stable; compare with before",
                    parser->metrics[parser->used[left->metric]].name);
        return;
    }
    struct expression_node *node = parser_emit(parser, EXPRESSION_VALUE);
    memcpy(node, left, sizeof(*node));
    node->side = side;
}

static void take_side(struct parser *parser, const struct lexeme *at, enum expression_side side)
{
    if (!parser_accept(parser, "(")) {
        copy_left(parser, at, side);
        return;
    }
    take_measure(parser, side);
    parser_expect(parser, ")");
}

/* signal('HighErrors'): behind its opening bracket. */
static void take_signal(struct parser *parser)
{
    struct lexeme at = parser->lexeme;
    char name[METRIC_MAX_LENGTH + 2] = "";
    uint8_t index = 0;

    if (!is_name(&at)) {
        parser_fail(parser, &at, "the name of an alert is missing here, like signal(high_errors)");
        return;
    }
    name_signal(&at, name, sizeof(name));
    size_t metric = find_metric(parser, name);
    if (metric == parser->metric_count)
        metric = find_metric(parser, CONDITION_ANY_SIGNAL);
    if (metric == parser->metric_count)
        parser_fail(parser, &at, "the signal '%.*s' is not known here", (int)at.length, at.start);
    else if (parser->metrics[metric].kind != SERIES_GAUGE)
        parser_fail(parser, &at, "a signal is a gauge; '%s' is another kind of metric", name);
    else
        index = use_metric(parser, &at, metric);
    parser_emit(parser, EXPRESSION_VALUE)->metric = index;
    parser_emit_number(parser, 0, UNIT_PLAIN);
    (void)parser_emit(parser, EXPRESSION_NOT_EQUAL);
    parser_advance(parser);
    parser_expect(parser, ")");
}

struct parsed condition_primary(struct parser *parser)
{
    struct lexeme at = parser->lexeme;

    if (parser_accept(parser, "stable")) {
        take_side(parser, &at, SIDE_STABLE);
        return (struct parsed){.type = OPERAND_OTHER_SIDE};
    }
    if (parser_accept(parser, "before")) {
        take_side(parser, &at, SIDE_BEFORE);
        return (struct parsed){.type = OPERAND_OTHER_SIDE};
    }
    if (parser_accept(parser, "absent")) {
        parser_expect(parser, "(");
        (void)take_metric(parser, EXPRESSION_ABSENT, SIDE_CANDIDATE);
        parser_expect(parser, ")");
        return (struct parsed){.type = OPERAND_TRUTH};
    }
    if (parser_accept(parser, "signal")) {
        parser_expect(parser, "(");
        take_signal(parser);
        return (struct parsed){.type = OPERAND_TRUTH};
    }
    take_measure(parser, SIDE_CANDIDATE);
    return (struct parsed){.type = OPERAND_NUMBER};
}

bool condition_parse(const char *text, const struct condition_metric *metrics, size_t metric_count,
                     const char *const *known, size_t known_count, struct condition *ret_condition,
                     struct err *err)
{
    struct parser parser = {
        .language = LANGUAGE_CONDITION,
        .what = "condition",
        .text = text,
        .metrics = metrics,
        .metric_count = metric_count,
        .known = known,
        .known_count = known_count,
        .err = err,
    };

    if (!parser_run(&parser))
        return false;
    memset(ret_condition, 0, sizeof(*ret_condition));
    memcpy(&ret_condition->expression, &parser.expression, sizeof(parser.expression));
    ret_condition->metric_count = parser.used_count;
    memcpy(ret_condition->metrics, parser.used, parser.used_count * sizeof(parser.used[0]));
    return true;
}

bool condition_compile(const char *text, const char *const *names, const enum series_kind *kinds,
                       size_t name_count, struct expression *ret_expression, struct err *err)
{
    struct condition condition;
    struct condition_metric metrics[UINT8_MAX + 1];

    if (name_count > ARRAY_LENGTH(metrics))
        return err_set(err, ERR_LIMIT, "more than %zu metrics", ARRAY_LENGTH(metrics));
    for (size_t i = 0; i < name_count; i++)
        metrics[i] =
            (struct condition_metric){.name = names[i], .kind = kinds[i], .unit = "", .names_side = true};
    if (!condition_parse(text, metrics, name_count, NULL, 0, &condition, err))
        return false;
    for (uint8_t i = 0; i < condition.expression.count; i++) {
        struct expression_node *node = &condition.expression.nodes[i];
        if (node->op >= EXPRESSION_VALUE && node->op <= EXPRESSION_ABSENT)
            node->metric = (uint8_t)condition.metrics[node->metric];
    }
    memcpy(ret_expression, &condition.expression, sizeof(*ret_expression));
    return true;
}
