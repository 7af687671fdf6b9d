/* api.h - HTTP ↔ events and views: routes, rights, problems, streams; what happens is the daemon's part.
 * SPDX-License-Identifier: MIT
 *
 * The daemon supplies `struct api_env`; api answers every request of the server exactly once, now, when the
 * engine has answered, or when a long poll has something new. Loop thread only; reads of the journal run in
 * workers. */
#ifndef API_API_H
#define API_API_H

#include "api/api_asked.h"
#include "api/api_doors.h"
#include "api/api_lock.h"
#include "api/api_logs.h"
#include "api/api_otlp.h"
#include "api/api_recovery.h"
#include "api/api_run.h"
#include "api/api_sample.h"
#include "config/definition.h"
#include "engine/engine.h"
#include "io/http_server.h"
#include "io/trace_lists.h"
#include "store/journal.h"
#include "store/journal_view.h"

struct api;
struct loop;
struct log;

struct api_start {
    struct api_principal principal;
    const char *service, *environment, *version;
    const char *digest, *strategy, *run_url, *commit, *reason; /* "" where not given, or the default */
    const char *actor;                /* who caused it; the principal's name where not given */
    bool is_emergency, is_stable_bad; /* as in struct engine_start */
    const char *idempotency_key;      /* NULL: none */
    struct trace_given trace;
    uint64_t retries; /* deployment that has ended and is wanted once more; 0: none */
    bool takes_out;   /* with it, by whoever may override: its version leaves the quarantine */
    unsigned char body_hash[JOURNAL_HASH_SIZE];
};

struct api_verb {
    struct api_principal principal;
    uint64_t deployment;
    enum verb verb;
    const char *rule;   /* mute: its name, else "" */
    const char *reason; /* "" where not given */
    struct trace_given trace;
    const struct journal_deployment *row; /* as the journal had it, until the return */
    const char *sealed;                   /* its text; NULL: could not be read */
};

struct api_target_verb {
    struct api_principal principal;
    enum target_verb_kind kind;
    const char *service, *environment;
    const char *version, *digest; /* adopt, quarantine */
    const char *slot;             /* adopt: "" is the only one */
    int64_t until_wall_ms;        /* freeze: 0: until it is lifted */
    const char *reason;
};

/* The outcome of a start or verb. `err` has the sentence and code where nothing happened: NOT_FOUND, INVALID
 * (422), CONFLICT (409), FORBIDDEN (403), LIMIT (503), IO (507). `is_new`: a start that created (201) and did
 * not attach. */
typedef void api_done(void *data, bool is_done, bool is_new, uint64_t deployment, const struct err *err);

/* A deployment in the engine's memory: what a journal row does not have. Valid until the loop turns. */
struct api_live {
    const struct deployment_state *state;
    const struct definition *definition;
    const struct rule_state *rules; /* [definition->rule_count] */
    const char *why; /* latest sentence of a driver or probe for people ("web3: No such server."), or "" */
    int64_t now_ms;  /* engine's clock */
    int64_t opens_wall_ms; /* its window is closed until then; 0: it is not; INT64_MAX: not in sight */
    struct api_lock lock;
    struct api_waits waits;
};

struct api_env {
    void *data;
    struct loop *loop;
    const struct log *log;
    struct journal *journal;
    const char *journal_path; /* for views */
    const char *data_folder;  /* states of stacks are kept in iac/ below it */
    const struct option_schemas *schemas;
    const char *instance;
    bool hides_console; /* its pages are not served */
    struct api_doors doors;
    int64_t beat_ms; /* of those who listen; 0: LISTENERS_BEAT_MS */
    /* Answered once, from the loop, not from inside the call; never after api_free(). */
    void (*start)(void *data, const struct api_start *start, api_done *done, void *done_data);
    void (*verb)(void *data, const struct api_verb *verb, api_done *done, void *done_data);
    void (*target_verb)(void *data, const struct api_target_verb *verb, api_done *done, void *done_data);
    void (*rehearse)(void *data, const struct api_rehearsal *rehearsal, api_told *done, void *done_data);
    /* `request`: {"png","title","unit","start","end","lines":[{"path" below the series
     * folder,"count","name"}], "marks":[{"time","name","kind": one of
     * rrd_graph_mark_names}],"bounds":[{"value","name"}]}. */
    void (*draw)(void *data, const char *request, api_drawn *done, void *done_data);
    void (*outputs)(void *data, const struct api_outputs_wanted *wanted, api_outputs_told *done,
                    void *done_data);
    void (*test_notifier)(void *data, const struct api_notice_test *asked, api_told *done, void *done_data);
    void (*mark)(void *data, uint64_t deployment, double weight_percent); /* follow: the pipeline's */
    /* Who waits for it (TAKEN: somebody does); and puts many in the same turn, those for whom nobody was
     * found nowhere. */
    enum api_sample_answer (*sample_find)(void *data, struct api_sample *sample);
    void (*samples)(void *data, struct api_sample *samples, size_t count);
    /* False: nothing was taken (ERR_INVALID; ERR_LIMIT: too many points). */
    bool (*otlp)(void *data, const struct api_otlp *posted, struct api_otlp_answer *ret_answer,
                 struct err *err);
    bool (*live)(void *data, uint64_t deployment, struct api_live *ret_live);
    const struct target_state *(*target)(void *data, uint32_t target);
    int64_t (*now_ms)(void *data); /* engine's clock */
    /* Is the person who is meant by `name`: the same, or one of the group of that name? */
    bool (*is_member)(void *data, const char *name, const char *person);
    /* Prometheus text of the daemon's own parts (engine, sources, outbox); api adds its own. malloc'ed. */
    char *(*metrics)(void *data);
    /* JSON array of checks {"name","ok","why"} as malloc'ed text; *ret_ready false: not ready. */
    char *(*ready)(void *data, bool *ret_ready);
    /* Findings of text as a rule file, as malloc'ed JSON (POST /v1/rules/check). */
    char *(*check_rules)(void *data, const char *text);
    char *(*reload)(void *data, const char *who); /* rule files anew, as SIGHUP does; the same of them */
    /* What a start would run now, for run_definition_free(); NULL: unknown, or versions do not fit. */
    struct run_definition *(*run_definition)(void *data, const struct api_run_start *start, struct err *err);
    size_t (*recoveries)(void *data, const struct api_recovery **ret_rows); /* valid until the loop turns */
    /* As start and verb, with the run's id. */
    void (*run_start)(void *data, const struct api_run_start *start, api_done *done, void *done_data);
    void (*run_retry)(void *data, const struct api_run_retry *retry, api_done *done, void *done_data);
    void (*run_abort)(void *data, const struct api_run_verb *verb, api_done *done, void *done_data);
    void (*run_answer)(void *data, const struct api_run_answer *answer, api_done *done, void *done_data);
    api_heard *event; /* NULL: nobody hears of events but listeners */
    uint64_t (*stack_run)(void *data, const char *stack, const char *environment); /* at work there; or 0 */
};

struct api *api_new(const struct api_env *env);
void api_free(struct api *api);

/* For struct http_server_callbacks; `data` is the api. */
void api_handle(void *data, struct http_server_request *request);
void api_on_gone(void *data, struct http_server_request *request);
size_t api_body_max(void *data, const struct http_server_request *request);

/* Something about this deployment changed (published): long polls look again. */
void api_changed(struct api *api, uint64_t deployment);
void api_run_changed(struct api *api, uint64_t run);
/* A batch is durable: those who listen hear of it. */
void api_journaled(struct api *api);

#endif
