/* fleet_parts.h - one report of the fleet in the making; for its own files.
 * SPDX-License-Identifier: MIT */
#ifndef API_FLEET_PARTS_H
#define API_FLEET_PARTS_H

#include "api/figures.h"
#include "api/fleet.h"
#include "api/fleet_stacks.h"
#include "base/arena.h"
#include "store/journal_run.h"
#include "store/journal_view.h"

#include <sys/queue.h>

struct cJSON;

enum {
    FLEET_ENVIRONMENTS_MAX = 64,
    FLEET_RUNS_RECENT = 20,
    FLEET_DEPLOYMENTS_MAX = 20000, /* the newest so many are looked at */
    FLEET_RUNS_MAX = 2000,         /* the same of runs */
    FLEET_RANGE = 500,             /* ids of one read */
    FLEET_MEMORY = 1024 * 1024,
    FLEET_PAGE_MEMORY = 1024 * 1024 + 512 * 1024, /* a page of rows, a sealed text, its tasks */
    FLEET_KEPT = 2                                /* figures that are kept */
};

struct fleet_environment {
    char name[NAME_MAX_LENGTH + 1];
    uint32_t services;    /* that may be deployed there */
    uint32_t in_progress; /* queued ones too */
    uint32_t ended, succeeded;
};

/* What the journal says of the span. */
struct fleet_figures {
    struct figures figures;
    size_t environment_count;
    struct fleet_environment environments[FLEET_ENVIRONMENTS_MAX];
    int64_t covered_ms; /* of the span, from the first deployment or run in the journal on */
    bool is_cut;        /* the journal has more of it than is looked at */
    bool has_runs;      /* false: they were not looked at */
};

/* A service in an environment, as the engine knows it now; its names are the journal's, or the report's own.
 */
struct fleet_target {
    const char *service, *environment;
    const char *version, *digest; /* NULL: nothing is known to serve */
    uint64_t deployment;
    int64_t thaws_wall_ms, opens_wall_ms;
    uint8_t slot, quarantined;
    bool is_frozen, is_braked;
};

struct fleet_report {
    TAILQ_ENTRY(fleet_report) link;
    struct api *api;
    struct fleet_wish wish;
    fleet_told *done; /* NULL: forgotten */
    void *data;
    int64_t now_ms; /* wall clock, of the begin */
    /* read by a worker */
    struct err err; /* code ERR_NONE: all is well */
    struct arena arena, page;
    struct journal_deployment *rows; /* under way, the newest ones that the asker may see */
    size_t row_count;
    uint32_t in_progress;
    struct journal_run *runs; /* the newest ones of those */
    size_t run_count;
    struct fleet_stacks stacks;
    struct fleet_figures *part;
    bool has_figures;   /* they were kept */
    int64_t started_ms; /* of the loop */
    /* taken from the engine */
    struct cJSON *json; /* all but what follows */
    struct fleet_target *targets;
    size_t target_count;
    char *names; /* of the targets: the worker that prints may outlive the journal */
    /* printed by a worker */
    char *text;
    size_t length;
};

/* Figures that were made, and for whom. */
struct fleet_kept {
    struct fleet_wish wish;
    int64_t made_ms, cost_ms; /* of the loop: when, and how long it took */
    struct fleet_figures *part;
};

/* Of the api. */
struct fleet {
    TAILQ_HEAD(fleet_queue, fleet_report) reports; /* the first one is under way */
    size_t count;
    bool is_busy; /* a worker has the first one */
    struct fleet_kept kept[FLEET_KEPT];
};

void fleet_init(struct fleet *fleet);
/* Tells all who wait that there will be none; drops what no worker has. */
void fleet_close(struct api *api);
bool fleet_is_idle(const struct api *api);

/* As the engine has it now. */
struct fleet_target fleet_target_of(const struct api *api, uint32_t target, const char *service,
                                    const char *environment);

/* fleet_read.c, on a worker. */
void fleet_read(struct fleet_report *report, struct journal_view *view);
/* NULL: there are too many. */
struct fleet_environment *fleet_environment(struct fleet_figures *part, const char *name);
/* May whoever asks see it, and did they want it? */
bool fleet_shows(const struct fleet_wish *wish, const char *service, const char *environment);
bool fleet_shows_run(const struct fleet_wish *wish, const struct journal_run *run);

/* fleet_shape.c, on a worker: targets and figures go into report->json. */
void fleet_shape(struct fleet_report *report);
/* One target as in the report; and only what begins there, or not. */
struct cJSON *fleet_shape_target(const struct fleet_target *target);
struct cJSON *fleet_shape_door(const struct fleet_target *target);

#endif
