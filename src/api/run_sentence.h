/* run_sentence.h - what an audit row of a run says in plain words. SPDX-License-Identifier: MIT */
#ifndef API_RUN_SENTENCE_H
#define API_RUN_SENTENCE_H

#include "base/text.h"
#include "config/run_definition.h"
#include "store/journal_view.h"

/* The run that a row is about; false: it is about none. */
MUST_CHECK bool run_sentence_run(const struct journal_audit *row, uint64_t *ret_run);

/* "task build: running"; adds nothing of what is no trace of a run. `definition` NULL: stages and tasks are
 * counted from 1. */
void run_sentence_add(const struct run_definition *definition, const struct journal_audit *row,
                      struct text *text);

#endif
