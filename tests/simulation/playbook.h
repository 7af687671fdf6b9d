/* playbook.h - what may be deployed in the simulation: rule files read by the real reader, made ready for the
 * engine. SPDX-License-Identifier: MIT */
#ifndef SIMULATION_PLAYBOOK_H
#define SIMULATION_PLAYBOOK_H

#include "base/err.h"
#include "config/definition.h"

#include <stdbool.h>
#include <stdint.h>

enum { PLAYBOOK_RULES_MAX = 6, PLAYBOOK_COMMANDS_MAX = 12 };

enum site_kind { SITE_SHOP, SITE_BANK, SITE_MAIL, SITE_WIKI, SITE_DEV, SITE_FARM, SITE_KIND_COUNT };

/* What the sources of the simulation know. */
enum measure { MEASURE_ERRORS, MEASURE_MEMORY, MEASURE_CRASHES, MEASURE_COUNT };

/* What a command does to the world. */
enum craft {
    CRAFT_NOTHING,  /* migrate, warm, cool ... */
    CRAFT_DEPLOY,   /* puts the version into the candidate's slot */
    CRAFT_UNDEPLOY, /* takes it out again */
    CRAFT_RETIRE,   /* stops the old slot */
    CRAFT_DRAIN,    /* takes a host out of service */
    CRAFT_RESTORE,  /* puts it back */
    CRAFT_HEAL      /* makes stable well */
};

/* One strategy of one service and environment. */
struct play {
    const char *name; /* "shop/prod careful" */
    enum site_kind site;
    bool is_brief; /* for the world of verdicts: seconds where the others observe for long */
    bool is_record;
    struct definition *definition; /* rebuilt from its sealed text, as after a restart */
    struct plan back;              /* takes a promotion of it back */
    const struct rule *rules[PLAYBOOK_RULES_MAX];
    uint8_t measured[PLAYBOOK_RULES_MAX][RULE_METRICS_MAX]; /* enum measure of each rule's metrics */
    enum craft crafts[PLAYBOOK_COMMANDS_MAX];
};

enum { PLAY_COUNT = 22 };

struct playbook {
    struct play plays[PLAY_COUNT];
};

/* Reads all rule files of `folder`. */
MUST_CHECK bool playbook_read(const char *folder, struct playbook *ret_playbook, struct err *err);
void playbook_free(struct playbook *playbook);

/* The plan of a deployment of this play. */
static inline const struct plan *play_plan(const struct play *play, bool is_back)
{
    return is_back ? &play->back : play->definition->plan;
}

#endif
