/* lexeme.c - the words of the expression language.
 * SPDX-License-Identifier: MIT */
#include "config/lexeme.h"

#include "base/attributes.h"
#include "base/text.h"

#include <string.h>

enum { NUMBER_LENGTH_MAX = 31 };

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
static const char word_rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
static const char unit_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz%";
static const char digits[] = "0123456789";

/* The longer sign stands before the shorter one that it begins with. */
static const char *const signs[] = {"<=", ">=", "==", "!=", "=~", "!~", "&&", "||", "<",
                                    ">",  "=",  "(",  ")",  ",",  "+",  "-",  "*",  "/"};

/* A division gives the double nearest to what is meant, a factor 0.01 does not: 7% is 0.07. */
struct unit {
    const char *name;
    enum number_unit unit;
    double factor;
    double divisor;
};

static const struct unit units[] = {
    {"%", UNIT_PERCENT, 1, 100}, {"pp", UNIT_POINTS, 1, 100},   {"ms", UNIT_SECONDS, 1, 1000},
    {"s", UNIT_SECONDS, 1, 1},   {"m", UNIT_SECONDS, 60, 1},    {"h", UNIT_SECONDS, 3600, 1},
    {"k", UNIT_PLAIN, 1e3, 1},   {"d", UNIT_SECONDS, 86400, 1}, {"M", UNIT_PLAIN, 1e6, 1},
    {"G", UNIT_PLAIN, 1e9, 1},
};

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static const struct unit *find_unit(const char *name, size_t length)
{
    for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
        if (strlen(units[i].name) == length && strncmp(units[i].name, name, length) == 0)
            return &units[i];
    return NULL;
}

static struct lexeme broken(struct lexeme lexeme, const char *problem)
{
    lexeme.kind = LEXEME_BROKEN;
    lexeme.problem = problem;
    return lexeme;
}

/* Digits with at most one point inside, at `at`; their length, 0 where there are none. */
static size_t decimal(const char *at, double *ret_number)
{
    char number[NUMBER_LENGTH_MAX + 1];
    size_t length = strspn(at, digits);

    if (length > 0 && at[length] == '.' && is_one_of(at[length + 1], digits))
        length += 1 + strspn(at + length + 1, digits);
    if (length == 0 || length > NUMBER_LENGTH_MAX)
        return 0;
    memcpy(number, at, length);
    number[length] = '\0';
    return text_to_number(number, ret_number) ? length : 0;
}

/* What is wrong with one NUMBER UNIT behind others of the lexeme, or NULL. */
static const char *check_part(const struct lexeme *lexeme, bool is_first, size_t length, size_t unit_length,
                              const struct unit *unit)
{
    if (length == 0)
        return "this is no number";
    if (unit == NULL && unit_length > 0)
        return "unknown unit; known are % pp ms s m h d k M G";
    if (unit != NULL && !is_first && unit->unit != lexeme->unit)
        return "only times may stand together, like 1h30m";
    return unit == NULL && !is_first ? "a unit is missing behind the last number" : NULL;
}

/* One NUMBER UNIT at `at`, added to the lexeme; its length, 0 where `problem` is set. */
static size_t take_part(struct lexeme *lexeme, const char *at)
{
    double number = 0;
    size_t length = decimal(at, &number);
    size_t unit_length = strspn(at + length, unit_letters);
    const struct unit *unit = find_unit(at + length, unit_length);

    lexeme->problem = check_part(lexeme, at == lexeme->start, length, unit_length, unit);
    if (lexeme->problem != NULL)
        return 0;
    lexeme->unit = unit == NULL ? UNIT_PLAIN : unit->unit;
    lexeme->number += unit == NULL ? number : number * unit->factor / unit->divisor;
    return length + unit_length;
}

/* NUMBER UNIT, and for times more of them behind it: 1h30m. */
static struct lexeme take_number(struct lexeme lexeme)
{
    const char *at = lexeme.start;

    do {
        at += take_part(&lexeme, at);
        if (lexeme.problem != NULL)
            return broken(lexeme, lexeme.problem);
    } while (lexeme.unit == UNIT_SECONDS && is_one_of(*at, digits));
    if (is_one_of(*at, word_rest) || *at == '.')
        return broken(lexeme, "this is no number");
    lexeme.kind = LEXEME_NUMBER;
    lexeme.length = (size_t)(at - lexeme.start);
    return lexeme;
}

static struct lexeme take_text(struct lexeme lexeme)
{
    const char *end = strchr(lexeme.start + 1, '\'');

    if (end == NULL)
        return broken(lexeme, "a text without its closing '");
    lexeme.kind = LEXEME_TEXT;
    lexeme.start++;
    lexeme.length = (size_t)(end - lexeme.start);
    return lexeme;
}

static struct lexeme take_sign(struct lexeme lexeme)
{
    for (size_t i = 0; i < ARRAY_LENGTH(signs); i++) {
        if (strncmp(lexeme.start, signs[i], strlen(signs[i])) != 0)
            continue;
        lexeme.kind = LEXEME_SIGN;
        lexeme.length = strlen(signs[i]);
        return lexeme;
    }
    return broken(lexeme, "nothing begins like this");
}

struct lexeme lexeme_next(const char *text, size_t *at)
{
    *at += strspn(text + *at, " \t\r\n");
    struct lexeme lexeme = {.column = (unsigned)*at + 1, .start = text + *at};

    if (text[*at] == '\0')
        return lexeme;
    if (is_one_of(text[*at], letters)) {
        lexeme.kind = LEXEME_WORD;
        lexeme.length = strspn(lexeme.start, word_rest);
    } else if (is_one_of(text[*at], digits)) {
        lexeme = take_number(lexeme);
    } else if (text[*at] == '\'') {
        lexeme = take_text(lexeme);
    } else {
        lexeme = take_sign(lexeme);
    }
    *at = (size_t)(lexeme.start - text) + lexeme.length + (lexeme.kind == LEXEME_TEXT);
    return lexeme;
}

bool lexeme_is(const struct lexeme *lexeme, const char *word)
{
    return (lexeme->kind == LEXEME_WORD || lexeme->kind == LEXEME_SIGN) && lexeme->length == strlen(word) &&
           strncmp(lexeme->start, word, lexeme->length) == 0;
}
