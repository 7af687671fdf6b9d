/* cells.c - the table of states, and what of it was reached.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/cells.h"

/* What a verb may be answered in a state; bits. */
enum { D = 1 << ENGINE_DONE, A = 1 << ENGINE_ALREADY, C = 1 << ENGINE_CONFLICT };

static const uint8_t verbs[VERB_COUNT][COLUMN_COUNT] = {
    /* queued, admitting, acting, waiting, held, watching, rolling back, promoted, other terminal */
    [VERB_PROMOTE] = {C, C, D | C, C, D | C, D | C, C, A, C},
    [VERB_PROMOTE_FULL] = {C, C, D | A, D | A, D, D, C, A, C},
    [VERB_HOLD] = {C, C, D, D, A, D, C, C, C},
    [VERB_RESUME] = {C, C, A, A, D | C, A, C, C, C},
    [VERB_ABORT] = {D, D, D, D, D | A, D, A, C, C},
    [VERB_ROLLBACK] = {D, D, D, D, D | A, D, A, C, C},
    [VERB_ROLLBACK_PAST] = {D, D, D, D, D, D, A, C, C},
    [VERB_APPROVE] = {C, C, C, D, C, C, C, C, C},
    [VERB_REJECT] = {C, C, C, D, C, C, C, C, C},
    [VERB_MUTE] = {C, C, D | A | C, D | A | C, D | A | C, D | A | C, C, C, C},
    [VERB_ADOPT] = {C, C, C, C, C, C, D | C, 0, 0},
};

#define BIT(column) (1u << COLUMN_##column)

enum {
    RUNNING = BIT(ACTING) | BIT(WAITING) | BIT(HELD),
    ACTIVE = BIT(ADMITTING) | RUNNING | BIT(WATCHING) | BIT(ROLLING_BACK)
};

static const struct {
    const char *name;
    unsigned columns;
} happenings[HAPPENING_COUNT] = {
    [HAPPENS_TURN] = {"its turn comes", BIT(QUEUED)},
    [HAPPENS_ADMITTED] = {"admitted", BIT(ADMITTING)},
    [HAPPENS_REJECTED] = {"rejected", BIT(ADMITTING)},
    [HAPPENS_STEP_ENDS] = {"a step ends well", BIT(ACTING) | BIT(WAITING) | BIT(WATCHING)},
    [HAPPENS_FAIL_BACK] = {"FAIL, back", RUNNING | BIT(WATCHING)},
    [HAPPENS_FAIL_HELD] = {"FAIL, held", RUNNING | BIT(WATCHING)},
    [HAPPENS_RULE_HOLDS] = {"a rule holds it", BIT(ACTING) | BIT(WAITING) | BIT(WATCHING)},
    [HAPPENS_NO_EVIDENCE_BACK] = {"no evidence, back", BIT(ACTING) | BIT(WATCHING)},
    [HAPPENS_NO_EVIDENCE_HELD] = {"no evidence, held", BIT(ACTING) | BIT(WATCHING)},
    [HAPPENS_GATE_BACK] = {"a silent gate, back", BIT(WAITING)},
    [HAPPENS_GATE_HELD] = {"a silent gate, held", BIT(WAITING)},
    [HAPPENS_ACTION_BACK] = {"an action failed, back", BIT(ACTING) | BIT(WAITING) | BIT(HELD)},
    [HAPPENS_ACTION_HELD] = {"an action failed, held", BIT(ACTING) | BIT(HELD)},
    [HAPPENS_ACTION_AGAIN] = {"an action is tried again", BIT(ACTING) | BIT(ROLLING_BACK) | BIT(PROMOTED)},
    [HAPPENS_BACK_ESCALATED] = {"its way back takes too long", BIT(ROLLING_BACK)},
    [HAPPENS_HELD_BACK] = {"held too long, back", BIT(HELD)},
    [HAPPENS_HELD_ESCALATED] = {"held too long, escalated", BIT(HELD)},
    [HAPPENS_BACK_ENDS] = {"stable is well", BIT(ROLLING_BACK)},
    [HAPPENS_STABLE_SICK] = {"stable is not well, escalated", BIT(ROLLING_BACK)},
    [HAPPENS_NEW_QUEUES] = {"a new one waits", BIT(QUEUED) | ACTIVE},
    [HAPPENS_NEW_REFUSED] = {"a new one is refused", ACTIVE},
    [HAPPENS_EMERGENCY] = {"an emergency comes", BIT(QUEUED) | ACTIVE},
    [HAPPENS_RESTART] = {"restart", BIT(QUEUED) | ACTIVE | BIT(PROMOTED)},
};

