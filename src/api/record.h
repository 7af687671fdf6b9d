/* record.h - one deployment as it is shown: its journal row, and what the engine knows where it is in memory.
 * SPDX-License-Identifier: MIT */
#ifndef API_RECORD_H
#define API_RECORD_H

#include "api/api_lock.h"
#include "api/api_run.h"
#include "base/text.h"
#include "config/against.h"
#include "config/definition.h"
#include "engine/engine.h"
#include "store/journal_view.h"

enum {
    RECORD_SUMMARY_SIZE = 1024,
    RECORD_ETAG_SIZE = 64,
    RECORD_ID_SIZE = 32,
    RECORD_POSSIBLE_MAX = 10,
    RECORD_DOUBTS_SIZE = 1024
};

/* Valid until the loop turns. */
struct record {
    const struct journal_deployment *row;
    const struct deployment_state *state; /* the engine's where it is in memory, else the row's */
    const struct definition *definition;  /* NULL: could not be rebuilt */
    const struct rule_state *rules;       /* [definition->rule_count]; NULL: none */
    const char *why;                      /* "" none */
    bool is_live;
    bool is_way_back;      /* promoted, and what it replaced still stands */
    int64_t now_ms;        /* is_live */
    int64_t opens_wall_ms; /* QUEUED: its window is closed until then; 0: it waits for others */
    struct api_lock lock;  /* QUEUED */
    struct api_waits waits;
};

/* Over, or escalated: `wait` ends. */
bool record_is_done(const struct record *record);

/* `"dep_5-0123456789abcdef"`, quotes included: differs when anything but numbers that flow differs. */
void record_etag(const struct record *record, char to[RECORD_ETAG_SIZE]);

/* One sentence of plain words, with what came of it and why. */
void record_summary(const struct record *record, char to[RECORD_SUMMARY_SIZE]);

/* The step that is under way, or NULL. */
const struct plan_step *record_step(const struct record *record);

/* "route to 25 %", "command migrate", "observe for 5m" ... */
void record_step_text(const struct definition *definition, const struct plan_step *step, struct text *text);

/* Who may answer an approval of it: "sre, but not alice"; "whoever may approve" where nobody is named.
 * `actor`: who started it. */
void record_approvers(const struct definition *definition, const char *actor, struct text *text);

/* What may be asked of a deployment in this state: "abort, rollback". "nothing" where that is so. */
void record_allowed(const struct deployment_state *state, struct text *text);

/* The same as verbs of the API's paths, and how many. "promote" of an observation still wants its pass
 * verdict; "promote_full" is the override. */
size_t record_possible(const struct record *record, const char *to[RECORD_POSSIBLE_MAX]);

/* "waiting for people", "held" ... : the state in words for refusals. */
const char *record_state_text(const struct deployment_state *state);

/* Unit of a rule's numbers: its first metric's; "ratio" for events per total. */
const char *record_unit(const struct definition *definition, size_t rule);

/* The largest regression that is still possible at a pass: how many times stable's number the candidate's may
 * be at worst, by the interval; below 1 where higher is better. NAN where there is no pass or no interval. */
double record_worst_ratio(const struct definition *definition, size_t rule,
                          const struct judgement *judgement);

/* What a sequential test rests on: "robust" or "poisson", as the newest block was bet on, and how the other
 * side's events scatter (dispersion.h). `form` is NULL where there is no such test, or nothing was judged. */
struct record_basis {
    const char *form;
    double dispersion, autocorrelation; /* NAN: too little was seen */
};
struct record_basis record_basis(const struct definition *definition, size_t rule,
                                 const struct rule_state *state);

/* Assumptions of it that look broken, in plain words with figures; adds nothing where all seem to hold. */
void record_doubts(const struct definition *definition, size_t rule, const struct rule_state *state,
                   struct text *text);

/* How long nothing served so far, in seconds; NAN where something did all the time, or nobody looks. */
double record_downtime_s(const struct record *record);

/* What a comparison was held against, in the words of its rule file: "before"; "" of other rules and of what
 * was not held against anything yet. Returns `to`. */
const char *record_against(const struct definition *definition, size_t rule,
                           const struct judgement *judgement, char to[AGAINST_TEXT_MAX]);

/* "12.5 %" of a ratio, "0.31 s", "1200": for people. "?" where it is not finite. */
void record_value(double value, const char *unit, struct text *text);

#endif
