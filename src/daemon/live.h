/* live.h - a deployment in memory: its definition, the texts of its two sides, its series and who measures
 * them.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_LIVE_H
#define DAEMON_LIVE_H

#include "base/text.h"
#include "config/side.h"
#include "daemon/daemon.h"
#include "io/trace_lists.h"
#include "io/traceparent.h"
#include "io/zone.h"

enum { LIVE_SIDES = 2, LIVE_COMMIT_SIZE = 129, LIVE_PAIRS_MAX = SIDE_PAIRS_MAX };

/* What one side measures of one metric. */
struct live_series {
    struct live *live;
    struct series *series;         /* NULL: this side has none */
    char *why;                     /* what its source said that is no value, for people; NULL: all is well */
    uint64_t asked;                /* hash of what its source is asked, filled in; 0: not known */
    struct collector_watch *watch; /* NULL: could not be started */
};

/* What a person asked for, while it goes on. */
struct said_word {
    char actor[NAME_MAX_LENGTH + 1];
    char reason[DAEMON_WHY_MAX];
};

/* Whose sentence for people it is; the first that says something is heard. */
enum live_voice {
    LIVE_BACK,   /* a lever or probe of the way back; over once that goes on */
    LIVE_ACTION, /* a lever or probe whose action went wrong, and whatever else is under way */
    LIVE_SOURCE, /* one that did not answer well, when it is not watched any more */
    LIVE_VOICE_COUNT
};

struct live {
    struct live *next, *former;   /* of all */
    struct live *next_of_chain;   /* of those whose ids share a chain */
    struct live *next_of_watched; /* of those that are watched and whose targets share one */
    struct daemon *daemon;
    uint64_t id; /* 0: not accepted yet; set by live_set_id() */
    uint32_t target;
    struct definition *definition;
    struct zone *zone; /* of its window, by window.h; NULL: it has none, or could not be read */
    char *sealed;
    char version[VERSION_MAX_LENGTH + 1];
    char digest[DIGEST_MAX_LENGTH + 1];
    char previous[VERSION_MAX_LENGTH + 1]; /* stable when its turn came; "" none */
    uint64_t previous_key;                 /* 0: none */
    uint64_t taken_back;                   /* the promoted deployment that this one takes back; 0: none */
    char reason[DAEMON_WHY_MAX];           /* of the start or of the last verb */
    char actor[NAME_MAX_LENGTH + 1];       /* who started it */
    struct said_word *back;             /* who takes it back; NULL: nobody does, or it goes back by itself */
    char *run_url;                      /* whose pipeline it is of, as it was said; NULL: nobody said */
    char commit[LIVE_COMMIT_SIZE];      /* what it was built from; "" not said */
    char traceparent[TRACEPARENT_SIZE]; /* as it is kept; "": of before there were traces */
    struct trace_lists trace_lists;     /* what goes on beside it */
    char (*said)[DAEMON_WHY_MAX];       /* [LIVE_VOICE_COUNT]; NULL: nothing yet, as most never do */
    const struct rule **rules;          /* [rule_count], for the engine */
    struct rule_state *rule_states;     /* [rule_count] */
    unsigned alerts; /* bits of enum notice_alert: told to be so, and not their end; after a restart nobody
                        knows, so all are taken as told */
    int64_t begun_ms, back_ms; /* accepted, on its way back since: engine's clock; back_ms 0: it is not */
    bool is_watched;
    bool is_standing; /* no deployment: what serves, by standing.h; id 0, `version` is the one that serves */
    uint8_t standing_slot;                    /* of it */
    struct live_series (*series)[LIVE_SIDES]; /* [metric_count] */
    size_t before_count;
    struct live_before *befores; /* [before_count], of before.c; NULL: not routed yet */
};

/* Its commands' secrets, so that they are known before they are needed. */
void live_name_secrets(const struct live *live);

/* Takes over definition and sealed text. */
struct live *live_new(struct daemon *daemon, struct definition *definition, char *sealed);
void live_free(struct live *live);
void live_set_id(struct live *live, uint64_t id);
struct live *live_find(struct daemon *daemon, uint64_t deployment);
/* The one that is watched there, or NULL. */
struct live *live_find_watched(struct daemon *daemon, uint32_t target, bool is_standing);

/* Opens series and watches of both sides; from the moment the slots are known. Trouble is told by the series.
 */
void live_watch(struct live *live, const struct deployment_state *state);
void live_unwatch(struct live *live);
/* One watch of a side; of `series` key, every_ms and sink are the caller's. `ret_asked`: hash of what its
 * source is asked, of those that are asked; or NULL. */
MUST_CHECK bool live_open_watch(struct live *live, const struct metric_definition *metric,
                                const struct side *side, struct collector_series *series,
                                struct collector_watch **ret_watch, uint64_t *ret_asked, struct err *err);
/* NULL: nothing. */
void live_close_watch(struct live *live, const struct metric_definition *metric,
                      struct collector_watch *watch);

/* Of struct engine_env. */
bool live_views(void *daemon, uint64_t deployment, uint8_t rule, struct metric_views *ret_views);

/* A side as what it measures is named by; of the texts of `live`. */
struct side live_side(const struct live *live, const struct deployment_state *state, bool is_candidate);

/* Names and texts that templates of a side may use: name, text, name, text ... Returns the count of pairs.
 * The texts live as long as `live` and `state`. `address`: index, or SIZE_MAX for the first. */
size_t live_pairs(const struct live *live, const struct deployment_state *state, bool is_candidate,
                  size_t address, const char *pairs[2 * LIVE_PAIRS_MAX]);

/* The same for one host. */
size_t live_host_pairs(const struct live *live, bool is_candidate, uint16_t host,
                       const char *pairs[2 * LIVE_PAIRS_MAX]);
const char *live_host_name(const struct live *live, uint16_t host);

/* The slot of a side, or NULL where the definition has none. */
const struct slot_definition *live_slot(const struct live *live, const struct deployment_state *state,
                                        bool is_candidate);

/* What people should read: of an action that went wrong, or else of a source, first of one without which a
 * rule is inconclusive; "" where all is well. */
const char *live_why(const struct live *live);

/* Does that sentence of an earlier life tell of the source of one of its metrics? And: it does until that has
 * a value, or another trouble. */
bool live_is_of_source(const struct live *live, const char *why);
void live_restore_source(struct live *live, const char *why);
/* What is said of sources is to be read when they are not watched any more. */
void live_keep_source(struct live *live);

/* Remembers a sentence for people, with secrets struck out; "": it is over. */
void live_say(struct live *live, enum live_voice voice, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
