/* recoveries.c - recovery plans of the rule files, and their last rehearsals out of the journal.
 * SPDX-License-Identifier: MIT */
#include "daemon/recoveries.h"

#include "config/recovery.h"
#include "io/memory.h"
#include "orchestrator/run.h"
#include "store/journal_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LABELS_SIZE = 192,
    RECOVERIES_MAX = 256, /* plans; further ones are not shown */
    LOOKED_AT = 8,        /* newest rehearsals of one plan: the last one that is over is among them */
    PAGE_MEMORY = 256 * 1024
};

struct recovery_row {
    char service[NAME_MAX_LENGTH + 1];
    char environment[NAME_MAX_LENGTH + 1];
    char stand_in[NAME_MAX_LENGTH + 1];
    char actor[NAME_MAX_LENGTH + 1];
    uint64_t run;
    int64_t began_ms, ended_ms;
    bool is_passed;
};

/* What a worker reads. */
struct reading {
    struct recoveries *recoveries; /* NULL: nobody waits for it any more */
    char path[DAEMON_PATH_MAX];
    size_t count;
    struct recovery_row rows[RECOVERIES_MAX];
};

struct recoveries {
    struct daemon *daemon;
    struct reading *reading; /* NULL: none is under way */
    bool is_stale;           /* something is new since that began */
    size_t count;
    struct recovery_row rows[RECOVERIES_MAX];
    struct api_recovery shown[RECOVERIES_MAX];
};

/* ---- the journal ---- */

static void take_last(const struct journal_run *rows, size_t count, struct recovery_row *to)
{
    for (size_t i = 0; i < count; i++) {
        if (!run_phase_is_terminal(rows[i].state.phase))
            continue;
        to->run = rows[i].id;
        to->began_ms = rows[i].created_ms;
        to->ended_ms = rows[i].ended_ms;
        to->is_passed = rows[i].state.phase == RUN_RELEASED;
        (void)snprintf(to->actor, sizeof(to->actor), "%s", rows[i].actor);
        return;
    }
}

static void read_journal(void *data)
{
    struct reading *reading = data;
    CLEANUP(memory_free_at) char *memory = memory_take(PAGE_MEMORY);
    struct journal_view *view = NULL;
    const struct journal_run *rows = NULL;
    char name[RECOVERY_RUN_NAME_SIZE];
    struct arena arena;
    size_t count = 0;

    arena_init(&arena, memory, PAGE_MEMORY);
    if (!journal_view_open(reading->path, &view, NULL))
        return;
    for (size_t i = 0; i < reading->count; i++) {
        struct recovery_row *row = &reading->rows[i];
        arena_reset(&arena);
        (void)snprintf(name, sizeof(name), "%s%s/%s", REHEARSAL_RUN, row->service, row->environment);
        if (journal_view_runs(view, name, 0, LOOKED_AT, &arena, &rows, &count, NULL))
            take_last(rows, count, row);
    }
    journal_view_close(view);
}

static void begin(struct recoveries *recoveries);

/* What was read is of the plans as they were when it began. */
static void was_read(void *data)
{
    struct reading *reading = data;
    struct recoveries *recoveries = reading->recoveries;

    if (recoveries != NULL) {
        recoveries->reading = NULL;
        if (!recoveries->is_stale) {
            memcpy(recoveries->rows, reading->rows, sizeof(recoveries->rows));
            recoveries->count = reading->count;
        } else {
            begin(recoveries);
        }
    }
    free(reading);
}

static void begin(struct recoveries *recoveries)
{
    struct reading *reading = memory_take(sizeof(*reading));

    recoveries->is_stale = false;
    reading->recoveries = recoveries;
    (void)snprintf(reading->path, sizeof(reading->path), "%s", recoveries->daemon->journal_path);
    reading->count = recoveries->count;
    memcpy(reading->rows, recoveries->rows, sizeof(reading->rows));
    recoveries->reading = reading;
    if (loop_work(recoveries->daemon->loop, read_journal, was_read, reading, NULL))
        return;
    recoveries->reading = NULL;
    free(reading);
}

/* ---- the rule files ---- */

