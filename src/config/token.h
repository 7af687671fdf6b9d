/* token.h - the words of a libconfig text, with their lines.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_TOKEN_H
#define CONFIG_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

enum token_kind {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_TEXT, /* with its quotes */
    TOKEN_NUMBER,
    TOKEN_GLUED,        /* a number with something stuck to it: 5m, 5%, 10.0.0.1:80 */
    TOKEN_SIGN,         /* one of { } ( ) [ ] : = ; , */
    TOKEN_INCLUDE,      /* @include */
    TOKEN_OPEN_TEXT,    /* no closing quote up to the end */
    TOKEN_OPEN_COMMENT, /* no closing star and slash */
    TOKEN_STRANGE       /* a character that no word begins with */
};

struct token {
    enum token_kind kind;
    const char *start;
    size_t length;
    unsigned line;     /* where it begins */
    unsigned end_line; /* and ends */
};

struct token_stream {
    const char *at;
    unsigned line;
};

struct token token_next(struct token_stream *stream);

bool token_is_sign(const struct token *token, char sign);
bool token_is(const struct token *token, const char *word);

#endif
