/* output.c - a byte machine for escape sequences, another one for UTF-8, a head and a ring.
 * SPDX-License-Identifier: MIT */
#include "runner/output.h"

#include <stdio.h>
#include <string.h>

enum { ESCAPE = 0x1b, BELL = 0x07, DELETE = 0x7f, REST_MAX = RUNNER_OUTPUT_MAX - RUNNER_OUTPUT_HALF };

void output_init(struct output *output)
{
    output->head_length = 0;
    output->is_head_full = false;
    output->tail_total = 0;
    output->mode = OUTPUT_PLAIN;
    output->character_length = 0;
    output->character_wanted = 0;
}

static void keep(struct output *output, const unsigned char *character, size_t length)
{
    if (output->head_length + length > sizeof(output->head))
        output->is_head_full = true;
    if (!output->is_head_full) {
        memcpy(output->head + output->head_length, character, length);
        output->head_length += length;
        return;
    }
    for (size_t i = 0; i < length; i++)
        output->tail[output->tail_total++ % sizeof(output->tail)] = character[i];
}

/* Second bytes that would make a character overlong, a surrogate, too large, or a control (U+0080..U+009F).
 */
static bool is_second_good(unsigned char first, unsigned char second)
{
    static const struct {
        unsigned char first, low, high;
    } limits[] = {{0xe0, 0xa0, 0xbf}, {0xed, 0x80, 0x9f}, {0xf0, 0x90, 0xbf}, {0xf4, 0x80, 0x8f}};
    for (size_t i = 0; i < ARRAY_LENGTH(limits); i++)
        if (limits[i].first == first)
            return second >= limits[i].low && second <= limits[i].high;
    return true;
}

static void drop_character(struct output *output)
{
    if (output->character_length > 0)
        keep(output, (const unsigned char *)"?", 1);
    output->character_length = 0;
}

static void start_character(struct output *output, unsigned char byte)
{
    size_t wanted = byte >= 0xc2 && byte <= 0xdf   ? 2
                    : byte >= 0xe0 && byte <= 0xef ? 3
                    : byte >= 0xf0 && byte <= 0xf4 ? 4
                                                   : 0;
    output->character[0] = byte;
    output->character_length = 1;
    output->character_wanted = wanted;
    if (wanted == 0)
        drop_character(output);
}

static void add_high(struct output *output, unsigned char byte)
{
    bool is_continuation = byte < 0xc0;
    if (output->character_length == 0 || !is_continuation ||
        (output->character_length == 1 && !is_second_good(output->character[0], byte))) {
        drop_character(output);
        start_character(output, byte);
        return;
    }
    output->character[output->character_length++] = byte;
    if (output->character_length < output->character_wanted)
        return;
    bool is_control = output->character[0] == 0xc2 && byte < 0xa0;
    if (!is_control)
        keep(output, output->character, output->character_length);
    output->character_length = 0;
}

static void add_plain(struct output *output, unsigned char byte)
{
    if (byte >= 0x80) {
        add_high(output, byte);
        return;
    }
    drop_character(output);
    if (byte == ESCAPE)
        output->mode = OUTPUT_ESCAPE;
    else if ((byte >= ' ' && byte != DELETE) || byte == '\n' || byte == '\t')
        keep(output, &byte, 1);
}

static enum output_mode after_escape(unsigned char byte)
{
    if (byte == '[')
        return OUTPUT_CONTROL;
    if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_')
        return OUTPUT_STRING;
    /* Intermediate bytes, as in "ESC ( B", are followed by a final one. */
    return byte >= ' ' && byte < '0' ? OUTPUT_ESCAPE : OUTPUT_PLAIN;
}

static void add_byte(struct output *output, unsigned char byte)
{
    /* A newline ends every sequence, so that a broken one does not swallow all that follows. */
    if (byte == '\n')
        output->mode = OUTPUT_PLAIN;
    switch (output->mode) {
    case OUTPUT_PLAIN:
        add_plain(output, byte);
        return;
    case OUTPUT_ESCAPE:
        output->mode = after_escape(byte);
        return;
    case OUTPUT_CONTROL:
        if (byte >= '@' && byte <= '~')
            output->mode = OUTPUT_PLAIN;
        return;
    case OUTPUT_STRING:
        if (byte == BELL)
            output->mode = OUTPUT_PLAIN;
        else if (byte == ESCAPE)
            output->mode = OUTPUT_STRING_ESCAPE;
        return;
    case OUTPUT_STRING_ESCAPE:
        output->mode = byte == '\\' ? OUTPUT_PLAIN : OUTPUT_STRING;
        return;
    }
}

void output_add(struct output *output, const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        add_byte(output, bytes[i]);
}

void output_finish(struct output *output)
{
    drop_character(output);
}

size_t output_rest(const struct output *output, unsigned char *to)
{
    const size_t size = sizeof(output->tail);
    if (output->tail_total <= size) {
        memcpy(to, output->tail, (size_t)output->tail_total);
        return (size_t)output->tail_total;
    }
    uint64_t first = output->tail_total - size;
    /* The ring may begin inside a character. */
    while ((output->tail[first % size] & 0xc0) == 0x80)
        first++;
    int length = snprintf((char *)to, REST_MAX - size, RUNNER_GAP_BEGIN "%llu" RUNNER_GAP_END,
                          (unsigned long long)first);
    for (uint64_t at = first; at < output->tail_total; at++)
        to[length++] = output->tail[at % size];
    return (size_t)length;
}