static const char *const columns[COLUMN_COUNT] = {
    [COLUMN_QUEUED] = "queued",
    [COLUMN_ADMITTING] = "admitting",
    [COLUMN_ACTING] = "acting",
    [COLUMN_WAITING] = "waiting",
    [COLUMN_HELD] = "held",
    [COLUMN_WATCHING] = "watching",
    [COLUMN_ROLLING_BACK] = "rolling_back",
    [COLUMN_PROMOTED] = "promoted",
    [COLUMN_OTHER] = "terminal",
};

static const char *const answers[CELL_ANSWERS] = {"done", "already", "conflict"};

enum column column_of(const struct deployment_state *state)
{
    switch (state->phase) {
    case PHASE_QUEUED:
        return COLUMN_QUEUED;
    case PHASE_ADMITTING:
        return COLUMN_ADMITTING;
    case PHASE_RUNNING:
    case PHASE_WATCHING:
        if (state->step_state == STEP_HELD)
            return COLUMN_HELD;
        if (state->phase == PHASE_WATCHING)
            return COLUMN_WATCHING;
        return state->step_state == STEP_WAITING ? COLUMN_WAITING : COLUMN_ACTING;
    case PHASE_ROLLING_BACK:
        return COLUMN_ROLLING_BACK;
    case PHASE_PROMOTED:
        return COLUMN_PROMOTED;
    case PHASE_ROLLED_BACK:
    case PHASE_REJECTED:
    case PHASE_CANCELLED:
    case PHASE_SUPERSEDED:
    case PHASE_COUNT:
        break;
    }
    return COLUMN_OTHER;
}

bool cell_allows(enum verb verb, enum column column, enum engine_answer answer)
{
    return (verbs[verb][column] & (1u << answer)) != 0;
}

static void print_verb(const struct cells *cells, FILE *to, enum verb verb)
{
    (void)fprintf(to, "  %s:", verb_name(verb));
    for (int column = 0; column < COLUMN_COUNT; column++)
        for (int answer = 0; answer < CELL_ANSWERS; answer++)
            if (cells->answered[verb][column][answer] > 0)
                (void)fprintf(to, "  %s %s %llu", columns[column], answers[answer],
                              (unsigned long long)cells->answered[verb][column][answer]);
    (void)fputc('\n', to);
}

static void print_happening(const struct cells *cells, FILE *to, enum happening happening)
{
    (void)fprintf(to, "  %s:", happenings[happening].name);
    for (int column = 0; column < COLUMN_COUNT; column++)
        if (cells->happened[happening][column] > 0)
            (void)fprintf(to, "  %s %llu", columns[column],
                          (unsigned long long)cells->happened[happening][column]);
    (void)fputc('\n', to);
}

/* Names the cells of a verb that are missing; returns how many, and how many there are. */
static unsigned miss_verb(const struct cells *cells, FILE *to, enum verb verb, unsigned *ret_all)
{
    unsigned missing = 0;

    for (int column = 0; column < COLUMN_COUNT; column++)
        for (int answer = 0; answer < CELL_ANSWERS; answer++) {
            if (!cell_allows(verb, (enum column)column, (enum engine_answer)answer))
                continue;
            (*ret_all)++;
            if (cells->answered[verb][column][answer] > 0)
                continue;
            missing++;
            (void)fprintf(to, "never reached: %s, %s: %s\n", verb_name(verb), columns[column],
                          answers[answer]);
        }
    return missing;
}

static unsigned miss_happening(const struct cells *cells, FILE *to, enum happening happening,
                               unsigned *ret_all)
{
    unsigned missing = 0;

    for (int column = 0; column < COLUMN_COUNT; column++) {
        if ((happenings[happening].columns & (1u << column)) == 0)
            continue;
        (*ret_all)++;
        if (cells->happened[happening][column] > 0)
            continue;
        missing++;
        (void)fprintf(to, "never reached: %s, %s\n", happenings[happening].name, columns[column]);
    }
    return missing;
}

void cells_print(const struct cells *cells, FILE *to)
{
    unsigned missing = 0;
    unsigned all = 0;

    (void)fputs("cells of the table of states:\n", to);
    for (int verb = 0; verb < VERB_COUNT; verb++)
        print_verb(cells, to, (enum verb)verb);
    for (int happening = 0; happening < HAPPENING_COUNT; happening++)
        print_happening(cells, to, (enum happening)happening);
    for (int verb = 0; verb < VERB_COUNT; verb++)
        missing += miss_verb(cells, to, (enum verb)verb, &all);
    for (int happening = 0; happening < HAPPENING_COUNT; happening++)
        missing += miss_happening(cells, to, (enum happening)happening, &all);
    (void)fprintf(to, "cells reached: %u of %u\n", all - missing, all);
}
