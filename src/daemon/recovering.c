/* recovering.c - a recovery plan as a run, started once for an action; and what lets a rehearsal begin.
 * SPDX-License-Identifier: MIT */
#include "daemon/recovering.h"

#include "config/recovery.h"
#include "daemon/recoveries.h"
#include "daemon/run_live.h"
#include "io/memory.h"
#include "orchestrator/deployment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_SIZE = 96, PAGE_MEMORY = 1024 * 1024 };

/* The journal is asked on a worker, since the run may be over already. */
struct recovery_asking {
    struct acting *acting; /* NULL: nobody waits for it any more */
    char path[DAEMON_PATH_MAX];
    char pipeline[RECOVERY_RUN_NAME_SIZE];
    char reason[REASON_SIZE];
    uint64_t run; /* 0: it was not started yet */
    enum run_phase phase;
    struct err err; /* code ERR_NONE: all is well */
};

bool recovering_is_about(const struct live *live, const struct action *action)
{
    const struct recovery_definition *recovery = live->definition->recovery;

    return recovery != NULL && action->kind == ACTION_COMMAND && action->reference == recovery->reference;
}

/* Says which action it is of; a try more is none. */
static void name_reason(const struct acting *acting, char to[REASON_SIZE])
{
    (void)snprintf(to, REASON_SIZE, "dep_%llu cannot restore health by going back (its action %u)",
                   (unsigned long long)acting->deployment, acting->action.sequence);
}

/* ---- the run that is there ---- */

static void find(struct recovery_asking *asking, struct journal_view *view, struct arena *arena)
{
    const struct journal_run *rows = NULL;
    size_t count = VIEW_ROWS_MAX;
    uint64_t before = 0;

    while (asking->run == 0 && count == VIEW_ROWS_MAX) {
        arena_reset(arena);
        if (!journal_view_runs(view, asking->pipeline, before, VIEW_ROWS_MAX, arena, &rows, &count,
                               &asking->err))
            return;
        for (size_t i = 0; i < count && asking->run == 0; i++)
            if (strcmp(rows[i].reason, asking->reason) == 0) {
                asking->run = rows[i].id;
                asking->phase = rows[i].state.phase;
            }
        before = count == 0 ? 0 : rows[count - 1].id;
    }
}

static void ask(void *data)
{
    struct recovery_asking *asking = data;
    CLEANUP(memory_free_at) char *memory = memory_take(PAGE_MEMORY);
    struct journal_view *view = NULL;
    struct arena arena;

    arena_init(&arena, memory, PAGE_MEMORY);
    if (!journal_view_open(asking->path, &view, &asking->err))
        return;
    find(asking, view, &arena);
    journal_view_close(view);
}

/* ---- its end ---- */

static enum result result_of(enum run_phase phase)
{
    return phase == RUN_RELEASED ? RESULT_DONE : RESULT_FAILED;
}

static const char *why_of(enum run_phase phase)
{
    return phase == RUN_RELEASED ? "" : "the recovery plan did not run to its end";
}

static void look_again(void *data)
{
    recovering_act(data);
}

/* A run that ended since it was looked for is looked for again. */
static void wait_for(struct acting *acting, uint64_t run)
{
    const struct run_state *state = engine_run_state(acting->daemon->engine, run);

    acting->recovery_run = run;
    if (state != NULL && !run_phase_is_terminal(state->phase))
        return;
    acting->recovery_run = 0;
    loop_defer(acting->daemon->loop, look_again, acting);
}

void recovering_run_changed(struct daemon *daemon, const struct run_state *state)
{
    const struct run_live *live = run_live_find(daemon, state->id);

    if (!run_phase_is_terminal(state->phase))
        return;
    if (live == NULL || live->definition->is_rehearsal)
        recoveries_update(daemon->recoveries);
    for (struct acting *acting = daemon->actings; acting != NULL; acting = acting->next) {
        if (acting->recovery_run != state->id)
            continue;
        acting->recovery_run = 0;
        acting_defer(acting, result_of(state->phase), why_of(state->phase));
    }
}

/* ---- its start ---- */

static void started(void *data, bool is_done, bool is_new, uint64_t run, const struct err *err)
{
    struct acting *acting = data;

    (void)is_new;
    if (is_done)
        wait_for(acting, run);
    else
        acting_end(acting, acting_result_of_err(err), err->text);
}

