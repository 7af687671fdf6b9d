/* stage.h - where a story is played: the engine on its bench, and a small world of one proxy, its commands
 * and its people, in virtual time.
 * SPDX-License-Identifier: MIT */
#ifndef SCENARIOS_STAGE_H
#define SCENARIOS_STAGE_H

#include "scenarios/story.h"
#include "support/engine_bench.h"

enum {
    STAGE_TOLD_MAX = 1024,
    STAGE_JOBS_MAX = 64,
    STAGE_ASKED_MAX = 64,
    STAGE_LOCK = 7,
    STAGE_TEXT_MAX = 96,
    STAGE_TAKES_MS = 100, /* any action, if not said otherwise */
    STAGE_READ_MS = 50,
    STAGE_FEED_MS = 1000, /* a value of each metric */
    STAGE_FLOOD = 10,     /* values that are refused beside it */
    STAGE_SERVICES = 9,   /* targets that starts may name */
    STAGE_FLEET = BENCH_TARGETS
};

/* How actions of a kind, or one command, end. */
struct deed {
    enum result result;
    bool is_silent; /* never answers */
    int64_t takes_ms;
};

/* An action or read-back under way in the world. A command is its runner's, found again by its key after the
 * death of the process; anything else dies with it. */
struct job {
    uint64_t deployment; /* 0: free */
    bool is_read_back;
    bool is_told; /* over; kept for its key */
    struct action action;
    struct deed deed;
    int64_t ends_ms;
};

struct asked {
    uint64_t token;
    char text[STAGE_TEXT_MAX];
};

/* One line of what happened. Strict ones must all be expected. */
struct told {
    int64_t at_ms;
    bool is_strict, is_found;
    char text[STAGE_TEXT_MAX];
};

struct stage {
    struct engine_bench bench;
    struct engine_brakes brakes;
    const struct story *story;
    struct plan plan;
    int64_t start_ms;
    uint16_t shares[STAGE_SERVICES + 1]; /* of the candidate, at the proxy of each */
    bool are_anew[STAGE_SERVICES + 1];   /* the proxy began anew since it was set */
    const char *services[STAGE_SERVICES + 1];
    struct deed actions[ACTION_GATE + 1];
    struct deed commands[STORY_COMMANDS_MAX];
    double values[STAGE_SERVICES + 1][STORY_RULES_MAX];
    bool is_silent[STORY_RULES_MAX];
    bool is_flooded[STORY_RULES_MAX];
    int64_t feed_ms;          /* next values */
    int64_t journal_takes_ms; /* a commit */
    int64_t pending_ms;       /* when the newest commit was given away */
    uint32_t commits;
    struct job jobs[STAGE_JOBS_MAX];
    int asked_count;
    struct asked asked[STAGE_ASKED_MAX];
    int told_count;
    struct told told[STAGE_TOLD_MAX];
};

/* The plan's recipe does not expand: false. */
MUST_CHECK bool stage_open(struct stage *stage, const struct story *story, struct err *err);
void stage_close(struct stage *stage);

/* Lets time pass until this instant after the start. */
void stage_run(struct stage *stage, int64_t until_ms);

/* happenings.c: one `at` line. */
MUST_CHECK bool stage_happen(struct stage *stage, const struct story_words *words, struct err *err);

/* telling.c */
void stage_tell(struct stage *stage, bool is_strict, uint64_t deployment, const char *format, ...)
    PRINTF_LIKE(4, 5);
void stage_tell_start(struct stage *stage, const struct bench_note *note);
void stage_tell_row(struct stage *stage, const struct bench_note *note);
void stage_tell_answer(struct stage *stage, const struct bench_note *note);

#endif
