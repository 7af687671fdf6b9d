/* expectation.c - extracts in smoke expectations.
 * SPDX-License-Identifier: MIT */
#include "config/expectation.h"

#include <stdio.h>
#include <string.h>

enum { WORD_TEXT_MAX = 32 };

static const char *const text_words[] = {"version", "previous", "slot", "host", "address"};
static const char *const literal_words[] = {"true", "false"};

static bool is_same_text(const char *a, const char *b)
{
    return (a == NULL && b == NULL) || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Index of the extract, which is taken once however often it is named. */
static uint8_t use_extract(struct parser *parser, const struct lexeme *at,
                           const struct smoke_extract *extract)
{
    for (uint8_t i = 0; i < parser->extract_count; i++) {
        const struct smoke_extract *known = &parser->extracts[i];
        if (known->kind == extract->kind && is_same_text(known->path, extract->path) &&
            is_same_text(known->text, extract->text))
            return i;
    }
    if (parser->extract_count == SMOKE_EXTRACTS_MAX) {
        parser_fail(parser, at, "more than %d things are asked of one answer", SMOKE_EXTRACTS_MAX);
        return 0;
    }
    parser->extracts[parser->extract_count] = *extract;
    return parser->extract_count++;
}

static void emit_extract(struct parser *parser, const struct lexeme *at, const struct smoke_extract *extract)
{
    uint8_t index = use_extract(parser, at, extract);

    parser_emit(parser, EXPRESSION_EXTRACT)->index = index;
}

static const char *keep(struct parser *parser, const char *start, size_t length)
{
    char *text = arena_take(parser->arena, length + 1);

    if (text == NULL) {
        parser_fail(parser, &parser->lexeme, "the definitions are larger than their memory");
        return "";
    }
    memcpy(text, start, length);
    return text;
}

/* ('text') behind a word. */
static const char *take_argument(struct parser *parser)
{
    const char *text = "";

    parser_expect(parser, "(");
    if (parser->lexeme.kind != LEXEME_TEXT)
        parser_fail(parser, &parser->lexeme, "a text in single quotes is missing here");
    else
        text = keep(parser, parser->lexeme.start, parser->lexeme.length);
    parser_advance(parser);
    parser_expect(parser, ")");
    return text;
}

static struct parsed extract_of(enum smoke_extract_kind kind, const char *path)
{
    return (struct parsed){.type = OPERAND_EXTRACT, .extract = {.kind = kind, .path = path}};
}

struct parsed expectation_primary(struct parser *parser)
{
    struct lexeme at = parser->lexeme;

    if (parser_accept(parser, "status"))
        return extract_of(EXTRACT_STATUS, NULL);
    if (parser_accept(parser, "time"))
        return extract_of(EXTRACT_TIME_MS, NULL);
    if (parser_accept(parser, "body"))
        return extract_of(EXTRACT_BODY_MATCHES, NULL);
    if (parser_accept(parser, "header"))
        return extract_of(EXTRACT_HEADER_EQUALS, take_argument(parser));
    if (parser_accept(parser, "json")) {
        struct lexeme path_at = parser->lexeme;
        const char *path = take_argument(parser);
        if (path[0] != '.')
            parser_fail(parser, &path_at, "a JSON path begins with a point, like '.version'");
        return extract_of(EXTRACT_JSON_NUMBER, path);
    }
    parser_fail(parser, &at, "unknown word '%.*s'; known are status, time, json(), header(), body",
                (int)at.length, at.start);
    return extract_of(EXTRACT_STATUS, NULL);
}

void expectation_number(struct parser *parser, const struct parsed *operand, const struct lexeme *at)
{
    if (operand->extract.kind == EXTRACT_HEADER_EQUALS)
        parser_fail(parser, at, "a header is compared with == or != and a text in single quotes");
    else if (operand->extract.kind == EXTRACT_BODY_MATCHES)
        parser_fail(parser, at, "body is compared with =~ or !~ and a pattern in single quotes");
    emit_extract(parser, at, &operand->extract);
}

static bool is_word_of(const struct lexeme *lexeme, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (lexeme_is(lexeme, words[i]))
            return true;
    return false;
}

/* The text right of a comparison, or NULL where something else stands there. */
static const char *take_right_text(struct parser *parser)
{
    struct lexeme at = parser->lexeme;
    char word[WORD_TEXT_MAX];
    const char *text = NULL;

    if (at.kind == LEXEME_TEXT) {
        text = keep(parser, at.start, at.length);
    } else if (is_word_of(&at, literal_words, ARRAY_LENGTH(literal_words))) {
        text = keep(parser, at.start, at.length);
    } else if (is_word_of(&at, text_words, ARRAY_LENGTH(text_words))) {
        (void)snprintf(word, sizeof(word), "{{%.*s}}", (int)at.length, at.start);
        text = keep(parser, word, strlen(word));
    }
    if (text != NULL)
        parser_advance(parser);
    return text;
}

/* Which extract compares this with a text, by this sign? False: none does. */
static bool fit_text(const struct parsed *left, const struct lexeme *op, struct smoke_extract *ret_extract)
{
    bool is_equal = lexeme_is(op, "==") || lexeme_is(op, "!=");
    bool is_match = lexeme_is(op, "=~") || lexeme_is(op, "!~");

    *ret_extract = left->extract;
    if (left->type != OPERAND_EXTRACT)
        return false;
    switch (left->extract.kind) {
    case EXTRACT_JSON_NUMBER:
        ret_extract->kind = EXTRACT_JSON_EQUALS;
        return is_equal;
    case EXTRACT_HEADER_EQUALS:
        return is_equal;
    case EXTRACT_BODY_MATCHES:
        return is_match;
    case EXTRACT_STATUS:
    case EXTRACT_TIME_MS:
    case EXTRACT_JSON_EQUALS:
        return false;
    }
    return false;
}

bool expectation_compare(struct parser *parser, const struct parsed *left, const struct lexeme *op)
{
    struct lexeme at = parser->lexeme;
    struct smoke_extract extract;
    const char *text = take_right_text(parser);

    if (text == NULL)
        return false;
    if (!fit_text(left, op, &extract))
        parser_fail(parser, op, "%.*s cannot compare this with a text", (int)op->length, op->start);
    if (extract.kind == EXTRACT_BODY_MATCHES)
        extract.path = text;
    else
        extract.text = text;
    emit_extract(parser, &at, &extract);
    parser_emit_number(parser, 1, UNIT_PLAIN);
    bool is_positive = lexeme_is(op, "==") || lexeme_is(op, "=~");
    (void)parser_emit(parser, is_positive ? EXPRESSION_EQUAL : EXPRESSION_NOT_EQUAL);
    return true;
}

bool expectation_parse(const char *text, struct arena *arena, struct smoke_check *ret_check, struct err *err)
{
    struct parser parser = {
        .language = LANGUAGE_EXPECTATION,
        .what = "expect",
        .text = text,
        .arena = arena,
        .err = err,
    };

    if (!parser_run(&parser))
        return false;
    memcpy(&ret_check->expectation, &parser.expression, sizeof(parser.expression));
    ret_check->extract_count = parser.extract_count;
    memcpy(ret_check->extracts, parser.extracts, sizeof(parser.extracts));
    return true;
}
