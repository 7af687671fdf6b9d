/* questions.h - inputs of verdict compare, and parts that their answers must hold.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_QUESTIONS_H
#define SUPPORT_QUESTIONS_H

#include "base/attributes.h"
#include "cli/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline char *answer(const char *text)
{
    struct err err = {0};
    char *found = compare_answer(text, strlen(text), &err);

    if (found == NULL)
        fail_msg("%s: %s", text, err.text);
    return found;
}

struct question {
    const char *input;
    const char *parts[4]; /* that the answer holds */
};

static inline void ask(const struct question *questions, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        char *found = answer(questions[at].input);
        for (size_t part = 0; part < ARRAY_LENGTH(questions[at].parts); part++)
            if (questions[at].parts[part] != NULL && strstr(found, questions[at].parts[part]) == NULL)
                fail_msg("%s\n  answered %s\n  without %s", questions[at].input, found,
                         questions[at].parts[part]);
        free(found);
    }
}

#endif
