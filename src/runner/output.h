/* output.h - cleans what a command printed and keeps its beginning and its end. Pure.
 * SPDX-License-Identifier: MIT
 *
 * What comes out is valid UTF-8 without control characters but newline and tab: escape sequences of terminals
 * vanish as a whole, carriage returns too, broken UTF-8 becomes '?'. */
#ifndef RUNNER_OUTPUT_H
#define RUNNER_OUTPUT_H

#include "io/runner_protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum output_mode { OUTPUT_PLAIN, OUTPUT_ESCAPE, OUTPUT_CONTROL, OUTPUT_STRING, OUTPUT_STRING_ESCAPE };

struct output {
    unsigned char head[RUNNER_OUTPUT_HALF]; /* whole characters; grows until `is_head_full` */
    size_t head_length;
    bool is_head_full;
    unsigned char tail[RUNNER_OUTPUT_HALF]; /* a ring: what came after the head */
    uint64_t tail_total;                    /* bytes that went into it ever */
    enum output_mode mode;
    unsigned char character[4]; /* an unfinished one */
    size_t character_length;
    size_t character_wanted;
};

void output_init(struct output *output);
void output_add(struct output *output, const unsigned char *bytes, size_t length);

/* No more comes: an unfinished character becomes '?'. */
void output_finish(struct output *output);

/* What follows the head: the tail, after a line that says how much is missing. `to` holds
 * RUNNER_OUTPUT_MAX - RUNNER_OUTPUT_HALF bytes. Returns the length. */
size_t output_rest(const struct output *output, unsigned char *to);

#endif
