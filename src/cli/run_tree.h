/* run_tree.h - a run drawn as text: stages with marks, tasks below them.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_RUN_TREE_H
#define CLI_RUN_TREE_H

#include "cli/page.h"
#include "cli/terminal.h"

struct cJSON;

void run_tree_draw(const struct cJSON *run, const struct terminal *terminal, struct page *page);

#endif
