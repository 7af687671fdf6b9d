/* notice_kind.h - what each kind of notice means to whoever hears of it: how bad it is, whether people are
 * needed, and what we do.
 * SPDX-License-Identifier: MIT */
#ifndef DRIVERS_NOTICE_KIND_H
#define DRIVERS_NOTICE_KIND_H

#include <stdbool.h>

enum notice_severity { NOTICE_INFO, NOTICE_WARNING, NOTICE_ERROR, NOTICE_CRITICAL, NOTICE_SEVERITY_COUNT };

enum notice_incident {
    NOTICE_TELLS, /* neither of the others */
    NOTICE_OPENS, /* something is wrong, or waits for people */
    NOTICE_ENDS   /* what was opened about the same, if anything, is over */
};

/* What is wrong with a deployment or a run, or waits; several at once are possible. */
enum notice_alert { NOTICE_FAILED, NOTICE_HELD, NOTICE_ESCALATED, NOTICE_DRIFTED, NOTICE_ALERT_COUNT };

struct notice_kind {
    const char *name; /* "verdict_failed" */
    enum notice_severity severity;
    enum notice_incident incident;
    enum notice_alert alert; /* of what opens */
    bool is_change;          /* what serves is about to change, or has */
    const char *action;      /* what we do now, as a sentence's end; "" nothing to say */
};

/* Never NULL: a kind that is not known tells, and is a warning. */
const struct notice_kind *notice_kind_find(const char *name);

/* "info", "warning", "error", "critical". */
const char *notice_severity_name(enum notice_severity severity);
/* "failed", "held", "escalated", "drifted". */
const char *notice_alert_name(enum notice_alert alert);
/* 0xRRGGBB; of what is over and good green. */
unsigned notice_colour(const struct notice_kind *kind);

#endif
