/* syntax.c - the grammar of libconfig 1.5, walked word by word.
 * SPDX-License-Identifier: MIT */
#include "config/syntax.h"

#include "config/token.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum expected {
    EXPECT_NAME,    /* of the next setting, or the end of the group */
    EXPECT_EQUALS,  /* between name and value */
    EXPECT_VALUE,   /* of a setting */
    EXPECT_AFTER,   /* behind the value of a setting */
    EXPECT_ELEMENT, /* of a list, or its end */
    EXPECT_COMMA    /* behind an element */
};

struct frame {
    char open; /* '{' (the whole file too), '(' or '[' */
    unsigned line;
    enum expected expected;
    size_t count;     /* settings so far */
    bool after_comma; /* ELEMENT: a comma stands before */
    bool is_text;     /* AFTER: the value is a text, more text joins */
};

struct syntax {
    const struct source *source;
    struct config_report *report;
    struct token_stream stream;
    struct token token;
    struct token name;      /* of the present setting */
    struct token long_text; /* newest text of several lines; line 0: none */
    size_t definitions;
    size_t depth; /* index of the present frame */
    struct frame frames[SYNTAX_DEPTH_MAX];
};

enum { SHOWN_MAX = 40 };

static int shown(const struct token *token)
{
    return token->length > SHOWN_MAX ? SHOWN_MAX : (int)token->length;
}

static struct frame *top(struct syntax *syntax)
{
    return &syntax->frames[syntax->depth];
}

/* A mistake after which nothing else can be said. A text that runs over a line end just before is the likely
 * cause: its closing quote is missing. */
static bool lost(struct syntax *syntax, const char *what)
{
    const struct token *token = &syntax->token;
    const struct token *text = &syntax->long_text;

    if (text->line > 0 && text->end_line == token->line)
        return report_add(syntax->report, syntax->source, text->line,
                          "the text that begins here has no closing quote in its line; add the \"");
    if (token->kind == TOKEN_END)
        return report_add(syntax->report, syntax->source, token->line, "%s, but the file ends", what);
    return report_add(syntax->report, syntax->source, token->line, "%s, but there is '%.*s'", what,
                      shown(token), token->start);
}

static void check_number(struct syntax *syntax)
{
    const struct token *token = &syntax->token;
    char number[64];
    bool is_long = token->start[token->length - 1] == 'L';
    bool is_hex = token->length > 2 && (token->start[1] == 'x' || token->start[1] == 'X');

    if (token->length >= sizeof(number)) {
        report_add(syntax->report, syntax->source, token->line, "a number of %zu digits", token->length);
        return;
    }
    memcpy(number, token->start, token->length);
    number[token->length] = '\0';
    if (!is_hex && strpbrk(number, ".eE") != NULL) {
        if (!isfinite(strtod(number, NULL)))
            report_add(syntax->report, syntax->source, token->line, "%s is too large for a number", number);
        return;
    }
    errno = 0;
    long long value = strtoll(number, NULL, is_hex ? 16 : 10);
    if (errno != 0)
        report_add(syntax->report, syntax->source, token->line,
                   "%s is too large for a whole number; write a smaller one", number);
    else if (!is_long && (value > INT32_MAX || value < INT32_MIN))
        report_add(syntax->report, syntax->source, token->line,
                   "%s would be cut to 32 bits; write it with an L behind: %sL", number, number);
}

/* \xHH could smuggle a NUL in, which ends the text without a word. */
static void check_text(struct syntax *syntax)
{
    const struct token *token = &syntax->token;

    if (token->end_line > token->line)
        syntax->long_text = *token;
    for (size_t i = 0; i + 1 < token->length; i++) {
        if (token->start[i] != '\\')
            continue;
        i++;
        if (token->start[i] == 'x')
            report_add(syntax->report, syntax->source, token->line,
                       "\\x is not known in texts; write the character itself (UTF-8)");
    }
}

static void check_word(struct syntax *syntax)
{
    const struct token *token = &syntax->token;

    if (token->kind == TOKEN_GLUED)
        report_add(syntax->report, syntax->source, token->line, "%.*s needs quotes: write \"%.*s\"",
                   shown(token), token->start, shown(token), token->start);
    else if (!token_is(token, "true") && !token_is(token, "false"))
        report_add(syntax->report, syntax->source, token->line, "the value %.*s needs quotes: write \"%.*s\"",
                   shown(token), token->start, shown(token), token->start);
}

static void value_done(struct syntax *syntax, bool is_text)
{
    struct frame *frame = top(syntax);

    frame->expected = frame->open == '{' ? EXPECT_AFTER : EXPECT_COMMA;
    frame->is_text = is_text;
}

