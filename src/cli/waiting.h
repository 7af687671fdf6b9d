/* waiting.h - follows one deployment until it ends.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_WAITING_H
#define CLI_WAITING_H

#include "cli/verb.h"

struct cJSON;

/* What a wait knows when it looks at its deployment. */
struct waiting_view {
    bool is_done;         /* it ended, or is escalated */
    int exit_code;        /* of the deployment; -1 while it moves */
    bool is_lost;         /* the last try found no answer */
    bool is_time_up;      /* --timeout */
    bool exits_when_held; /* --exit-when-held */
};

/* Exit code, or -1: go on waiting. Pure. */
int waiting_verdict(const struct waiting_view *view);

/* Waits with the verb's options timeout, exit-when-held and on-cancel; tells progress; prints the end. The
 * exit code is the answer. */
int waiting_run(struct cli *cli, const char *id);

/* One read of `id`, waiting for at most wait_ms for a change from etag ("" none: for the end). NULL: no new
 * answer; *ret_answer says why (304, lost, refused). Its done is the caller's, and json_free. */
struct cJSON *waiting_read(struct cli *cli, const char *id, int64_t wait_ms, const char *etag,
                           struct client_answer *ret_answer);

/* Milliseconds, from any point. */
int64_t waiting_now_ms(void);

#endif
