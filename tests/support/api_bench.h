/* api_bench.h - the api with a real server on a Unix socket and a journal, a daemon that only notes down, and
 * a client on the same loop.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_API_BENCH_H
#define SUPPORT_API_BENCH_H

#include "api/api.h"
#include "io/http_client.h"
#include "io/loop.h"
#include "store/journal.h"
#include "support/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum {
    API_BENCH_DEADLINE_MS = 20000,
    API_BENCH_DEPLOYMENTS_MAX = 16,
    API_BENCH_BEAT_MS = 300,
    API_BENCH_BODY_MAX = 128 * 1024,
    API_BENCH_KEYS_MAX = 16384,
    API_BENCH_HEADERS_MAX = 8
};

struct cJSON;

/* What a start or verb brought, and whose answer waits. */
struct api_bench_order {
    char text[512]; /* "start shop/prod 2.0.0 by root for ci: reason" */
    api_done *done;
    void *done_data;
};

struct api_bench_call {
    struct http_call *http;
    bool is_over;
    int status;
    char body[API_BENCH_BODY_MAX];
    char etag[96], location[96], authenticate[96], allow[96], retry[32], type[64], policy[512];
};

struct api_bench {
    struct folder folder;
    char journal_path[FOLDER_PATH_MAX];
    char socket_path[FOLDER_PATH_MAX];
    struct loop *loop;
    struct journal *journal;
    struct http_server *server;
    struct http_client *client;
    struct api *api;
    bool is_stopped;
    const char *token; /* of the next requests, NULL: none */
    bool is_tcp;       /* they come over TCP, not over the Unix socket */
    /* the daemon */
    size_t start_count, verb_count, target_verb_count, mark_count;
    struct api_bench_order last;
    bool is_slow;       /* answers wait for api_bench_answer() */
    bool is_hasty;      /* nobody waits for audit rows: is_committed says when they are there */
    struct err refusal; /* code ≠ ERR_NONE: the next one is refused so */
    uint64_t created;   /* ≠ 0: the next verb makes this deployment */
    uint64_t stack_run; /* ≠ 0: the run that is at work on network/prod */
    bool attaches;      /* the next start finds deployment 1 */
    uint64_t next_id;
    struct plan plan;                                          /* of it */
    struct definition definition;                              /* of live deployments */
    struct deployment_state states[API_BENCH_DEPLOYMENTS_MAX]; /* by id - 1; id 0: not in memory */
    struct rule_state rules[PLAN_RULES_MAX];
    struct target_state target;
    const struct api_output *outputs; /* [output_count]: what it answers to whoever asks for some */
    size_t output_count;
    bool are_outputs_cut;
    struct err outputs_failure; /* code ERR_NONE: none */
    api_outputs_told *outputs_told;
    void *outputs_data;
    struct batch *batch;
    struct journal_start row_start;
    struct journal_request row_request;
    struct journal_texts texts;
    bool is_committed;
};

/* Of cmocka. */
int api_bench_set_up(void **state);
int api_bench_tear_down(void **state);
#define WITH_API(test) cmocka_unit_test_setup_teardown(test, api_bench_set_up, api_bench_tear_down)

/* A journaled deployment of shop/prod, in memory as `phase`; its id. */
uint64_t api_bench_deployment(struct api_bench *bench, enum deployment_phase phase);
/* Adds an audit row. */
void api_bench_trace(struct api_bench *bench, uint64_t deployment, enum trace_kind kind, uint32_t a,
                     uint32_t b, const char *actor);
/* The same `count` times in one batch. */
void api_bench_traces(struct api_bench *bench, uint64_t deployment, struct trace trace, size_t count,
                      const char *actor, const char *reason);
/* Journals the state as it is now, and forgets it. */
void api_bench_release(struct api_bench *bench, uint64_t deployment);

/* bench_otlp.c: of struct api_env. */
enum api_sample_answer api_bench_sample_find(void *bench, struct api_sample *sample);
void api_bench_samples(void *bench, struct api_sample *samples, size_t count);
bool api_bench_otlp(void *bench, const struct api_otlp *posted, struct api_otlp_answer *ret_answer,
                    struct err *err);

/* bench_outputs.c: journals an action, and its result; `why` is said of one that is not good. */
void api_bench_action(struct api_bench *bench, uint64_t deployment, uint32_t sequence, enum action_kind kind);
void api_bench_result(struct api_bench *bench, uint64_t deployment, uint32_t sequence, enum result result,
                      const char *why);
/* Of struct api_env. */
void api_bench_outputs(void *bench, const struct api_outputs_wanted *wanted, api_outputs_told *done,
                       void *done_data);
uint64_t api_bench_stack_run(void *bench, const char *stack, const char *environment);
size_t api_bench_recoveries(void *bench, const struct api_recovery **ret_rows); /* there are none */

/* Answers what waits (is_slow). */
void api_bench_answer(void *bench);

/* Sends; api_bench_wait runs the loop until the answer. `headers`: NULL, or names and values in turn,
 * and a NULL. */
void api_bench_send(struct api_bench *bench, struct api_bench_call *call, const char *method,
                    const char *path, const char *body, const char *const *headers);
void api_bench_wait(struct api_bench *bench, struct api_bench_call *call);
/* Both; the answer is valid until the next one. */
struct api_bench_call *api_bench_ask(struct api_bench *bench, const char *method, const char *path,
                                     const char *body);
struct api_bench_call *api_bench_ask_with(struct api_bench *bench, const char *method, const char *path,
                                          const char *body, const char *name, const char *value);

/* Member of the answer's JSON as text (numbers too), "" where there is none; path as in json_path. */
const char *api_bench_field(const struct api_bench_call *call, const char *path);

/* Makes a token; its text is malloc'ed. */
char *api_bench_token(struct api_bench *bench, const char *json);

#endif
