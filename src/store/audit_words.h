/* audit_words.h - what an audit row of a target or a token says of it, in the words that its reason keeps.
 * SPDX-License-Identifier: MIT */
#ifndef STORE_AUDIT_WORDS_H
#define STORE_AUDIT_WORDS_H

#include "base/text.h"
#include "engine/batch.h"
#include "store/journal.h"
#include "store/journal_token.h"
#include "store/names.h"

enum {
    AUDIT_WORDS_SIZE = 3072,
    AUDIT_TARGET_TOLD = 4 /* bit of such a row's `a`: the reason says what the target is now */
};

/* "2.4.1 serves, frozen until 2026-12-18T09:00:00Z, in quarantine: 2.3.0". */
void audit_words_target(struct names *names, const struct target_state *target, struct text *text);

/* "ci, a pipeline: read, deploy; services shop; until 2026-12-18T09:00:00Z". */
void audit_words_token(const struct journal_token *token, struct text *text);

#endif
