/* run_incidents.c - names of what failed last, as the journal has them.
 * SPDX-License-Identifier: MIT */
#include "daemon/run_incidents.h"

#include "io/memory.h"
#include "store/journal_drift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run_incidents {
    size_t count;
    char names[RUN_INCIDENTS_MAX][RUN_INCIDENT_SIZE];
};

static void name(const char *pipeline, const char *verb, char to[RUN_INCIDENT_SIZE])
{
    bool is_of_stack = strchr(pipeline, '/') != NULL;

    (void)snprintf(to, RUN_INCIDENT_SIZE, "%s%s%s", pipeline, is_of_stack ? " " : "",
                   is_of_stack ? verb : "");
}

const char *run_incident_name(const struct run_live *live, char to[RUN_INCIDENT_SIZE])
{
    name(live->definition->pipeline, live->version, to);
    return to;
}

static size_t find(const struct daemon *daemon, const char *name)
{
    const struct run_incidents *incidents = daemon->incidents;
    size_t i = 0;

    while (i < incidents->count && strcmp(incidents->names[i], name) != 0)
        i++;
    return i;
}

bool run_incident_is_open(const struct daemon *daemon, const char *name)
{
    return find(daemon, name) < daemon->incidents->count;
}

static void open_one(struct daemon *daemon, const char *name)
{
    struct run_incidents *incidents = daemon->incidents;

    if (run_incident_is_open(daemon, name) || incidents->count == RUN_INCIDENTS_MAX)
        return;
    (void)snprintf(incidents->names[incidents->count++], RUN_INCIDENT_SIZE, "%s", name);
}

static void close_one(struct daemon *daemon, const char *name)
{
    struct run_incidents *incidents = daemon->incidents;
    size_t at = find(daemon, name);

    if (at == incidents->count)
        return;
    incidents->count--;
    memmove(incidents->names[at], incidents->names[incidents->count], RUN_INCIDENT_SIZE);
}

bool run_looks_for_drift(const struct run_live *live)
{
    return live->definition->stack != NULL && strcmp(live->version, "drift") == 0;
}

void run_incidents_settle(struct daemon *daemon, const struct batch_row *row)
{
    const struct run_live *live = run_live_find(daemon, row->run->id);
    char text[RUN_INCIDENT_SIZE];

    if (live == NULL || run_looks_for_drift(live) || row->run_trace.kind != RUN_TRACE_PHASE)
        return;
    if (row->run_trace.a == RUN_FAILED)
        open_one(daemon, run_incident_name(live, text));
    else if (row->run_trace.a == RUN_RELEASED)
        close_one(daemon, run_incident_name(live, text));
}

static void take_failed(void *data, const char *pipeline, const char *verb)
{
    char text[RUN_INCIDENT_SIZE];

    name(pipeline, verb, text);
    open_one(data, text);
}

bool run_incidents_recover(struct daemon *daemon, struct err *err)
{
    daemon->incidents = memory_take_array(1, sizeof(*daemon->incidents));
    return journal_recover_failed_runs(daemon->journal, take_failed, daemon, err);
}

void run_incidents_free(struct run_incidents *incidents)
{
    free(incidents);
}
