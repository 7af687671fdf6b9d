/* complaint.h - why terraform ended as it did, read from what it said. Pure.
 * SPDX-License-Identifier: MIT
 *
 * Its status is 1 for everything; its sentences have not changed for years. Lines are broken at 78 bytes, so
 * what is looked for is in one piece of a line. */
#ifndef IAC_COMPLAINT_H
#define IAC_COMPLAINT_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>

enum { COMPLAINT_SIZE = 160, COMPLAINT_FIELD_SIZE = 80 };

enum complaint_kind {
    COMPLAINT_OTHER,
    COMPLAINT_STALE,     /* the state changed since the plan was made */
    COMPLAINT_HELD,      /* somebody has the lock of the state */
    COMPLAINT_UNHEARD,   /* whoever keeps the state could not be asked for the lock */
    COMPLAINT_UNSAVED,   /* what was done is in no state */
    COMPLAINT_REFUSED,   /* the same: it is another state than the one that is kept (lineage, serial) */
    COMPLAINT_UNRELEASED /* all was done and saved, but the lock is still there */
};

/* Of a lock, as whoever keeps the state tells it; "" not known. */
struct complaint_holder {
    char id[COMPLAINT_FIELD_SIZE], who[COMPLAINT_FIELD_SIZE], operation[COMPLAINT_FIELD_SIZE],
        since[COMPLAINT_FIELD_SIZE];
};

/* `text` has a NUL behind it. */
enum complaint_kind complaint_read(const char *text);
void complaint_holder(const char *text, struct complaint_holder *ret_holder);

/* Of COMPLAINT_UNSAVED: nothing else went wrong. */
bool complaint_is_of_state_alone(const char *text);

/* The lock that a state was to be saved under: POST ...?ID=LOCK. False: not said. */
MUST_CHECK bool complaint_lock(const char *text, char to[COMPLAINT_FIELD_SIZE]);

/* The last error that is no consequence of another one, with the first paragraph of what it says more; else
 * the last line. All in one line. */
void complaint_error(const char *text, char to[COMPLAINT_SIZE]);

#endif
