/* journal_once.h - commands whose effect must not be repeated: what became of one before.
 * SPDX-License-Identifier: MIT
 *
 * The intent of such a command, of its undo and of its probe is kept with the service, the environment and
 * the version that it is about, in the transaction of the intent itself; what became of it stands with the
 * action. */
#ifndef STORE_JOURNAL_ONCE_H
#define STORE_JOURNAL_ONCE_H

#include "base/attributes.h"
#include "base/err.h"
#include "store/journal_text.h"

#include <stdbool.h>
#include <stdint.h>

enum once_fate {
    ONCE_NOT_DONE, /* never begun, failed, undone, or its probe said so */
    ONCE_DONE,
    ONCE_UNKNOWN /* it has begun, and nobody knows its end */
};

struct once_question {
    uint64_t deployment; /* who is about to run it: says the target and the version */
    uint32_t sequence;   /* of the action; what came before it is asked for. 0: before this deployment */
    const char *command;
    bool has_probe; /* its exit status alone proves nothing */
};

/* *ret_deployment: the one that began it last; 0 where none did. Blocks: for worker threads. */
MUST_CHECK bool journal_once_ask(const char *journal_path, const struct once_question *question,
                                 enum once_fate *ret_fate, uint64_t *ret_deployment, struct err *err);

#endif
