/* parts.h - what the api is made of; for its own files. Loop thread only, but `view`.
 * SPDX-License-Identifier: MIT */
#ifndef API_PARTS_H
#define API_PARTS_H

#include "api/api.h"
#include "api/call.h"
#include "api/cloud_event.h"
#include "api/fleet_parts.h"
#include "api/kept.h"
#include "api/listeners.h"
#include "api/problem.h"

enum { API_STATUS_CLASSES = 6 };

/* Values of the routes of runs: what is done to one that exists, or one comes of it. */
enum { RUNS_STARTS, RUNS_ACTS };

struct api {
    struct api_env env;
    struct queries *queries;
    struct journal_view *view; /* NULL: could not be opened */
    LIST_HEAD(call_list, call) calls;
    struct kept kept;
    struct fleet fleet;
    struct listeners listeners;
    bool is_closed; /* lives on until no worker holds anything of it */
    int64_t begun_wall_ms;
    uint64_t answered[API_STATUS_CLASSES]; /* by hundreds of the status */
    struct rate_table *rates;
    uint64_t refused_tokens, refused_addresses; /* requests past their rate */
    unsigned states;                            /* of stacks, in memory on their way */
};

/* Frees a closed api once nothing is under way. */
void api_release(struct api *api);

/* Handlers of the table, one line per file. */
void deployments_start(struct call *call);
/* api_done of a start. */
void deployments_started(void *data, bool is_done, bool is_new, uint64_t deployment, const struct err *err);
void deployments_list(struct call *call);
void deployments_show(struct call *call);
void verbs_act(struct call *call);
void verbs_mark(struct call *call);
void retry_answer(struct call *call);
void approvals_answer(struct call *call);
void targets_act(struct call *call);
void fleet_act(struct call *call);
void quarantine_list(struct call *call);
void quarantine_add(struct call *call);
void quarantine_clear(struct call *call);
void report_show(struct call *call);
void graph_show(struct call *call);
void logs_show(struct call *call);
void tokens_create(struct call *call);
void tokens_list(struct call *call);
void tokens_self(struct call *call);
void tokens_revoke(struct call *call);
void rules_list(struct call *call);
void rules_check(struct call *call);
void rules_reload(struct call *call);
void rehearsal_ask(struct call *call);
void rehearsal_recovery(struct call *call);
void notifiers_test(struct call *call);
void samples_take(struct call *call);
void otlp_take(struct call *call);
void alerts_take(struct call *call);
void status_show(struct call *call);
void health_live(struct call *call);
void health_ready(struct call *call);
void health_metrics(struct call *call);
void listen_all(struct call *call);
void listen_deployment(struct call *call);
void runs_start(struct call *call);
void runs_list(struct call *call);
void runs_show(struct call *call);
void runs_act(struct call *call);
void runs_answer(struct call *call);
void runs_logs(struct call *call);
/* Of a reading of one run. True: answered. */
bool runs_failed(struct call *call);
/* A run concerns each service and environment that it deploys; false: answered with 403. */
MUST_CHECK bool runs_allowed(struct call *call, unsigned right, const char *service,
                             const struct run_definition *definition);
/* May the caller start what this would run? False: answered. */
MUST_CHECK bool runs_may_start(struct call *call, const struct api_run_start *start);
/* An answer to a task, and whether the caller may give it: who may start such a run may, but an answer that
 * is a review is for people, and a yes for what it names. False: answered. */
struct runs_answer {
    uint8_t task;
    bool is_good;
    const struct journal_output *outputs;
    size_t count;
};
MUST_CHECK bool runs_may_answer(struct call *call, const struct journal_run *row,
                                const struct run_definition *definition, const struct runs_answer *answer);
/* api_done of every request about runs that the engine answers. */
void runs_done(void *data, bool is_done, bool is_new, uint64_t run, const struct err *err);
void stacks_list(struct call *call);
void stacks_show(struct call *call);
void state_show(struct call *call);
void state_save(struct call *call);
void state_delete(struct call *call);
void stack_lock(struct call *call);
void stack_unlock(struct call *call);
void stack_break(struct call *call);
void stack_restore(struct call *call);
void audit_list(struct call *call);
void openapi_show(struct call *call);
void console_show(struct call *call);
void events_take(struct call *call);
void events_allow(struct call *call);
void hooks_take(struct call *call);

/* events_in.c: one of the events that a call brought has its answer; the last one answers the call. */
void events_answered(struct call *call, size_t place, unsigned status, const char *body);
void events_free(struct events_in *events);
/* events_take of a request whose body has this form, whatever its headers say. */
void events_take_form(struct call *call, enum cloud_event_form form);
/* One start, as if it had come as the event `id` of `source`; takes over `body`, the native request's. */
void events_take_start(struct call *call, const char *source, const char *id, struct cJSON *body);

enum { HOOK_BODY_MAX = 256 * 1024 }; /* of a message that nobody has proved yet */
/* hooks.c: the one of this name, or NULL. */
const struct settings_hook *hooks_find(const struct api *api, const char *name);

/* Reads the deployment anew and answers with it: `status` (201 with Location). */
void deployments_answer(struct call *call, uint64_t deployment, unsigned status);

/* poll.c: after a reading. True: the call sleeps, or reads again. */
bool poll_sleeps(struct call *call, const struct record *record, const char *etag);
bool poll_sleeps_run(struct call *call, uint64_t run, bool is_done, const char *etag);
/* False: answered with 400. */
MUST_CHECK bool poll_begin(struct call *call);
void poll_end(struct call *call);
void poll_wake(struct call *call);

#endif
