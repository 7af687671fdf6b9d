/* fleet.h - the report of the fleet: what serves, what is under way, and the figures of a span; for whoever
 * asks, and for an upstream controller.
 * SPDX-License-Identifier: MIT
 *
 * Read and printed by workers; the loop only copies what the engine has in memory. One report is made at a
 * time, the others wait for it; figures are kept for some seconds, since they are the costly part. */
#ifndef API_FLEET_H
#define API_FLEET_H

#include "api/auth.h"
#include "base/err.h"

struct api;
struct cJSON;
struct fleet_report;

enum {
    FLEET_WAITING_MAX = 64, /* reports that are not begun; further ones are refused */
    FLEET_FRESH_MS = 5000,  /* figures may be so old, */
    FLEET_FRESH_TIMES = 20  /* and as many times as old as it took to make them */
};

#define FLEET_SPAN_MIN_MS     (INT64_C(60) * 1000)
#define FLEET_SPAN_DEFAULT_MS (INT64_C(30) * 24 * 3600 * 1000)

struct fleet_wish {
    struct principal principal;            /* who sees it: only what they may read is in it */
    char environment[NAME_MAX_LENGTH + 1]; /* "": all */
    int64_t span_ms;                       /* of the figures, back from now */
};

/* `json` is the callee's (free); NULL: *err says why. */
typedef void fleet_told(void *data, char *json, size_t length, const struct err *err);

/* Starts one; `done` comes once, from the loop, not inside the call; at the latest from api_free(). NULL: too
 * many wait (ERR_LIMIT). The report is valid until `done`. `head`: an object whose members come first, or
 * NULL; taken over. */
struct fleet_report *fleet_report_start(struct api *api, const struct fleet_wish *wish, struct cJSON *head,
                                        fleet_told *done, void *data, struct err *err);
/* `done` is not called. */
void fleet_report_forget(struct fleet_report *report);

#endif
