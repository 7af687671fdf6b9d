/* utf8.c - the table of well-formed byte sequences (Unicode, table 3-7).
 * SPDX-License-Identifier: MIT */
#include "io/utf8.h"

#include "base/attributes.h"
#include "io/memory.h"

#include <string.h>

struct sequence {
    unsigned char first_min, first_max;
    unsigned char second_min, second_max;
    size_t length;
};

static const struct sequence sequences[] = {
    {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
    {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
    {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

static bool continues(const unsigned char *bytes, size_t from, size_t length)
{
    for (size_t i = from; i < length; i++)
        if ((bytes[i] & 0xC0) != 0x80)
            return false;
    return true;
}

static bool matches(const struct sequence *sequence, const unsigned char *bytes, size_t left)
{
    return bytes[0] >= sequence->first_min && bytes[0] <= sequence->first_max && left >= sequence->length &&
           bytes[1] >= sequence->second_min && bytes[1] <= sequence->second_max &&
           continues(bytes, 2, sequence->length);
}

size_t utf8_length(const char *bytes, size_t left)
{
    const unsigned char *at = (const unsigned char *)bytes;

    if (left == 0)
        return 0;
    if (at[0] < 0x80)
        return 1;
    for (size_t i = 0; i < ARRAY_LENGTH(sequences); i++)
        if (matches(&sequences[i], at, left))
            return sequences[i].length;
    return 0;
}

uint32_t utf8_point(const char *bytes, size_t length)
{
    static const unsigned char first_masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t point = (unsigned char)bytes[0] & first_masks[length];

    for (size_t i = 1; i < length; i++)
        point = point << 6 | ((unsigned char)bytes[i] & 0x3F);
    return point;
}

bool utf8_is_control(const char *bytes, size_t length)
{
    uint32_t point = utf8_point(bytes, length);

    return (point >= 0x80 && point <= 0x9F) || (point >= 0x200E && point <= 0x200F) ||
           (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

/* Most texts are ASCII: eight bytes at a time, while none has its highest bit. */
static size_t ascii_length(const char *bytes, size_t length)
{
    uint64_t word = 0;
    size_t count = 0;

    for (; count + sizeof(word) <= length; count += sizeof(word)) {
        memcpy(&word, bytes + count, sizeof(word));
        if ((word & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    return count;
}

bool utf8_is_valid(const char *bytes, size_t length)
{
    while (length > 0) {
        size_t step = ascii_length(bytes, length);
        if (step == 0)
            step = utf8_length(bytes, length);
        if (step == 0)
            return false;
        bytes += step;
        length -= step;
    }
    return true;
}

char *utf8_mended(const char *text)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    size_t left = strlen(text);
    char *mended = memory_take(left * (sizeof(replacement) - 1) + 1);
    char *to = mended;

    while (left > 0) {
        size_t length = utf8_length(text, left);
        size_t taken = length == 0 ? 1 : length;
        size_t size = length == 0 ? sizeof(replacement) - 1 : length;
        memcpy(to, length == 0 ? replacement : text, size);
        to += size;
        text += taken;
        left -= taken;
    }
    return mended;
}
