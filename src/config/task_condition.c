/* task_condition.c - the words of fail_when, of skip_when and of refuse_when.
 * SPDX-License-Identifier: MIT */
#include "config/task_condition.h"

#include "base/text.h"
#include "config/template.h"

#include <stdio.h>
#include <string.h>

/* Of the words that reports of this format have. */
static const char *known_words(const struct parser *parser, char *to, size_t size)
{
    struct text text;

    text_init(&text, to, size);
    for (int i = 0; i < SCAN_COUNT_COUNT; i++)
        if (scan_has(parser->format, (enum scan_count)i))
            text_add(&text, "%s%s", to[0] == '\0' ? "" : ", ", scan_count_name((enum scan_count)i));
    return to;
}

struct parsed counts_primary(struct parser *parser)
{
    struct lexeme at = parser->lexeme;
    char known[ERR_TEXT_MAX / 2] = "";

    for (int i = 0; i < SCAN_COUNT_COUNT; i++)
        if (scan_has(parser->format, (enum scan_count)i) &&
            parser_accept(parser, scan_count_name((enum scan_count)i))) {
            parser_emit(parser, EXPRESSION_EXTRACT)->index = (uint8_t)i;
            return (struct parsed){.type = OPERAND_NUMBER};
        }
    parser_fail(parser, &at, "unknown word '%.*s'; such a report tells %s", (int)at.length, at.start,
                known_words(parser, known, sizeof(known)));
    return (struct parsed){.type = OPERAND_NUMBER};
}

struct parsed outputs_primary(struct parser *parser)
{
    struct lexeme at = parser->lexeme;
    const char *name = "";

    if (parser_accept(parser, "output"))
        name = expectation_argument(parser);
    else
        parser_fail(parser, &at, "unknown word '%.*s'; known is output('NAME')", (int)at.length, at.start);
    return (struct parsed){.type = OPERAND_EXTRACT, .extract = {.kind = EXTRACT_JSON_NUMBER, .path = name}};
}

static const char *const plan_words[] = {"creates",  "updates", "deletes",
                                         "replaces", "changes", "monthly_cost"};

#define COST        "monthly_cost"
#define COST_BEFORE "monthly_cost_before"

static struct parsed output_of(const char *name)
{
    return (struct parsed){.type = OPERAND_EXTRACT, .extract = {.kind = EXTRACT_JSON_NUMBER, .path = name}};
}

struct parsed plan_primary(struct parser *parser)
{
    struct lexeme at = parser->lexeme;

    for (size_t i = 0; i < ARRAY_LENGTH(plan_words); i++)
        if (parser_accept(parser, plan_words[i]))
            return output_of(plan_words[i]);
    parser_fail(
        parser, &at,
        "unknown word '%.*s'; a plan tells creates, updates, deletes, replaces, changes and monthly_cost",
        (int)at.length, at.start);
    return output_of(plan_words[0]);
}

/* Is what is compared the cost, and nothing but it? */
static bool is_left_cost(const struct parser *parser)
{
    return parser->left != NULL && parser->left_count == 1 && parser->left->op == EXPRESSION_EXTRACT &&
           strcmp(parser->extracts[parser->left->index].path, COST) == 0;
}

struct parsed plan_difference(struct parser *parser)
{
    const struct parsed before = output_of(COST_BEFORE);
    const struct parsed number = {.type = OPERAND_NUMBER};
    struct lexeme at = parser->lexeme;

    if (!is_left_cost(parser))
        parser_fail(parser, &at, "+ stands in a comparison of monthly_cost, like monthly_cost > +10%%");
    parser_advance(parser);
    struct lexeme more = parser->lexeme;
    bool is_share = more.unit == UNIT_PERCENT;
    if (more.kind != LEXEME_NUMBER || (more.unit != UNIT_PLAIN && !is_share))
        parser_fail(parser, &more, "a number or a percentage is missing behind the +");
    expectation_number(parser, &before, &at);
    parser_emit_number(parser, is_share ? 1 + more.number : more.number, UNIT_PLAIN);
    (void)parser_emit(parser, is_share ? EXPRESSION_MULTIPLY : EXPRESSION_ADD);
    parser_advance(parser);
    return number;
}

bool task_condition_fail(const char *text, enum scan_format format, struct expression *ret_expression,
                         struct err *err)
{
    struct parser parser = {
        .language = LANGUAGE_COUNTS, .what = "fail_when", .text = text, .format = format, .err = err};

    if (!parser_run(&parser))
        return false;
    memcpy(ret_expression, &parser.expression, sizeof(*ret_expression));
    return true;
}

/* A pipeline has a version, and no slot, host or address. */
static bool check_template(const char *text, struct err *err)
{
    struct placeholder found = placeholder_find(text == NULL ? "" : text);

    for (; found.kind == PLACEHOLDER_NAME; found = placeholder_find(found.after))
        if (strcmp(found.name, "version") != 0)
            return err_set(err, ERR_INVALID, "skip_when: %s is not known in a pipeline", found.name);
    return true;
}

bool task_condition_skip(const char *text, struct arena *arena, struct task_skip *ret_skip, struct err *err)
{
    struct parser parser = {
        .language = LANGUAGE_OUTPUTS, .what = "skip_when", .text = text, .arena = arena, .err = err};

    if (!parser_run(&parser))
        return false;
    for (uint8_t i = 0; i < parser.extract_count; i++)
        if (!check_template(parser.extracts[i].text, err))
            return false;
    memcpy(&ret_skip->when, &parser.expression, sizeof(parser.expression));
    ret_skip->extract_count = parser.extract_count;
    memcpy(ret_skip->extracts, parser.extracts, sizeof(parser.extracts));
    return true;
}

bool task_condition_refuse(const char *text, struct arena *arena, struct task_skip *ret_refuse,
                           bool *ret_wants_cost, struct err *err)
{
    struct parser parser = {
        .language = LANGUAGE_PLAN, .what = "refuse_when", .text = text, .arena = arena, .err = err};

    if (!parser_run(&parser))
        return false;
    *ret_wants_cost = false;
    for (uint8_t i = 0; i < parser.extract_count; i++)
        *ret_wants_cost = *ret_wants_cost || strncmp(parser.extracts[i].path, COST, strlen(COST)) == 0;
    memcpy(&ret_refuse->when, &parser.expression, sizeof(parser.expression));
    ret_refuse->extract_count = parser.extract_count;
    memcpy(ret_refuse->extracts, parser.extracts, sizeof(parser.extracts));
    return true;
}
