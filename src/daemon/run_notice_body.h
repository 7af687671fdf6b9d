/* run_notice_body.h - one event of a run that is told, and its body.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_RUN_NOTICE_BODY_H
#define DAEMON_RUN_NOTICE_BODY_H

#include "daemon/notice_cause.h"
#include "daemon/notices.h"

enum { RUN_NOTICE_NO_TASK = UINT8_MAX };

struct run_notice_kind {
    const char *name, *type;
    bool is_urgent;
    const char *sentence;
};

/* One event that is told. */
struct run_telling {
    struct notices *notices;
    struct run_live *live;
    const struct run_state *state;
    struct run_notice_kind kind;
    uint8_t task;      /* that it is about; RUN_NOTICE_NO_TASK */
    const char *stage; /* "": the sentence names none */
    const struct stack_place *place;
    const char *incident;
    struct notice_cause cause;
    bool is_reminder;
    uint32_t drifts;
    unsigned ends;
    size_t first; /* of its rows */
    int64_t now_ms;
};

/* The `data` of its CloudEvent; the caller's. */
struct cJSON *run_notice_data(const struct run_telling *telling);

#endif
