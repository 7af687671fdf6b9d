/* tree.h - a deployment drawn as text: header, weight bar, steps with marks, rules with value and bound.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_TREE_H
#define CLI_TREE_H

#include "cli/page.h"
#include "cli/terminal.h"

struct cJSON;

enum { TREE_RULES_MAX = 32, TREE_HISTORY = 24, TREE_TEXT_SIZE = 64 * 1024 };

/* The last values of each rule, for small curves; zeroed at first. */
struct tree_history {
    unsigned counts[TREE_RULES_MAX];
    double values[TREE_RULES_MAX][TREE_HISTORY]; /* ring of counts values, the newest last */
};

/* Takes the values of a deployment as the API shows it. */
void tree_note(struct tree_history *history, const struct cJSON *deployment);

/* Draws; `history` may be NULL. On a terminal the numbers of a rule stand within its width (0: any): curves
 * and then conditions give way. */
void tree_draw(const struct cJSON *deployment, const struct terminal *terminal,
               const struct tree_history *history, struct page *page);

/* "12.5 %", "0.31 s": a number in its unit ("ratio": as percent). */
void tree_value(double value, const char *unit, struct text *text);

#endif
