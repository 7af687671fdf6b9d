/* mishaps.h - ends that nobody asked for, remembered from one life of the process to the next (faults 6 and
 * 56).
 * SPDX-License-Identifier: MIT
 *
 * Two small files in the runtime folder. `journal_faults` has a line for each time the journal could not be
 * written and the daemon ended for it. `life` belongs to the living process: at which event of the journal it
 * began, how often one before it crashed there, and on which deployment it works just now; an end by itself
 * removes it. Both count only within one boot of the machine. */
#ifndef DAEMON_MISHAPS_H
#define DAEMON_MISHAPS_H

#include "daemon/daemon.h"

enum {
    MISHAPS_FAULTS_MAX = 3, /* of the journal, within the span: then nothing is accepted any more */
    MISHAPS_FAULTS_SPAN_MS = 10 * 60 * 1000,
    MISHAPS_CRASHES_MAX = 3,    /* at the same event: whatever was worked on is taken back */
    MISHAPS_CALM_MS = 60 * 1000 /* who lived so long did not crash for what it found at its start */
};

/* After the journal was opened, before the recovery: fills safe_why and the suspect of `daemon`. */
void mishaps_begin(struct daemon *daemon);
/* Once a second: who lived long enough is no crash any more. */
void mishaps_look(struct daemon *daemon);
/* An end by itself, for whatever reason. */
void mishaps_end(struct daemon *daemon);
/* The journal cannot be written: remembered once, and the loop ends. */
void mishaps_journal_broke(struct daemon *daemon);

/* Safe mode: nothing new is accepted (503). False: it may be. */
bool mishaps_refuse(const struct daemon *daemon, struct err *ret_err);

/* Of struct engine_env: what is worked on; 0: nothing. */
void mishaps_stepping(void *daemon, uint64_t deployment);

#endif
