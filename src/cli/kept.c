/* kept.c - the journal's deployments, newest first, each with its course.
 * SPDX-License-Identifier: MIT */
#include "cli/kept.h"

#include "cli/kept_parts.h"
#include "io/memory.h"
#include "orchestrator/deployment.h"
#include "series/archive.h"
#include "store/journal_view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PAGE_BYTES = 512 * 1024,
    SCRATCH_BYTES = JOURNAL_SEALED_MAX + 512 * 1024,
    PATH_SIZE = 4096,
    TAKEN_BACK_MAX = 65536
};

/* The newest definitions used: deployments of one service mostly share both. */
struct recent {
    char *sealed_text;
    struct definition *sealed;
    char key[3 * NAME_MAX_LENGTH + 4]; /* "shop/prod/canary" */
    struct definition *ruled;
};

struct keeping {
    const struct kept_request *request;
    struct kept_counts *counts;
    struct journal_view *view;
    struct arena page, scratch;
    struct recent recent;
    uint64_t *taken_back; /* promoted deployments that a later one took back */
    size_t taken_back_count;
    char folder[PATH_SIZE];
    struct past *past;
};

/* ---- what it is judged by ---- */

static void say_why(struct kept_counts *counts, const char *text)
{
    if (counts->why[0] == '\0')
        (void)snprintf(counts->why, sizeof(counts->why), "%s", text);
}

static struct definition *resolve(const struct kept_request *request, const struct journal_deployment *row,
                                  struct err *err)
{
    struct err first = {0};
    struct definition *definition =
        config_resolve(request->config, row->service, row->environment, row->strategy, false, &first);

    /* Rules do not depend on the strategy: one that is gone since is no reason to leave it out. */
    return definition != NULL
               ? definition
               : config_resolve(request->config, row->service, row->environment, NULL, false, err);
}

static const struct definition *rules_for(struct keeping *keeping, const struct journal_deployment *row)
{
    struct recent *recent = &keeping->recent;
    char key[sizeof(recent->key)];
    struct err err = {0};

    (void)snprintf(key, sizeof(key), "%s/%s/%s", row->service, row->environment, row->strategy);
    if (strcmp(key, recent->key) == 0)
        return recent->ruled;
    definition_free(recent->ruled);
    recent->ruled = resolve(keeping->request, row, &err);
    memcpy(recent->key, key, sizeof(key));
    if (recent->ruled == NULL && keeping->counts->unruled[0] == '\0') {
        (void)snprintf(keeping->counts->unruled, sizeof(keeping->counts->unruled), "%s/%s", row->service,
                       row->environment);
        say_why(keeping->counts, err.text);
    }
    return recent->ruled;
}

static const struct definition *sealed_of(struct keeping *keeping, uint64_t deployment, struct err *err)
{
    struct recent *recent = &keeping->recent;
    const char *text = NULL;

    arena_reset(&keeping->scratch);
    if (!journal_view_sealed(keeping->view, deployment, &keeping->scratch, &text, err))
        return NULL;
    if (recent->sealed_text != NULL && strcmp(recent->sealed_text, text) == 0)
        return recent->sealed;
    free(recent->sealed_text);
    definition_free(recent->sealed);
    recent->sealed_text = memory_copy_text(text);
    recent->sealed = config_unseal(text, keeping->request->schemas, err);
    return recent->sealed;
}

/* ---- what happened ---- */

static bool is_observed(const struct definition *sealed, uint32_t step)
{
    return step < sealed->plan->count && sealed->plan->steps[step].kind == STEP_OBSERVE;
}

static bool is_over(enum deployment_phase phase)
{
    return phase == PHASE_ROLLING_BACK || phase_is_terminal(phase);
}

static void note_phase(struct past *past, enum deployment_phase phase, int64_t at_ms)
{
    if (phase == PHASE_ADMITTING)
        past->from_ms = at_ms;
    if (phase == PHASE_RUNNING && past->began_ms == 0)
        past->began_ms = at_ms;
    if (is_over(phase) && past->until_ms == INT64_MAX)
        past->until_ms = at_ms;
}

static bool is_kind(const struct journal_audit *row, enum trace_kind kind)
{
    return strcmp(row->what, trace_kind_name(kind)) == 0;
}

