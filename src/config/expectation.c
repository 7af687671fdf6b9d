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

const char *expectation_argument(struct parser *parser)
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

/* What may be asked of the answer to each kind of check. */
static const char *const words_of[] = {[SMOKE_HTTP] = "status, time, json(), header(), body",
                                       [SMOKE_TCP] = "time, banner",
                                       [SMOKE_TLS] = "time, days_left",
                                       [SMOKE_EXEC] = "exit, time, output, json()"};

static bool accept_plain(struct parser *parser, struct parsed *ret_parsed)
{
    static const struct {
        const char *word;
        enum smoke_kind of;
        enum smoke_extract_kind kind;
    } plain[] = {{"status", SMOKE_HTTP, EXTRACT_STATUS},
                 {"body", SMOKE_HTTP, EXTRACT_BODY_MATCHES},
                 {"banner", SMOKE_TCP, EXTRACT_BANNER_MATCHES},
                 {"days_left", SMOKE_TLS, EXTRACT_DAYS_LEFT},
                 {"exit", SMOKE_EXEC, EXTRACT_EXIT},
                 {"output", SMOKE_EXEC, EXTRACT_OUTPUT_MATCHES}};

    if (parser_accept(parser, "time")) {
        *ret_parsed = extract_of(EXTRACT_TIME_MS, NULL);
        return true;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(plain); i++)
        if (plain[i].of == parser->smoke && parser_accept(parser, plain[i].word)) {
            *ret_parsed = extract_of(plain[i].kind, NULL);
            return true;
        }
    return false;
}

static struct parsed take_json(struct parser *parser)
{
    struct lexeme at = parser->lexeme;
    const char *path = expectation_argument(parser);

    if (path[0] != '.')
        parser_fail(parser, &at, "a JSON path begins with a point, like '.version'");
    return extract_of(EXTRACT_JSON_NUMBER, path);
}

struct parsed expectation_primary(struct parser *parser)
{
    struct lexeme at = parser->lexeme;
    struct parsed parsed;

    if (accept_plain(parser, &parsed))
        return parsed;
    if (parser->smoke == SMOKE_HTTP && parser_accept(parser, "header"))
        return extract_of(EXTRACT_HEADER_EQUALS, expectation_argument(parser));
    if ((parser->smoke == SMOKE_HTTP || parser->smoke == SMOKE_EXEC) && parser_accept(parser, "json"))
        return take_json(parser);
    parser_fail(parser, &at, "unknown word '%.*s'; known are %s", (int)at.length, at.start,
                words_of[parser->smoke]);
    return extract_of(EXTRACT_TIME_MS, NULL);
}

/* What is searched for a pattern, as it is called; NULL: nothing is. */
static const char *searched(enum smoke_extract_kind kind)
{
    switch (kind) {
    case EXTRACT_BODY_MATCHES:
        return "body";
    case EXTRACT_BANNER_MATCHES:
        return "banner";
    case EXTRACT_OUTPUT_MATCHES:
        return "output";
    case EXTRACT_STATUS:
    case EXTRACT_TIME_MS:
    case EXTRACT_JSON_NUMBER:
    case EXTRACT_JSON_EQUALS:
    case EXTRACT_HEADER_EQUALS:
    case EXTRACT_DAYS_LEFT:
    case EXTRACT_EXIT:
        return NULL;
    }
    return NULL;
}

void expectation_number(struct parser *parser, const struct parsed *operand, const struct lexeme *at)
{
    if (operand->extract.kind == EXTRACT_HEADER_EQUALS)
        parser_fail(parser, at, "a header is compared with == or != and a text in single quotes");
    else if (searched(operand->extract.kind) != NULL)
        parser_fail(parser, at, "%s is compared with =~ or !~ and a pattern in single quotes",
                    searched(operand->extract.kind));
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
    case EXTRACT_BANNER_MATCHES:
    case EXTRACT_OUTPUT_MATCHES:
        return is_match;
    case EXTRACT_STATUS:
    case EXTRACT_TIME_MS:
    case EXTRACT_DAYS_LEFT:
    case EXTRACT_EXIT:
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
    if (searched(extract.kind) != NULL)
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
        .smoke = ret_check->kind,
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
