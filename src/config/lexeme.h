/* lexeme.h - the words of the expression language.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_LEXEME_H
#define CONFIG_LEXEME_H

#include <stdbool.h>
#include <stddef.h>

enum lexeme_kind {
    LEXEME_END,
    LEXEME_WORD,   /* [A-Za-z_][A-Za-z0-9_]* */
    LEXEME_NUMBER, /* with its unit */
    LEXEME_TEXT,   /* 'in single quotes'; start and length are what stands inside */
    LEXEME_SIGN,   /* ( ) , + - * / < <= > >= == != = =~ !~ && || */
    LEXEME_BROKEN  /* `problem` says why */
};

enum number_unit {
    UNIT_PLAIN,   /* k, M, G are multiplied in */
    UNIT_PERCENT, /* `number` is the share: 5% is 0.05 */
    UNIT_POINTS,  /* percentage points: 0.5pp is 0.005 */
    UNIT_SECONDS  /* ms s m h d; `number` in seconds */
};

struct lexeme {
    enum lexeme_kind kind;
    enum number_unit unit;
    unsigned column; /* from 1 */
    const char *start;
    size_t length;
    double number;
    const char *problem;
};

/* The next word of `text` from *at on; moves *at behind it. */
struct lexeme lexeme_next(const char *text, size_t *at);

bool lexeme_is(const struct lexeme *lexeme, const char *word);

#endif
