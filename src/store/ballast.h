/* ballast.h - space kept back on the journal's disk, given up once when the disk is full (S19, fault 5).
 * SPDX-License-Identifier: MIT */
#ifndef STORE_BALLAST_H
#define STORE_BALLAST_H

#include <stdbool.h>
#include <stdint.h>

struct ballast {
    char *path;
    char *journal_path; /* on the same disk */
    int64_t bytes;      /* ≤ 0: there is none */
    bool is_there;
    int64_t tried_ms; /* last attempt to take the space, CLOCK_MONOTONIC */
};

/* Takes the space where it can. */
void ballast_init(struct ballast *ballast, const char *journal_path, int64_t bytes);
void ballast_done(struct ballast *ballast); /* the file stays */

/* True: there is more space now than before. */
bool ballast_release(struct ballast *ballast);

/* Takes the space again where the disk has twice as much; looks every ten seconds. True: it is there. */
bool ballast_restore(struct ballast *ballast);

#endif