static bool open_frame(struct syntax *syntax)
{
    char open = syntax->token.start[0];

    if (top(syntax)->open == '[')
        return lost(syntax, "[ ] holds plain values only; use ( ) here");
    if (syntax->depth + 1 == SYNTAX_DEPTH_MAX)
        return lost(syntax, "groups and lists stand too deep in one another");
    if (open == '{' && top(syntax)->open == '{' && ++syntax->definitions > CONFIG_DEFINITIONS_MAX)
        return report_add(syntax->report, syntax->source, syntax->token.line,
                          "more than %d definitions in one file; split it", CONFIG_DEFINITIONS_MAX);
    value_done(syntax, false);
    syntax->frames[++syntax->depth] = (struct frame){
        .open = open,
        .line = syntax->token.line,
        .expected = open == '{' ? EXPECT_NAME : EXPECT_ELEMENT,
    };
    return true;
}

static bool is_open(const struct token *token)
{
    return token_is_sign(token, '{') || token_is_sign(token, '(') || token_is_sign(token, '[');
}

static bool begins_value(const struct token *token)
{
    return token->kind == TOKEN_TEXT || token->kind == TOKEN_NUMBER || token->kind == TOKEN_GLUED ||
           token->kind == TOKEN_NAME || is_open(token);
}

static bool take_value(struct syntax *syntax)
{
    const struct token *token = &syntax->token;

    if (is_open(token))
        return open_frame(syntax);
    if (!begins_value(token))
        return lost(syntax, "a value is missing here");
    if (token->kind == TOKEN_TEXT)
        check_text(syntax);
    else if (token->kind == TOKEN_NUMBER)
        check_number(syntax);
    else
        check_word(syntax);
    value_done(syntax, token->kind == TOKEN_TEXT);
    return true;
}

static bool closes(const struct frame *frame, const struct token *token)
{
    char close = frame->open == '{' ? '}' : frame->open == '(' ? ')' : ']';

    return token_is_sign(token, close);
}

static bool close_frame(struct syntax *syntax)
{
    const struct frame *frame = top(syntax);

    if (syntax->depth == 0)
        return lost(syntax, "nothing is open here that could be closed");
    if (frame->after_comma)
        report_add(syntax->report, syntax->source, syntax->token.line,
                   "a comma stands before the closing %c; take it away", syntax->token.start[0]);
    syntax->depth--;
    return true;
}

static bool take_name(struct syntax *syntax)
{
    struct frame *frame = top(syntax);
    const struct token *token = &syntax->token;

    if (closes(frame, token))
        return close_frame(syntax);
    if (token->kind == TOKEN_NUMBER || token->kind == TOKEN_GLUED)
        return lost(syntax, "a name begins with a letter");
    if (token_is_sign(token, ';') || token_is_sign(token, ','))
        return lost(syntax, "a name or the end of the group is missing here");
    if (token->kind != TOKEN_NAME)
        return lost(syntax, "a name is missing here");
    if (++frame->count > CONFIG_DEFINITIONS_MAX)
        return report_add(syntax->report, syntax->source, token->line,
                          "more than %d names in one group; split it", CONFIG_DEFINITIONS_MAX);
    syntax->name = *token;
    frame->expected = EXPECT_EQUALS;
    return true;
}

static bool take_equals(struct syntax *syntax)
{
    if (!token_is_sign(&syntax->token, '=') && !token_is_sign(&syntax->token, ':')) {
        char what[128];
        (void)snprintf(what, sizeof(what), "'%.*s' needs = (or : before a group) behind it",
                       shown(&syntax->name), syntax->name.start);
        return lost(syntax, what);
    }
    top(syntax)->expected = EXPECT_VALUE;
    return true;
}

static bool take_after(struct syntax *syntax)
{
    struct frame *frame = top(syntax);

    if (frame->is_text && syntax->token.kind == TOKEN_TEXT) {
        check_text(syntax);
        return true;
    }
    frame->expected = EXPECT_NAME;
    if (token_is_sign(&syntax->token, ';') || token_is_sign(&syntax->token, ','))
        return true;
    return take_name(syntax);
}

static bool take_element(struct syntax *syntax)
{
    if (closes(top(syntax), &syntax->token))
        return close_frame(syntax);
    top(syntax)->after_comma = false;
    return take_value(syntax);
}

