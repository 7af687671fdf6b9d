/* logs_place.c - places of outputs as text.
 * SPDX-License-Identifier: MIT */
#include "api/api_logs.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* Digits as they are written by us. */
static bool take_number(const char **at, int64_t max, int64_t *ret_number)
{
    char digits[16];
    size_t length = strspn(*at, "0123456789");
    struct text text;

    text_init(&text, digits, sizeof(digits));
    text_add_bytes(&text, *at, length);
    if (length == 0 || text.is_cut || (length > 1 && (*at)[0] == '0'))
        return false;
    *at += length;
    return text_to_integer(digits, 0, max, ret_number);
}

bool api_place_parse(const char *text, struct api_place *ret_place)
{
    int64_t sequence = 0;
    int64_t tries = API_NO_TRY;
    int64_t host = API_NO_HOST;

    if (!take_number(&text, UINT32_MAX, &sequence))
        return false;
    if (*text == '.') {
        text++;
        if (!take_number(&text, API_NO_TRY - 1, &tries))
            return false;
    }
    if (tries != API_NO_TRY && strncmp(text, "-h", 2) == 0) {
        text += 2;
        if (!take_number(&text, API_NO_HOST - 1, &host))
            return false;
    }
    if (*text != '\0')
        return false;
    *ret_place = (struct api_place){(uint32_t)sequence, (uint16_t)tries, (uint16_t)host};
    return true;
}

void api_place_format(const struct api_place *place, char to[API_PLACE_SIZE])
{
    struct text text;

    text_init(&text, to, API_PLACE_SIZE);
    text_add(&text, "%u", place->sequence);
    if (place->tries != API_NO_TRY)
        text_add(&text, ".%u", place->tries);
    if (place->host != API_NO_HOST)
        text_add(&text, "-h%u", place->host);
}
