/* repeating.h - what a receiver was told to be so and not yet to be over, to be told again: a receiver that
 * keeps alerts in memory has forgotten them when it comes back.
 * SPDX-License-Identifier: MIT */
#ifndef DRIVERS_REPEATING_H
#define DRIVERS_REPEATING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REPEATS_MAX = 256 /* of one receiver; further ones are told once */ };

/* An alert that is open: one kind of them about one incident. */
struct repeat {
    char *id, *incident, *body; /* malloc'ed; the body tells no end of another one */
    unsigned alert;             /* bit of enum notice_alert */
};

/* Of one receiver. All zero: nothing is open. */
struct repeating {
    size_t count;
    struct repeat *all; /* [REPEATS_MAX]; NULL: none yet */
    size_t next;        /* to be told in this round; count: the round is over */
    int64_t due_ms;     /* of the next round */
};

/* It was delivered: what it opens is open, what it ends is not. Of each kind about an incident the newest one
 * stays. */
void repeating_note(struct repeating *repeating, const char *id, const char *body);
void repeating_done(struct repeating *repeating);

#endif
