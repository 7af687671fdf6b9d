/* story.h - a scenario file, read: the recipe, what happens when, and what is to be told of it.
 * SPDX-License-Identifier: MIT */
#ifndef SCENARIOS_STORY_H
#define SCENARIOS_STORY_H

#include "base/err.h"
#include "engine/engine.h"
#include "orchestrator/recipe.h"

enum {
    STORY_BYTES_MAX = 16384,
    STORY_WORDS_MAX = 12, /* of a line */
    STORY_COMMANDS_MAX = 8,
    STORY_RULES_MAX = 8,
    STORY_EVENTS_MAX = 64,
    STORY_EXPECTS_MAX = 128,
    STORY_ANY_TIME = -1
};

struct story_words {
    int count;
    const char *at[STORY_WORDS_MAX];
};

struct story_event {
    int line;
    int64_t at_ms; /* since the start; events stand in order */
    struct story_words words;
};

struct story_expect {
    int line;
    bool is_never;
    int64_t at_ms;    /* or STORY_ANY_TIME */
    const char *text; /* as the stage tells it; after `never` the first words are enough */
};

struct story {
    char bytes[STORY_BYTES_MAX]; /* what the words point into */
    struct recipe recipe;
    struct recipe_command commands[STORY_COMMANDS_MAX];
    const char *command_names[STORY_COMMANDS_MAX];
    const char *rule_names[STORY_RULES_MAX];
    const char *stable; /* version that serves at the start, from slot 0; NULL: none */
    struct engine_brakes brakes;
    int64_t end_ms;
    int event_count;
    struct story_event events[STORY_EVENTS_MAX];
    int expect_count;
    struct story_expect expects[STORY_EXPECTS_MAX];
};

/* Reads a file; the format stands in README.md. ERR_INVALID names the line. */
MUST_CHECK bool story_read(const char *path, struct story *ret_story, struct err *err);

/* Index of a name, or -1. */
int story_command(const struct story *story, const char *name);
int story_rule(const struct story *story, const char *name);

/* Lines of the plan: true where the first word is one of theirs and the rest was understood (plan_lines.c).
 */
void story_start_plan(struct story *story);
MUST_CHECK bool story_plan_line(struct story *story, const struct story_words *words, struct err *err);

MUST_CHECK bool story_share(const char *word, uint16_t *ret_share);
MUST_CHECK bool story_time(const char *word, int64_t *ret_ms);
/* The word after this one, or NULL. */
const char *story_option(const struct story_words *words, const char *name);

#endif
