/* text.c - bounded text, names, numbers.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEAREST_WORD_MAX = 64, NEAREST_DISTANCE_MAX = 2, SHORT_DIGITS_MAX = 15 };

void text_init(struct text *text, char *memory, size_t size)
{
    text->data = memory;
    text->size = size;
    text->length = 0;
    text->is_cut = false;
    memory[0] = '\0';
}

void text_add(struct text *text, const char *format, ...)
{
    va_list arguments;
    size_t room = text->size - text->length;

    va_start(arguments, format);
    int wanted = vsnprintf(text->data + text->length, room, format, arguments);
    va_end(arguments);
    if (wanted < 0)
        return;
    if ((size_t)wanted >= room) {
        text->length = text->size - 1;
        text->is_cut = true;
        return;
    }
    text->length += (size_t)wanted;
}

void text_add_bytes(struct text *text, const char *bytes, size_t length)
{
    size_t room = text->size - text->length - 1;

    if (length > room) {
        length = room;
        text->is_cut = true;
    }
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_add_text(struct text *text, const char *added)
{
    text_add_bytes(text, added, strlen(added));
}

void text_add_whole(struct text *text, uint64_t number)
{
    char digits[20]; /* of 2^64 - 1 */
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    text_add_bytes(text, digits + at, sizeof(digits) - at);
}

bool text_copy(char *to, size_t size, const char *from)
{
    size_t length = strlen(from);

    if (length >= size)
        return false;
    memcpy(to, from, length + 1);
    return true;
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

bool text_is_name(const char *text)
{
    size_t length = 0;

    if (!is_lower(text[0]))
        return false;
    for (; text[length] != '\0'; length++)
        if (!is_lower(text[length]) && !is_digit(text[length]) && text[length] != '-')
            return false;
    return length <= NAME_MAX_LENGTH;
}

bool text_is_metric(const char *text)
{
    size_t length = 0;

    if (!is_lower(text[0]))
        return false;
    for (; text[length] != '\0'; length++)
        if (!is_lower(text[length]) && !is_digit(text[length]) && text[length] != '_')
            return false;
    return length <= METRIC_MAX_LENGTH;
}

bool text_is_version(const char *text)
{
    size_t length = 0;

    if (!is_lower(text[0]) && !is_digit(text[0]) && !is_upper(text[0]))
        return false;
    for (; text[length] != '\0'; length++)
        if (!is_lower(text[length]) && !is_digit(text[length]) && !is_upper(text[length]) &&
            strchr("._+~-", text[length]) == NULL)
            return false;
    return length <= VERSION_MAX_LENGTH;
}

bool text_is_digest(const char *text)
{
    const char *colon = strchr(text, ':');

    if (colon == NULL || colon == text || strlen(text) > DIGEST_MAX_LENGTH)
        return false;
    for (const char *at = text; at < colon; at++)
        if (!is_lower(*at) && !is_digit(*at))
            return false;
    size_t digits = strspn(colon + 1, "0123456789abcdef");
    return digits >= 32 && colon[1 + digits] == '\0';
}

bool text_is_web_url(const char *text)
{
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

/* The host of "http://HOST:PORT/..." as it stands there, "" where the URL names somebody too. */
static size_t host_length(const char *host)
{
    size_t length = strcspn(host, "/?#");

    if (memchr(host, '@', length) != NULL)
        return 0;
    size_t bracket = host[0] == '[' ? strcspn(host, "]/?#") : 0;
    size_t name = bracket + strcspn(host + bracket, ":/?#");
    return name < length ? name : length;
}

bool text_is_private_url(const char *text)
{
    static const char *const hosts[] = {"localhost", "[::1]"};
    const char *host = text + 7;

    if (strncmp(text, "https://", 8) == 0)
        return true;
    if (strncmp(text, "http://", 7) != 0)
        return false;
    size_t length = host_length(host);
    for (size_t i = 0; i < ARRAY_LENGTH(hosts); i++)
        if (length == strlen(hosts[i]) && strncmp(host, hosts[i], length) == 0)
            return true;
    return strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == length;
}

/* Most numbers: few enough digits to be whole, perhaps with a point. Exact, since whole numbers below 2^53
 * and powers of ten up to 10^22 are, and a division is rounded once. False: find out in another way. */
static bool read_short(const char *text, double *ret_number)
{
    static const double powers[SHORT_DIGITS_MAX + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                        1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const char *at = text + (text[0] == '-');
    const char *point = NULL;
    int64_t whole = 0;
    size_t count = 0;

    for (; is_digit(*at) || (*at == '.' && point == NULL); at++) {
        if (*at == '.') {
            point = at;
        } else if (count++ < SHORT_DIGITS_MAX)
            whole = whole * 10 + (*at - '0');
    }
    if (*at != '\0' || count == 0 || count > SHORT_DIGITS_MAX || FLT_EVAL_METHOD != 0)
        return false;
    double number = (double)whole / powers[point != NULL ? at - point - 1 : 0];
    *ret_number = text[0] == '-' ? -number : number;
    return true;
}

bool text_to_number(const char *text, double *ret_number)
{
    char *end = NULL;

    if (read_short(text, ret_number))
        return true;
    if (text[0] == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0')
        return false;
    errno = 0;
    double number = strtod(text, &end);
    if (*end != '\0' || !isfinite(number))
        return false;
    *ret_number = number;
    return true;
}

bool text_to_integer(const char *text, int64_t min, int64_t max, int64_t *ret_integer)
{
    char *end = NULL;

    if (!is_digit(text[0]) && text[0] != '-')
        return false;
    errno = 0;
    long long integer = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || end == text || integer < min || integer > max)
        return false;
    *ret_integer = integer;
    return true;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance with one row. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[NEAREST_WORD_MAX + 1];
    size_t length = strlen(b);

    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t above = row[j + 1];
            row[j + 1] = smaller(smaller(row[j], above) + 1, diagonal + (a[i] != b[j]));
            diagonal = above;
        }
    }
    return row[length];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    size_t best = NEAREST_DISTANCE_MAX + 1;

    if (strlen(word) > NEAREST_WORD_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(candidates[i]) > NEAREST_WORD_MAX)
            continue;
        size_t distance = edit_distance(word, candidates[i]);
        if (distance < best) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}
