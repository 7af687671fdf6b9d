/* run_tree.h - a run drawn as text: stages with marks, tasks below them.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_RUN_TREE_H
#define CLI_RUN_TREE_H

#include "base/text.h"
#include "cli/terminal.h"

struct cJSON;

/* Returns the number of lines. */
unsigned run_tree_draw(const struct cJSON *run, const struct terminal *terminal, struct text *text);

#endif