static void take_plan(void *data, const char *service, const char *environment, const char *stand_in)
{
    struct recoveries *recoveries = data;

    if (recoveries->count == RECOVERIES_MAX)
        return;
    struct recovery_row *row = &recoveries->rows[recoveries->count++];
    *row = (struct recovery_row){.run = 0};
    (void)snprintf(row->service, sizeof(row->service), "%s", service);
    (void)snprintf(row->environment, sizeof(row->environment), "%s", environment);
    (void)snprintf(row->stand_in, sizeof(row->stand_in), "%s", stand_in);
}

/* What is known of a plan that was there before stays until the journal is read. */
static void keep_known(struct recoveries *recoveries, const struct recovery_row *before, size_t count)
{
    for (size_t i = 0; i < recoveries->count; i++)
        for (size_t k = 0; k < count; k++) {
            struct recovery_row *row = &recoveries->rows[i];
            if (strcmp(row->service, before[k].service) != 0 ||
                strcmp(row->environment, before[k].environment) != 0)
                continue;
            row->run = before[k].run;
            row->began_ms = before[k].began_ms;
            row->ended_ms = before[k].ended_ms;
            row->is_passed = before[k].is_passed;
            memcpy(row->actor, before[k].actor, sizeof(row->actor));
        }
}

void recoveries_update(struct recoveries *recoveries)
{
    if (recoveries == NULL)
        return;
    size_t count = recoveries->count;
    struct recovery_row *before = memory_take_array(RECOVERIES_MAX, sizeof(*before));

    memcpy(before, recoveries->rows, sizeof(recoveries->rows));
    recoveries->count = 0;
    config_each_recovery(recoveries->daemon->config, take_plan, recoveries);
    keep_known(recoveries, before, count);
    free(before);
    recoveries->is_stale = true;
    if (recoveries->reading == NULL)
        begin(recoveries);
}

struct recoveries *recoveries_new(struct daemon *daemon)
{
    struct recoveries *recoveries = memory_take(sizeof(*recoveries));

    recoveries->daemon = daemon;
    recoveries_update(recoveries);
    return recoveries;
}

void recoveries_free(struct recoveries *recoveries)
{
    if (recoveries != NULL && recoveries->reading != NULL)
        recoveries->reading->recoveries = NULL;
    free(recoveries);
}

/* ---- shown ---- */

size_t recoveries_list(void *data, const struct api_recovery **ret_rows)
{
    const struct daemon *daemon = data;
    struct recoveries *recoveries = daemon->recoveries;

    for (size_t i = 0; i < recoveries->count; i++) {
        const struct recovery_row *row = &recoveries->rows[i];
        recoveries->shown[i] = (struct api_recovery){.service = row->service,
                                                     .environment = row->environment,
                                                     .stand_in = row->stand_in,
                                                     .run = row->run,
                                                     .began_ms = row->began_ms,
                                                     .ended_ms = row->ended_ms,
                                                     .is_passed = row->is_passed,
                                                     .actor = row->actor};
    }
    *ret_rows = recoveries->shown;
    return recoveries->count;
}

void recoveries_add_metrics(const struct recoveries *recoveries, FILE *to)
{
    for (size_t i = 0; recoveries != NULL && i < recoveries->count; i++) {
        const struct recovery_row *row = &recoveries->rows[i];
        char labels[LABELS_SIZE];
        (void)snprintf(labels, sizeof(labels), "service=\"%s\",environment=\"%s\"", row->service,
                       row->environment);
        (void)fprintf(to, "verdict_recovery_plan{%s,stand_in=\"%s\"} 1\n", labels, row->stand_in);
        /* 0: never, so that an age tells both. */
        (void)fprintf(to, "verdict_recovery_rehearsal_timestamp_seconds{%s} %.3f\n", labels,
                      (double)row->ended_ms / 1000.0);
        if (row->run == 0)
            continue;
        (void)fprintf(to, "verdict_recovery_rehearsal_seconds{%s} %.3f\n", labels,
                      (double)(row->ended_ms - row->began_ms) / 1000.0);
        (void)fprintf(to, "verdict_recovery_rehearsal_passed{%s} %d\n", labels, row->is_passed);
    }
}