/* What an audit row says of the course; rows come in order. */
static void note(struct past *past, const struct definition *sealed, const struct journal_audit *row)
{
    struct rejudge_mark mark = {.at_ms = row->engine_ms,
                                .confirms = is_kind(row, TRACE_STEP) && is_observed(sealed, row->a),
                                .calls_stable_bad = is_kind(row, TRACE_EMERGENCY) && row->a != 0};
    bool is_confirmed = is_kind(row, TRACE_CONFIRMED);

    if (is_kind(row, TRACE_PHASE))
        note_phase(past, (enum deployment_phase)row->a, row->engine_ms);
    if (past->mark_count == PAST_MARKS_MAX || past->until_ms != INT64_MAX ||
        !(is_confirmed || mark.confirms || mark.calls_stable_bad))
        return;
    if (is_confirmed)
        mark.share = (uint16_t)row->a;
    else if (past->mark_count > 0)
        mark.share = past->marks[past->mark_count - 1].share;
    past->marks[past->mark_count++] = mark;
}

static bool read_course(struct keeping *keeping, const struct journal_deployment *row,
                        const struct definition *sealed, struct err *err)
{
    const struct journal_audit *rows = NULL;
    size_t count = VIEW_ROWS_MAX;
    uint64_t after = 0;

    keeping->past->until_ms = INT64_MAX;
    while (count == VIEW_ROWS_MAX) {
        arena_reset(&keeping->scratch);
        if (!journal_view_audit(keeping->view, row->id, after, VIEW_ROWS_MAX, &keeping->scratch, &rows,
                                &count, err))
            return false;
        for (size_t i = 0; i < count; i++) {
            if (keeping->past->from_ms == 0)
                keeping->past->from_ms = rows[i].engine_ms;
            note(keeping->past, sealed, &rows[i]);
        }
        after = count > 0 ? rows[count - 1].event : after;
    }
    if (keeping->past->until_ms == INT64_MAX)
        keeping->past->until_ms = row->state.last_seen_ms;
    return true;
}

