/* logs_text.h - the outputs of a deployment's actions, or of a run's tasks, as lines, each piece of them
 * once.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_LOGS_TEXT_H
#define CLI_LOGS_TEXT_H

#include "cli/terminal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct cJSON;

enum { LOGS_PLACE_SIZE = 40, LOGS_HEAD_SIZE = 512 };

/* What was printed of one output. */
struct logs_piece {
    char place[LOGS_PLACE_SIZE];
    size_t length; /* bytes of its output */
    char head[LOGS_HEAD_SIZE];
};

struct logs_text {
    FILE *to;
    const struct terminal *terminal;
    bool is_following;         /* what has not begun yet is told when it does */
    const char *wanted;        /* only lines that hold it are printed, and the heads above them; NULL: all */
    struct logs_piece *pieces; /* [count]; grows */
    size_t count;
    char head[LOGS_HEAD_SIZE]; /* the line that what follows stands below */
};

/* Prints what is new in an entry of the daemon's answer; false: nothing was. Of a task of a run it has a
 * `stage` instead of a step. */
bool logs_text_add(struct logs_text *text, const struct cJSON *entry);
void logs_text_done(struct logs_text *text);

#endif
