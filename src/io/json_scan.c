/* json_scan.c - a recursive-descent recogniser of RFC 8259 with limits and without mercy.
 * SPDX-License-Identifier: MIT */
#include "io/json_scan.h"

#include "io/memory.h"
#include "io/utf8.h"

#include <assert.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NUMBER_LENGTH_MAX = 63, /* cJSON cuts longer ones in silence */
    EXACT_LENGTH_MAX = 15,  /* an integer of so many digits is less than 2^53 */
    NAME_SHOWN_MAX = 64,
    FEW_NAMES = 8 /* so many are compared each with each, more are sorted */
};

struct key {
    const char *text; /* behind the opening quote, still escaped */
    size_t length;
};

struct scan {
    const char *bytes;
    size_t length;
    size_t at;
    size_t depth;
    size_t value_count;
    const struct json_limits *limits;
    size_t name_count; /* of all objects */
    struct key *keys;  /* of the objects that the cursor is in, the innermost last */
    size_t key_count;
    size_t key_size;
    struct err *err;
};

static bool scan_value(struct scan *scan);

static bool refuse(const struct scan *scan, size_t offset, const char *what)
{
    return err_set(scan->err, ERR_INVALID, "offset %zu: %s", offset, what);
}

static bool exceed(const struct scan *scan, const char *what, size_t max)
{
    return err_set(scan->err, ERR_LIMIT, "offset %zu: %s than %zu", scan->at, what, max);
}