/* Wall clock less the engine's, from an intent: the archive rounds it as here, and keeps it. */
static bool read_offset(struct keeping *keeping, uint64_t deployment, int64_t *ret_offset_ms, struct err *err)
{
    const struct journal_action *rows = NULL;
    size_t count = 0;
    int64_t offset_ms = INT64_MAX;

    arena_reset(&keeping->scratch);
    if (!journal_view_actions(keeping->view, deployment, 0, VIEW_ROWS_MAX, &keeping->scratch, &rows, &count,
                              err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (rows[i].wall_ms - rows[i].intent_ms < offset_ms)
            offset_ms = rows[i].wall_ms - rows[i].intent_ms;
    *ret_offset_ms = count == 0 ? 0 : archive_offset_ms(offset_ms);
    return true;
}

/* ---- what became of it ---- */

static bool was_taken_back(const struct keeping *keeping, uint64_t deployment)
{
    for (size_t i = 0; i < keeping->taken_back_count; i++)
        if (keeping->taken_back[i] == deployment)
            return true;
    return false;
}

static enum past_label label_of(const struct keeping *keeping, const struct journal_deployment *row)
{
    if (row->state.phase == PHASE_PROMOTED)
        return was_taken_back(keeping, row->id) ? PAST_BAD : PAST_GOOD;
    if (row->state.phase == PHASE_ROLLED_BACK &&
        (row->state.ending == ENDING_FAILED || row->state.ending == ENDING_TAKEN_BACK))
        return PAST_BAD;
    return PAST_UNKNOWN;
}

static void describe(const struct keeping *keeping, const struct journal_deployment *row, struct past *past)
{
    (void)snprintf(past->id, sizeof(past->id), "dep_%llu", (unsigned long long)row->id);
    (void)snprintf(past->service, sizeof(past->service), "%s", row->service);
    (void)snprintf(past->environment, sizeof(past->environment), "%s", row->environment);
    (void)snprintf(past->version, sizeof(past->version), "%s", row->version);
    (void)snprintf(past->previous, sizeof(past->previous), "%s", row->previous);
    (void)snprintf(past->outcome, sizeof(past->outcome), "%s (%s)", phase_name(row->state.phase),
                   was_taken_back(keeping, row->id) ? "taken back later" : ending_name(row->state.ending));
    past->label = label_of(keeping, row);
    past->routed_ms = row->state.routed_ms;
}

static bool hand_out(struct keeping *keeping, const struct journal_deployment *row,
                     const struct definition *ruled, struct err *err)
{
    struct past *past = keeping->past;
    struct err unreadable = {0};
    const struct definition *sealed = sealed_of(keeping, row->id, &unreadable);
    struct kept_place place = {.folder = keeping->folder,
                               .sealed = sealed,
                               .schemas = keeping->request->schemas,
                               .slot = row->state.slot,
                               .stable_slot = row->state.stable_slot};

    if (sealed == NULL) {
        keeping->counts->unreadable++;
        say_why(keeping->counts, unreadable.text);
        return true;
    }
    past_init(past, ruled);
    describe(keeping, row, past);
    if (!read_course(keeping, row, sealed, err) || !read_offset(keeping, row->id, &place.offset_ms, err))
        return false;
    kept_read_series(&place, past);
    bool is_good = keeping->request->each(keeping->request->arg, past, err);
    past_done(past);
    keeping->counts->read += is_good;
    return is_good;
}

static bool take(struct keeping *keeping, const struct journal_deployment *row, struct err *err)
{
    bool is_routed = row->state.routed_ms != DEPLOYMENT_NEVER && phase_is_terminal(row->state.phase);

    if (row->kind == PLAN_ROLLBACK) {
        if (row->taken_back != 0 && keeping->taken_back_count < TAKEN_BACK_MAX)
            keeping->taken_back[keeping->taken_back_count++] = row->taken_back;
        return true;
    }
    if (!is_routed) {
        keeping->counts->not_routed++;
        return true;
    }
    const struct definition *ruled = rules_for(keeping, row);
    if (ruled == NULL) {
        keeping->counts->not_ruled++;
        return true;
    }
    return hand_out(keeping, row, ruled, err);
}

static bool read_pages(struct keeping *keeping, struct err *err)
{
    const struct kept_request *request = keeping->request;
    struct journal_filter filter = {
        .service = request->service, .environment = request->environment, .limit = VIEW_ROWS_MAX};
    const struct journal_deployment *rows = NULL;
    size_t count = VIEW_ROWS_MAX;

    while (count == VIEW_ROWS_MAX) {
        arena_reset(&keeping->page);
        if (!journal_view_list(keeping->view, &filter, &keeping->page, &rows, &count, err))
            return false;
        for (size_t i = 0; i < count; i++) {
            if (rows[i].created_ms < request->since_ms)
                return true;
            if (!take(keeping, &rows[i], err))
                return false;
        }
        filter.before = count > 0 ? rows[count - 1].id : 0;
    }
    return true;
}

bool kept_read(const struct kept_request *request, struct kept_counts *ret_counts, struct err *err)
{
    CLEANUP(memory_free_at) struct keeping *keeping = memory_take(sizeof(*keeping));
    CLEANUP(memory_free_at) void *page = memory_take(PAGE_BYTES);
    CLEANUP(memory_free_at) void *scratch = memory_take(SCRATCH_BYTES);
    CLEANUP(memory_free_at) void *past = memory_take(sizeof(*keeping->past));
    CLEANUP(memory_free_at) void *taken_back = memory_take_array(TAKEN_BACK_MAX, sizeof(uint64_t));
    char path[PATH_SIZE];

    *ret_counts = (struct kept_counts){0};
    keeping->request = request;
    keeping->counts = ret_counts;
    keeping->past = past;
    keeping->taken_back = taken_back;
    arena_init(&keeping->page, page, PAGE_BYTES);
    arena_init(&keeping->scratch, scratch, SCRATCH_BYTES);
    (void)snprintf(keeping->folder, sizeof(keeping->folder), "%s/series", request->data);
    (void)snprintf(path, sizeof(path), "%s/journal.db", request->data);
    if (access(path, R_OK) != 0)
        return err_set(err, ERR_NOT_FOUND, "no journal at %s (--data names the daemon's folder): %s", path,
                       strerror(errno));
    bool is_good = journal_view_open(path, &keeping->view, err) && read_pages(keeping, err);
    journal_view_close(keeping->view);
    definition_free(keeping->recent.sealed);
    definition_free(keeping->recent.ruled);
    free(keeping->recent.sealed_text);
    return is_good;
}