static void start(struct live *live, struct acting *acting, const char *reason)
{
    struct daemon *daemon = live->daemon;
    const char *version = live->previous[0] == '\0' ? live->version : live->previous;
    const struct run_words words = {.version = version,
                                    .actor = "verdictd",
                                    .reason = reason,
                                    .run_url = "",
                                    .commit = "",
                                    .leads_back = true};
    uint64_t key =
        live->previous_key != 0 ? live->previous_key : journal_version_key(daemon->journal, version, "");
    struct err err = {0};
    char id[32];

    (void)snprintf(id, sizeof(id), "dep_%llu", (unsigned long long)live->id);
    const struct journal_output output = {.name = "deployment", .value = id};
    char *sealed = config_seal_recovery(live->sealed, &err);
    if (sealed == NULL)
        acting_defer(acting, RESULT_FAILED, err.text);
    else
        run_start_sealed(daemon, sealed, &words, key, &output, started, acting);
}

static void asked(void *data)
{
    struct recovery_asking *asking = data;
    struct acting *acting = asking->acting;
    struct live *live = acting == NULL ? NULL : live_find(acting->daemon, acting->deployment);

    if (acting != NULL)
        acting->recovery = NULL;
    if (acting == NULL)
        ;
    else if (live == NULL || !acting_is_wanted(acting))
        acting_end(acting, RESULT_UNKNOWN, "it was not wanted any more");
    else if (asking->err.code != ERR_NONE)
        acting_end(acting, RESULT_AGAIN, asking->err.text);
    else if (asking->run == 0)
        start(live, acting, asking->reason);
    else if (run_phase_is_terminal(asking->phase))
        acting_end(acting, result_of(asking->phase), why_of(asking->phase));
    else
        wait_for(acting, asking->run);
    free(asking);
}

void recovering_act(struct acting *acting)
{
    struct daemon *daemon = acting->daemon;
    const struct live *live = live_find(daemon, acting->deployment);
    struct err err = {0};

    if (live == NULL) {
        acting_end(acting, RESULT_UNKNOWN, "it was not wanted any more");
        return;
    }
    struct recovery_asking *asking = memory_take_array(1, sizeof(*asking));
    asking->acting = acting;
    (void)snprintf(asking->path, sizeof(asking->path), "%s", daemon->journal_path);
    (void)snprintf(asking->pipeline, sizeof(asking->pipeline), "%s%s/%s", RECOVERY_RUN,
                   live->definition->service, live->definition->environment);
    name_reason(acting, asking->reason);
    acting->recovery = asking;
    if (loop_work(daemon->loop, ask, asked, asking, &err))
        return;
    acting->recovery = NULL;
    free(asking);
    acting_defer(acting, RESULT_AGAIN, err.text);
}

void recovering_drop(struct acting *acting)
{
    if (acting->recovery != NULL)
        acting->recovery->acting = NULL;
    acting->recovery = NULL;
}

/* ---- rehearsals ---- */

/* False: nothing is known to serve there. */
static bool take_stable(struct daemon *daemon, const char *service, const char *environment,
                        struct api_run_start *start)
{
    uint32_t target = journal_target(daemon->journal, service, environment);
    const struct target_state *state = target == 0 ? NULL : engine_target(daemon->engine, target);

    return state != NULL && state->has_stable &&
           journal_version(daemon->journal, state->stable_version_key, &start->version, &start->digest);
}

static bool is_idle(const struct daemon *daemon, const char *service, const char *environment)
{
    for (const struct live *live = daemon->lives; live != NULL; live = live->next) {
        const struct deployment_state *state = engine_state(daemon->engine, live->id);
        if (state != NULL && phase_is_active(state->phase) &&
            strcmp(live->definition->service, service) == 0 &&
            strcmp(live->definition->environment, environment) == 0)
            return false;
    }
    return true;
}

bool recovering_fill_rehearsal(struct daemon *daemon, struct api_run_start *start, struct err *err)
{
    struct run_definition *definition = run_define(daemon, start, err);

    if (definition == NULL)
        return false;
    bool is_known = take_stable(daemon, start->rehearses, start->environment, start) ||
                    take_stable(daemon, start->rehearses, definition->environment, start);
    bool is_good = is_idle(daemon, start->rehearses, definition->environment) ||
                   err_set(err, ERR_CONFLICT, "a deployment of %s/%s is under way: wait for its end",
                           start->rehearses, definition->environment);
    if (is_good && !is_known)
        is_good = err_set(err, ERR_CONFLICT,
                          "nothing is known to serve in %s/%s, so there is no version to recover: "
                          "`verdict adopt` tells it",
                          start->rehearses, start->environment);
    run_definition_free(definition);
    return is_good;
}
