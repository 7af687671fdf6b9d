/* daemon.h - the parts of verdictd together: what main makes, what each wiring file uses. Owns all of it.
 * SPDX-License-Identifier: MIT
 *
 * Data goes from collectors into series, which mark (deployment, rule) pairs; each turn ends in the engine,
 * whose batches go to the journal (commit.c), are told (publish.c) and driven (actions.c). */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "api/api.h"
#include "collectors/collector.h"
#include "config/settings.h"
#include "drivers/gate.h"
#include "drivers/notifier.h"
#include "drivers/traffic.h"
#include "engine/engine.h"
#include "io/http_client.h"
#include "io/http_server.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/runner_client.h"
#include "series/archive.h"
#include "series/series.h"
#include "store/journal.h"
#include "store/journal_recovery.h"

enum {
    DAEMON_DEPLOYMENTS_MAX = 16384, /* in memory; what is reserved for them costs nothing before it is used */
    DAEMON_TARGETS_MAX = JOURNAL_TARGETS_MAX,
    DAEMON_LIVE_CHAINS = 4096, /* a power of two */
    DAEMON_PATH_MAX = 512,
    DAEMON_WHY_MAX = 256,
    DAEMON_SOURCES_MAX = 2 * SETTINGS_INSTANCES_MAX, /* the settings' own, and levers that count */
    DAEMON_REQUESTS_MAX = 512,                       /* starts and verbs that wait for the engine */
    DAEMON_HEARTBEAT_MS = 1000,
    DAEMON_STALL_MS = 5000 /* the loop was away longer than this: nobody observed */
};

struct live;    /* live.h */
struct request; /* request.h */

struct daemon_source {
    const struct collector_type *type;
    const char *name;
    struct collector *collector; /* NULL: could not be opened */
    struct source_tally tally;
    size_t watch_count, series_max, refused_count; /* series: now, at most, that found no room */
};

struct daemon_lever {
    const struct traffic_type *type;
    const char *name;
    struct traffic *traffic;
};

struct daemon_receiver {
    const struct notifier_type *type;
    const char *name;
    struct notifier *notifier;
};

struct daemon {
    struct log log;
    const char *settings_path;
    struct settings *settings;
    struct config *config; /* rule files as last read well */
    struct config_report *report;
    bool is_config_good, is_stopping, is_turn_wanted;
    bool is_broken;                  /* the journal cannot be written: this life is over */
    int64_t config_wall_s, alive_ms; /* rule files were last read well; the loop was seen to turn last */
    struct option_schemas schemas;
    struct loop *loop;
    struct loop_timer *good_bye, *engine_timer;
    struct http_client *http;
    struct vault *vault;     /* of io/vault.h; NULL: the settings name none */
    struct keeping *keeping; /* secrets.c: values of files */
    struct http_server *server;
    struct api *api;
    struct runner_client *runner;
    struct rehearsing *rehearsings;     /* that people asked for, under way */
    struct hosts_asking *hosts_askings; /* under way */
    struct drawing *drawings;           /* the first is under way */
    struct notice_test *notice_tests;   /* under way */
    struct outputs_asking *outputs;     /* the same */
    struct recoveries *recoveries;      /* of recoveries.h */
    struct recalling *recalling;        /* of recalling.c; NULL: nothing was under way at the start */
    struct journal *journal;
    char journal_path[DAEMON_PATH_MAX], runtime_folder[DAEMON_PATH_MAX];
    struct engine *engine;
    const char *safe_why;           /* NULL, or why nothing is accepted: safe mode */
    uint64_t next_token, suspect;   /* suspect: several lives crashed on this deployment; 0: none */
    struct life *life;              /* mishaps.c */
    int64_t wall_offset_ms;         /* less the engine's clock, as of the last heartbeat */
    int64_t calm_at_ms, stop_at_ms; /* the loop's clock; until the second the broker may hear of the stop */
    struct series_book *book;
    struct archive *archive;
    struct daemon_source sources[DAEMON_SOURCES_MAX];
    size_t source_count, lever_count, receiver_count, request_count;
    struct daemon_lever levers[SETTINGS_INSTANCES_MAX];
    struct daemon_receiver receivers[SETTINGS_INSTANCES_MAX];
    struct definition_pool *definitions; /* what those of `lives` have in common */
    struct live *lives;                  /* lists: */
    struct live *live_chains[DAEMON_LIVE_CHAINS], *watched_chains[DAEMON_LIVE_CHAINS]; /* live.h */
    struct acting *actings;
    struct run_acting *run_actings;
    struct request *requests;
    struct run_live *runs;
    void *run_memory; /* the engine's */
    struct gating *gating;
    struct outbox *outbox;
    struct run_incidents *incidents;
    struct drifting *drifting;
    struct status *status;
    struct commit *commit;
    struct controller *controller; /* NULL: none is declared */
    struct events_door *events;    /* the same */
    struct tallies *tallies;
};

/* wiring.c: everything from the settings, in the order of dependence, and its end. */
MUST_CHECK bool daemon_open(struct daemon *daemon, struct err *err);
void daemon_close(struct daemon *daemon);

/* wiring.c: where we listen without TLS: at a Unix socket, or (NULL) at an address of this machine. */
void daemon_plain_door(const struct daemon *daemon, const char **ret_unix_path, const char **ret_address);

/* schemas.c: the kinds of collectors, levers and notifiers as the reader of rule files must know them. */
const struct option_schemas *daemon_schemas(void);

/* reload.c: rule files anew (SIGHUP); what is broken keeps its last good version. */
void daemon_reload(struct daemon *daemon);

/* turns.c: when the engine runs, and what its clock is. */
void daemon_turns_start(struct daemon *daemon);
int64_t daemon_now_ms(void *daemon);
void daemon_wants_turn(struct daemon *daemon);

/* recovery.c: what the journal knows, back into the engine. */
MUST_CHECK bool daemon_recover(struct daemon *daemon, struct err *err);

/* commit.c and publish.c: of struct engine_env; the sweep frees what was answered and no batch names. */
struct commit *commit_new(struct daemon *daemon);
void commit_free(struct commit *commit);
void commit_sweep(struct commit *commit);
void commit_batch(void *daemon, const struct batch *batch);
void publish_batch(void *daemon, const struct batch *batch);

/* api_part.c: functions of struct api_env. */
void daemon_fill_api_env(struct daemon *daemon, struct api_env *ret_env);

#endif
