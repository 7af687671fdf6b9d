/* state_restore.h - what an older version of a state had, as the version that comes next.
 * SPDX-License-Identifier: MIT
 *
 * Byte for byte the same but for `serial`, which is one more than the newest version's: whoever holds a plan
 * of what was newest, terraform itself among them, finds that it is stale. */
#ifndef STORE_STATE_RESTORE_H
#define STORE_STATE_RESTORE_H

#include "store/journal_stack.h"

enum { STATE_RESTORE_VERIFIED = -1 };

enum state_restore {
    STATE_RESTORE_READY,
    STATE_RESTORE_NEEDLESS, /* what it had is what the newest one has */
    STATE_RESTORE_GONE,     /* no version of this serial is kept that has the newest one's lineage */
    STATE_RESTORE_NEVER     /* none of that lineage was verified */
};

/* Writes the file of the new version, and into the wish of what is to be restored where (`restores` is a
 * serial, or STATE_RESTORE_VERIFIED: the version that was verified last) all that its journaling needs: the
 * wish is STACK_RESTORE then. Blocks: worker threads only. False: it could not be looked for, read or
 * written. */
MUST_CHECK bool state_restore_make(struct journal_view *view, const char *folder, struct stack_wish *wish,
                                   enum state_restore *ret_what, struct err *err);

/* Of an outcome that is not STACK_DONE, and of a `what` that is not READY: a sentence for people. */
void state_restore_say(const struct stack_wish *wish, enum state_restore what, struct text *to);
void state_restore_refuse(const struct stack_now *now, enum stack_outcome outcome, struct text *to);

#endif
