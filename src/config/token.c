/* token.c - the words of a libconfig text.
 * SPDX-License-Identifier: MIT */
#include "config/token.h"

#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz*";
static const char name_rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-_";
static const char digits[] = "0123456789";
static const char ends[] = " \t\r\n\f,;(){}[]\"'#";

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static void go(struct token_stream *stream, size_t length)
{
    for (size_t i = 0; i < length; i++)
        stream->line += stream->at[i] == '\n';
    stream->at += length;
}

/* Length of the block comment at `text`, 0 where it has no end. */
static size_t block_comment(const char *text)
{
    const char *end = strstr(text + 2, "*/");

    return end == NULL ? 0 : (size_t)(end - text) + 2;
}

/* Moves behind blanks and comments; false: at a comment without an end. */
static bool skip_blank(struct token_stream *stream)
{
    while (*stream->at != '\0') {
        const char *at = stream->at;
        size_t length = strspn(at, " \t\r\n\f");
        if (at[0] == '#' || (at[0] == '/' && at[1] == '/')) {
            length = strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            length = block_comment(at);
            if (length == 0)
                return false;
        }
        if (length == 0)
            return true;
        go(stream, length);
    }
    return true;
}

/* Length of the text at `start` with both quotes, 0 where the second one is missing. */
static size_t text_length(const char *start)
{
    const char *at = start + 1;

    while (*at != '\0' && *at != '"')
        at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
    return *at == '"' ? (size_t)(at - start) + 1 : 0;
}

static size_t decimal_length(const char *start)
{
    size_t length = is_one_of(start[0], "+-");
    size_t before = strspn(start + length, digits);
    size_t after = 0;

    length += before;
    if (start[length] == '.') {
        after = strspn(start + length + 1, digits);
        length += 1 + after;
    }
    if (before + after == 0)
        return 0;
    if (is_one_of(start[length], "eE")) {
        size_t sign = is_one_of(start[length + 1], "+-");
        size_t exponent = strspn(start + length + 1 + sign, digits);
        if (exponent > 0)
            length += 1 + sign + exponent;
    }
    return length;
}

/* Length of the number at `start`, 0 where there is none. */
static size_t number_length(const char *start)
{
    size_t length = decimal_length(start);

    if (length == 1 && start[0] == '0' && is_one_of(start[1], "xX"))
        length = 2 + strspn(start + 2, "0123456789abcdefABCDEF");
    if (length > 0)
        length += strspn(start + length, "L") > 2 ? 2 : strspn(start + length, "L");
    return length;
}

static bool begins_comment(const char *at)
{
    return at[0] == '/' && (at[1] == '/' || at[1] == '*');
}

static void take_number(const char *at, struct token *token)
{
    size_t whole = 0;

    token->kind = TOKEN_NUMBER;
    while (at[whole] != '\0' && !is_one_of(at[whole], ends) && !begins_comment(at + whole))
        whole++;
    if (whole > token->length) {
        token->kind = TOKEN_GLUED;
        token->length = whole;
    }
}

static void take(const char *at, struct token *token)
{
    token->length = 1;
    if (*at == '\0') {
        token->kind = TOKEN_END;
        token->length = 0;
    } else if (*at == '"') {
        token->length = text_length(at);
        token->kind = token->length > 0 ? TOKEN_TEXT : TOKEN_OPEN_TEXT;
        if (token->length == 0)
            token->length = strlen(at);
    } else if (is_one_of(*at, letters)) {
        token->kind = TOKEN_NAME;
        token->length = strspn(at, name_rest);
    } else if (is_one_of(*at, "{}()[]:=;,")) {
        token->kind = TOKEN_SIGN;
    } else if (strncmp(at, "@include", strlen("@include")) == 0) {
        token->kind = TOKEN_INCLUDE;
        token->length = strlen("@include");
    } else if (number_length(at) > 0) {
        token->length = number_length(at);
        take_number(at, token);
    } else {
        token->kind = TOKEN_STRANGE;
    }
}

struct token token_next(struct token_stream *stream)
{
    struct token token = {.kind = TOKEN_OPEN_COMMENT};
    bool is_word = skip_blank(stream);

    token.start = stream->at;
    token.line = stream->line;
    token.length = strlen(stream->at);
    if (is_word)
        take(stream->at, &token);
    go(stream, token.length);
    token.end_line = stream->line;
    return token;
}

bool token_is_sign(const struct token *token, char sign)
{
    return token->kind == TOKEN_SIGN && token->start[0] == sign;
}

bool token_is(const struct token *token, const char *word)
{
    return token->length == strlen(word) && strncmp(token->start, word, token->length) == 0;
}