/* The byte at the cursor; '\0', which no rule allows, at the end. */
static char peek(const struct scan *scan)
{
    return scan->at < scan->length ? scan->bytes[scan->at] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void skip_space(struct scan *scan)
{
    while (is_space(peek(scan)))
        scan->at++;
}

static bool unexpected(const struct scan *scan, const char *expected)
{
    if (scan->at >= scan->length)
        return err_set(scan->err, ERR_INVALID, "offset %zu: the text ends, expected %s", scan->at, expected);
    return err_set(scan->err, ERR_INVALID, "offset %zu: expected %s", scan->at, expected);
}

/* Four hexadecimal digits, or -1. */
static int32_t read_hex(const char *text, size_t left)
{
    static const char digits[] = "00112233445566778899aAbBcCdDeEfF";
    int32_t unit = 0;

    if (left < 4)
        return -1;
    for (size_t i = 0; i < 4; i++) {
        const char *digit = text[i] == '\0' ? NULL : strchr(digits, text[i]);
        if (digit == NULL)
            return -1;
        unit = unit * 16 + (int32_t)((digit - digits) / 2);
    }
    return unit;
}

static bool is_high(int32_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(int32_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* The cursor stands behind `\u`. */
static bool scan_unicode_escape(struct scan *scan)
{
    const char *text = scan->bytes + scan->at;
    size_t left = scan->length - scan->at;
    int32_t unit = read_hex(text, left);

    if (unit < 0)
        return refuse(scan, scan->at, "\\u takes four hexadecimal digits");
    if (unit == 0)
        return refuse(scan, scan->at, "\\u0000 is not allowed");
    scan->at += 4;
    if (!is_high(unit) && !is_low(unit))
        return true;
    if (is_low(unit) || left < 10 || text[4] != '\\' || text[5] != 'u' || !is_low(read_hex(text + 6, 4)))
        return refuse(scan, scan->at - 4, "half of a surrogate pair");
    scan->at += 6;
    return true;
}

/* The cursor stands on the backslash. */
static bool scan_escape(struct scan *scan)
{
    scan->at++;
    char kind = peek(scan);
    if (kind == '\0' || strchr("\"\\/bfnrtu", kind) == NULL)
        return refuse(scan, scan->at, "no such escape");
    scan->at++;
    return kind != 'u' || scan_unicode_escape(scan);
}

static bool scan_character(struct scan *scan)
{
    char byte = scan->bytes[scan->at];

    if (byte == '\\')
        return scan_escape(scan);
    if ((unsigned char)byte < ' ')
        return refuse(scan, scan->at, "a control character in a text must be escaped");
    size_t length = utf8_length(scan->bytes + scan->at, scan->length - scan->at);
    if (length == 0)
        return refuse(scan, scan->at, "not UTF-8");
    scan->at += length;
    return true;
}

static bool is_plain(char c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

/* The cursor stands on the opening quote. */
static bool scan_text(struct scan *scan)
{
    size_t start = scan->at++;

    while (scan->at < scan->length && scan->bytes[scan->at] != '"') {
        if (is_plain(scan->bytes[scan->at]))
            scan->at++;
        else if (!scan_character(scan))
            return false;
    }
    if (scan->at >= scan->length)
        return refuse(scan, start, "the text that begins here does not end");
    scan->at++;
    return true;
}

static bool scan_digits(struct scan *scan)
{
    if (!is_digit(peek(scan)))
        return unexpected(scan, "a digit");
    while (is_digit(peek(scan)))
        scan->at++;
    return true;
}

/* Does the double print as the very digits that were read? Only asked for integers of 2^53 and more. */
static bool is_exact(double number, const char *digits, size_t length)
{
    char printed[NUMBER_LENGTH_MAX + 16];
    int written = snprintf(printed, sizeof(printed), "%.0f", number);

    return (size_t)written == length && memcmp(printed, digits, length) == 0;
}

static bool check_number(const struct scan *scan, size_t start, bool is_integer, bool has_exponent)
{
    char digits[NUMBER_LENGTH_MAX + 1];
    size_t length = scan->at - start;

    if (length > NUMBER_LENGTH_MAX)
        return refuse(scan, start, "a number has at most 63 characters");
    if (!has_exponent && (!is_integer || length <= EXACT_LENGTH_MAX))
        return true; /* so short it is neither too large nor inexact */
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    memcpy(digits, scan->bytes + start, length);
    digits[length] = '\0';
    double number = strtod_l(digits, NULL, plain);
    freelocale(plain);
    if (!isfinite(number))
        return scan->limits->allows_infinity || refuse(scan, start, "the number is too large");
    if (!is_integer || scan->limits->allows_rounding || fabs(number) < (double)JSON_INTEGER_MAX)
        return true;
    if (!is_exact(number, digits, length))
        return refuse(scan, start, "the integer is too large to be exact");
    return true;
}

static bool scan_integer_part(struct scan *scan)
{
    if (peek(scan) == '-')
        scan->at++;
    if (peek(scan) != '0')
        return scan_digits(scan);
    scan->at++;
    if (is_digit(peek(scan)))
        return refuse(scan, scan->at, "a number does not begin with 0");
    return true;
}

static bool scan_exponent(struct scan *scan)
{
    scan->at++;
    if (peek(scan) == '+' || peek(scan) == '-')
        scan->at++;
    return scan_digits(scan);
}

static bool scan_number(struct scan *scan)
{
    size_t start = scan->at;
    bool is_integer = true;
    bool has_exponent = false;

    if (!scan_integer_part(scan))
        return false;
    if (peek(scan) == '.') {
        is_integer = false;
        scan->at++;
        if (!scan_digits(scan))
            return false;
    }
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        is_integer = false;
        has_exponent = true;
        if (!scan_exponent(scan))
            return false;
    }
    return check_number(scan, start, is_integer, has_exponent);
}

static bool scan_word(struct scan *scan, const char *word)
{
    size_t length = strlen(word);

    if (scan->length - scan->at < length || memcmp(scan->bytes + scan->at, word, length) != 0)
        return unexpected(scan, "a value");
    scan->at += length;
    return true;
}

static bool keep_key(struct scan *scan)
{
    size_t start = scan->at;

    if (peek(scan) != '"')
        return unexpected(scan, "a name in quotes");
    if (scan->name_count++ == scan->limits->keys_max)
        return exceed(scan, "more names", scan->limits->keys_max);
    if (!scan_text(scan))
        return false;
    if (scan->key_count == scan->key_size) {
        scan->key_size = scan->key_size == 0 ? 32 : scan->key_size * 2;
        scan->keys = memory_resize(scan->keys, scan->key_size * sizeof(*scan->keys));
    }
    scan->keys[scan->key_count++] =
        (struct key){.text = scan->bytes + start + 1, .length = scan->at - start - 2};
    return true;
}

static bool scan_member(struct scan *scan)
{
    skip_space(scan);
    if (!keep_key(scan))
        return false;
    skip_space(scan);
    if (peek(scan) != ':')
        return unexpected(scan, "':'");
    scan->at++;
    return scan_value(scan);
}

/* Behind a value inside an object or array: steps over the comma (true in *ret_more) or the end. */
static bool scan_separator(struct scan *scan, char end, bool *ret_more)
{
    skip_space(scan);
    char found = peek(scan);
    if (found != ',' && found != end)
        return unexpected(scan, end == '}' ? "',' or '}'" : "',' or ']'");
    scan->at++;
    *ret_more = found == ',';
    return true;
}

/* The code point at the cursor of a text that was scanned already, decoded. */
static uint32_t next_point(const char **at)
{
    static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    const char *text = *at;

    if (text[0] != '\\') {
        size_t length = utf8_length(text, UTF8_LENGTH_MAX);
        *at += length;
        return utf8_point(text, length);
    }
    if (text[1] != 'u') {
        *at += 2;
        for (size_t i = 0; escapes[i] != '\0'; i += 2)
            if (escapes[i] == text[1])
                return (unsigned char)escapes[i + 1];
    }
    int32_t unit = read_hex(text + 2, 4);
    *at += is_high(unit) ? 12 : 6;
    if (!is_high(unit))
        return (uint32_t)unit;
    return (uint32_t)(0x10000 + ((unit - 0xD800) << 10) + (read_hex(text + 8, 4) - 0xDC00));
}

static int compare_names(const struct key *a, const struct key *b)
{
    const char *a_at = a->text;
    const char *b_at = b->text;

    while (a_at < a->text + a->length && b_at < b->text + b->length) {
        uint32_t a_point = next_point(&a_at);
        uint32_t b_point = next_point(&b_at);
        if (a_point != b_point)
            return a_point < b_point ? -1 : 1;
    }
    return (a_at < a->text + a->length) - (b_at < b->text + b->length);
}

static int compare_keys(const void *left, const void *right)
{
    const struct key *a = left;
    const struct key *b = right;
    int order = compare_names(a, b);

    return order != 0 ? order : (a->text > b->text) - (a->text < b->text);
}

static bool is_twice(const struct scan *scan, const struct key *key)
{
    int shown = key->length < NAME_SHOWN_MAX ? (int)key->length : NAME_SHOWN_MAX;

    return err_set(scan->err, ERR_INVALID, "offset %zu: \"%.*s\" stands twice in one object",
                   (size_t)(key->text - scan->bytes) - 1, shown, key->text);
}

/* The names of the object that ends here; `first`: its first. */
static bool check_duplicates(struct scan *scan, size_t first)
{
    size_t count = scan->key_count - first;

    if (count < 2) /* there may be no keys at all */
        return true;
    struct key *keys = &scan->keys[first];
    if (count > FEW_NAMES)
        qsort(keys, count, sizeof(*keys), compare_keys);
    for (size_t i = 1; i < count; i++)
        for (size_t k = count > FEW_NAMES ? i - 1 : 0; k < i; k++)
            if (compare_names(&keys[k], &keys[i]) == 0)
                return is_twice(scan, &keys[i]);
    return true;
}

static bool scan_items(struct scan *scan, char end)
{
    bool has_more = true;

    scan->at++;
    skip_space(scan);
    if (peek(scan) == end) {
        scan->at++;
        return true;
    }
    while (has_more) {
        bool is_good = end == '}' ? scan_member(scan) : scan_value(scan);
        if (!is_good || !scan_separator(scan, end, &has_more))
            return false;
    }
    return true;
}

static bool scan_object(struct scan *scan)
{
    size_t first = scan->key_count;
    bool is_good = scan_items(scan, '}') && check_duplicates(scan, first);

    scan->key_count = first;
    return is_good;
}

static bool scan_any(struct scan *scan)
{
    switch (peek(scan)) {
    case '{':
        return scan_object(scan);
    case '[':
        return scan_items(scan, ']');
    case '"':
        return scan_text(scan);
    case 't':
        return scan_word(scan, "true");
    case 'f':
        return scan_word(scan, "false");
    case 'n':
        return scan_word(scan, "null");
    case '-':
        return scan_number(scan);
    default:
        return is_digit(peek(scan)) ? scan_number(scan) : unexpected(scan, "a value");
    }
}

static bool scan_value(struct scan *scan)
{
    skip_space(scan);
    if (scan->depth >= scan->limits->depth_max)
        return exceed(scan, "nested deeper", scan->limits->depth_max);
    if (scan->limits->values_max > 0 && scan->value_count++ == scan->limits->values_max)
        return exceed(scan, "more values", scan->limits->values_max);
    scan->depth++;
    bool is_good = scan_any(scan);
    scan->depth--;
    return is_good;
}

static bool scan_document(struct scan *scan)
{
    if (scan->length > scan->limits->size_max)
        return err_set(scan->err, ERR_LIMIT, "%zu bytes of JSON are more than %zu", scan->length,
                       scan->limits->size_max);
    if (scan->length >= 3 && memcmp(scan->bytes, "\xEF\xBB\xBF", 3) == 0)
        return refuse(scan, 0, "a byte order mark is not allowed");
    if (!scan_value(scan))
        return false;
    skip_space(scan);
    return scan->at == scan->length || refuse(scan, scan->at, "something stands behind the end of the value");
}

bool json_scan(const char *bytes, size_t length, const struct json_limits *limits, struct err *err)
{
    struct scan scan = {.bytes = bytes, .length = length, .limits = limits, .err = err};

    assert(limits->depth_max <= JSON_DEPTH_MAX);
    bool is_good = scan_document(&scan);
    free(scan.keys);
    return is_good;
}
