/* parser.h - the grammar that conditions, smoke expectations and those of tasks share: text → postfix.
 * SPDX-License-Identifier: MIT
 *
 *   or          = and { "or" and }
 *   and         = not { "and" not }
 *   not         = "not" not | comparison
 *   comparison  = sum [ compare sum ] { "for" TIME | "in" N "of" M "checks" }
 *   sum         = product { ("+" | "-") product }
 *   product     = primary { ("*" | "/") primary }
 *   primary     = NUMBER | "-" primary | "(" or ")" | what the language adds
 *
 * The first mistake ends the parsing: parser_fail() keeps it, and everything unwinds at the end of the text.
 */
#ifndef CONFIG_PARSER_H
#define CONFIG_PARSER_H

#include "base/err.h"
#include "config/definition.h"
#include "config/lexeme.h"
#include "judge/expression.h"
#include "judge/scan.h"

#include <stddef.h>

enum { PARSER_NESTING_MAX = 16, CONDITION_SPAN_MAX_MS = 24 * 3600 * 1000 };

enum parser_language {
    LANGUAGE_CONDITION,
    LANGUAGE_EXPECTATION,
    LANGUAGE_COUNTS,  /* task_condition.h: of a scanner's report */
    LANGUAGE_OUTPUTS, /* the same: of what earlier tasks reported */
    LANGUAGE_PLAN     /* the same: of what a plan of infrastructure would do */
};

enum operand_type {
    OPERAND_NUMBER,
    OPERAND_PERCENT,    /* a percentage as written: as a summand it needs the other side before it */
    OPERAND_OTHER_SIDE, /* stable or before, alone: a percentage may be added */
    OPERAND_TRUTH,
    OPERAND_EXTRACT /* of an answer; nothing is emitted before it is known whether it is text */
};

struct parsed {
    enum operand_type type;
    struct smoke_extract extract;
};

/* A metric as conditions may name it. */
struct condition_metric {
    const char *name;
    enum series_kind kind;
    const char *unit;
    bool names_side; /* its series of stable is another one than the candidate's */
};

struct parser {
    enum parser_language language;
    const char *what; /* "condition", for error texts */
    const char *text;
    size_t at;
    struct lexeme lexeme; /* the present one */
    bool is_failed;
    unsigned nesting;
    unsigned stack; /* operands on the evaluator's stack at this point */
    struct expression expression;
    struct expression_node spare;                 /* taken when the expression is full */
    enum number_unit units[EXPRESSION_NODES_MAX]; /* of literals that are still to be scaled */
    const struct expression_node *left;           /* the comparison's left side, NULL: none yet */
    size_t left_count;                            /* nodes of it */
    const struct condition_metric *metrics;       /* LANGUAGE_CONDITION */
    size_t metric_count;
    const char *const *known; /* more names for "did you mean" */
    size_t known_count;
    size_t used[RULE_METRICS_MAX]; /* metric i of the expression is metrics[used[i]] */
    uint8_t used_count;
    enum smoke_kind smoke;   /* LANGUAGE_EXPECTATION: of whose answer */
    enum scan_format format; /* LANGUAGE_COUNTS */
    struct arena *arena;     /* LANGUAGE_EXPECTATION, LANGUAGE_OUTPUTS: texts of the extracts */
    struct smoke_extract extracts[SMOKE_EXTRACTS_MAX];
    uint8_t extract_count;
    struct err *err;
};

/* Parses all of parser->text into parser->expression. */
MUST_CHECK bool parser_run(struct parser *parser);

void parser_fail(struct parser *parser, const struct lexeme *at, const char *format, ...) PRINTF_LIKE(3, 4);
void parser_advance(struct parser *parser);

/* Takes the present word where it is this one. */
bool parser_accept(struct parser *parser, const char *word);
void parser_expect(struct parser *parser, const char *word);

/* A node for an operator; never NULL. */
struct expression_node *parser_emit(struct parser *parser, enum expression_op op);
void parser_emit_number(struct parser *parser, double number, enum number_unit unit);

/* A time from 1 ms to CONDITION_SPAN_MAX_MS. */
int64_t parser_span(struct parser *parser);

/* The primaries of the languages: the present lexeme is a word. */
struct parsed condition_primary(struct parser *parser);
struct parsed expectation_primary(struct parser *parser);
struct parsed counts_primary(struct parser *parser);
struct parsed outputs_primary(struct parser *parser);
struct parsed plan_primary(struct parser *parser);

/* LANGUAGE_PLAN, at a + right of a comparison: so much more than before. */
struct parsed plan_difference(struct parser *parser);

/* ('text') behind a word, kept in the arena. */
const char *expectation_argument(struct parser *parser);

/* EXTRACT: emits it as a number, where it can be one. */
void expectation_number(struct parser *parser, const struct parsed *operand, const struct lexeme *at);

/* `left` compared with a text by the operator `op` (already taken); false: no text follows. */
bool expectation_compare(struct parser *parser, const struct parsed *left, const struct lexeme *op);

#endif