static bool take_comma(struct syntax *syntax)
{
    struct frame *frame = top(syntax);
    const struct token *token = &syntax->token;

    if (closes(frame, token))
        return close_frame(syntax);
    frame->expected = EXPECT_ELEMENT;
    frame->after_comma = token_is_sign(token, ',');
    if (frame->after_comma)
        return true;
    if (!begins_value(token))
        return lost(syntax, "a comma or the end of the list is missing here");
    report_add(syntax->report, syntax->source, token->line,
               "comma missing before line %u: put one between the elements of the list", token->line);
    return take_value(syntax);
}

/* Words that are wrong wherever they stand. */
static bool check_token(struct syntax *syntax)
{
    const struct token *token = &syntax->token;
    unsigned line = syntax->long_text.line > 0 ? syntax->long_text.line : token->line;

    if (token->kind == TOKEN_OPEN_TEXT)
        return report_add(syntax->report, syntax->source, line,
                          "the text that begins here has no closing quote; add the \"");
    if (token->kind == TOKEN_OPEN_COMMENT)
        return report_add(syntax->report, syntax->source, token->line,
                          "the comment that begins here has no end; add the */");
    if (token->kind == TOKEN_INCLUDE)
        return report_add(syntax->report, syntax->source, token->line,
                          "@include is not known; every *.rules file of the folder is read by itself");
    if (token_is_sign(token, ';') && top(syntax)->open != '{')
        return lost(syntax, "elements of a list are separated by commas");
    if (token->kind == TOKEN_STRANGE && token->start[0] == '\'')
        return lost(syntax, "texts stand in double quotes");
    return token->kind != TOKEN_STRANGE || lost(syntax, "nothing begins like this");
}

static bool take_token(struct syntax *syntax)
{
    if (!check_token(syntax))
        return false;
    switch (top(syntax)->expected) {
    case EXPECT_NAME:
        return take_name(syntax);
    case EXPECT_EQUALS:
        return take_equals(syntax);
    case EXPECT_VALUE:
        return take_value(syntax);
    case EXPECT_AFTER:
        return take_after(syntax);
    case EXPECT_ELEMENT:
        return take_element(syntax);
    case EXPECT_COMMA:
        return take_comma(syntax);
    }
    return false;
}

static bool at_end(struct syntax *syntax)
{
    const struct frame *frame = top(syntax);

    if (syntax->depth > 0)
        return report_add(syntax->report, syntax->source, frame->line,
                          "the %c that is opened here is never closed; a %c is missing further down",
                          frame->open,
                          frame->open == '{'   ? '}'
                          : frame->open == '[' ? ']'
                                               : ')');
    if (frame->expected == EXPECT_EQUALS || frame->expected == EXPECT_VALUE)
        return lost(syntax, "a value is missing here");
    return true;
}

static void walk(struct syntax *syntax)
{
    do {
        syntax->token = token_next(&syntax->stream);
        if (syntax->token.kind == TOKEN_END) {
            (void)at_end(syntax);
            return;
        }
    } while (take_token(syntax));
}

/* Bytes that follow a first byte of UTF-8; SIZE_MAX: none begins with it. */
static size_t continuation_count(unsigned char first)
{
    if (first < 0x80)
        return 0;
    if (first >= 0xc2 && first < 0xe0)
        return 1;
    if (first >= 0xe0 && first < 0xf0)
        return 2;
    return first >= 0xf0 && first < 0xf5 ? 3 : SIZE_MAX;
}

static bool is_plain(const unsigned char *at, size_t *ret_length)
{
    size_t count = continuation_count(at[0]);

    if (count == SIZE_MAX || at[0] == 0x7f || (at[0] < 0x20 && strchr("\t\n\r\f", at[0]) == NULL))
        return false;
    for (size_t i = 1; i <= count; i++)
        if ((at[i] & 0xc0) != 0x80)
            return false;
    *ret_length = count + 1;
    return true;
}

static bool check_bytes(const struct source *source, struct config_report *report)
{
    unsigned line = 1;
    size_t length = 0;

    if (strncmp(source->text, "\xef\xbb\xbf", 3) == 0)
        return report_add(report, source, 1, "the file begins with a byte order mark; save it without one");
    for (const char *at = source->text; *at != '\0'; at += length) {
        if (!is_plain((const unsigned char *)at, &length))
            return report_add(report, source, line,
                              "a byte that is neither UTF-8 nor plain text (0x%02x); remove it",
                              (unsigned char)*at);
        line += *at == '\n';
    }
    return true;
}

bool syntax_check(const struct source *source, struct config_report *report)
{
    struct syntax syntax = {
        .source = source,
        .report = report,
        .stream = {.at = source->text, .line = 1},
        .frames = {{.open = '{', .line = 1, .expected = EXPECT_NAME}},
    };
    size_t before = report->said;

    if (check_bytes(source, report))
        walk(&syntax);
    return report->said == before;
}
