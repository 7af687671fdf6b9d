/* journal_ended.c - what ended, measured by its audit rows and actions.
 * SPDX-License-Identifier: MIT */
#include "store/journal_ended.h"

#include "engine/snapshot.h"
#include "store/view_parts.h"

/* The engine's clock; 0: it did not happen. */
struct times {
    int64_t accepted_ms, failed_ms, back_ms, over_ms, disaster_ms;
    bool is_downtime_traced;
};

struct actions {
    int64_t working_ms;
    int64_t routes;
};

static struct actions read_actions(struct sql *sql, uint64_t deployment, int64_t over_ms)
{
    struct row row = sql_row(sql, STATEMENT_WORKING);
    struct actions actions = {.working_ms = JOURNAL_UNKNOWN};

    row_key(&row, deployment);
    row_integer(&row, over_ms);
    if (row_next(&row)) {
        actions.working_ms = row_get_integer(&row);
        actions.routes = row_get_integer(&row);
    }
    row_end(&row);
    return actions;
}

static struct times read_times(struct row *row)
{
    struct times times = {.accepted_ms = row_get_integer(row)};

    /* One after the other: an initializer would be free to take them in any order. */
    times.failed_ms = row_get_integer(row);
    times.back_ms = row_get_integer(row);
    times.over_ms = row_get_integer(row);
    times.is_downtime_traced = row_get_integer(row) != 0;
    times.disaster_ms = row_get_integer(row);
    return times;
}

static int64_t between(int64_t from_ms, int64_t to_ms)
{
    return from_ms == 0 || to_ms < from_ms ? JOURNAL_UNKNOWN : to_ms - from_ms;
}

/* Nobody's failure, but what people wanted, or what was to come. */
static bool is_wanted(enum ending ending)
{
    return ending == ENDING_PASSED || ending == ENDING_ABORTED || ending == ENDING_TAKEN_BACK ||
           ending == ENDING_NOT_APPROVED || ending == ENDING_REPLACED;
}

static void measure_way_back(const struct times *times, struct journal_ended *to)
{
    to->back_ms = to->recovery_ms = JOURNAL_UNKNOWN;
    if (to->kind == PLAN_ROLLBACK && to->phase == PHASE_PROMOTED) {
        to->back_ms = to->recovery_ms = between(times->accepted_ms, times->over_ms);
    } else if (to->kind == PLAN_DEPLOY && to->phase == PHASE_ROLLED_BACK) {
        to->back_ms = between(times->back_ms, times->over_ms);
        if (times->failed_ms != 0)
            to->recovery_ms = between(times->failed_ms, times->over_ms);
        else if (!is_wanted(to->ending))
            to->recovery_ms = to->back_ms;
    }
}

static void measure_downtime(const struct deployment_state *state, const struct times *times, int64_t routes,
                             struct journal_ended *to)
{
    to->downtime_ms = JOURNAL_UNKNOWN;
    if (state->down_ms > 0 || times->is_downtime_traced || routes > 0)
        to->downtime_ms = state->down_ms;
    if (state->is_down) /* and nobody saw it end */
        to->downtime_ms = state->down_ms +
                          (times->over_ms > state->down_from_ms ? times->over_ms - state->down_from_ms : 0);
}

static int64_t first_known(int64_t one, int64_t other)
{
    return one != 0 ? one : other;
}

/* All users were on a version that a rule had failed: as good as nothing served, until the first of them were
 * led away. */
static int64_t read_exposed(struct sql *sql, uint64_t deployment, const struct times *times)
{
    struct row row = sql_row(sql, STATEMENT_EXPOSED);
    int64_t exposed_ms = 0;

    row_key(&row, deployment);
    row_integer(&row, SHARE_WHOLE);
    if (row_next(&row) && row_get_integer(&row) == SHARE_WHOLE) {
        int64_t end_ms = first_known(row_get_integer(&row), first_known(times->over_ms, times->back_ms));
        exposed_ms = end_ms > times->failed_ms ? end_ms - times->failed_ms : 1;
    }
    row_end(&row);
    return exposed_ms;
}

static bool is_taken_back(const struct journal_ended *ended)
{
    return ended->kind == PLAN_DEPLOY &&
           (ended->phase == PHASE_ROLLED_BACK || ended->phase == PHASE_ROLLING_BACK);
}

static bool read_ended(struct sql *sql, struct row *row, struct journal_ended *to, struct err *err)
{
    struct deployment_state state;
    size_t length = 0;

    *to = (struct journal_ended){.id = row_get_key(row)};
    to->kind = row_get_integer(row) == PLAN_ROLLBACK ? PLAN_ROLLBACK : PLAN_DEPLOY;
    to->taken_back = row_get_key(row);
    to->phase = (enum deployment_phase)row_get_integer(row);
    to->ending = (enum ending)row_get_integer(row);
    to->is_escalated = row_get_integer(row) != 0;
    to->service = row_get_text(row);
    to->environment = row_get_text(row);
    to->strategy = row_get_text(row);
    to->created_ms = row_get_integer(row);
    to->ended_ms = row_get_integer(row);
    const unsigned char *bytes = row_get_bytes(row, &length);
    if (!snapshot_read_deployment(bytes, length, &state))
        return err_set(err, ERR_INVALID, "deployment %llu: the snapshot is not one that this build can read",
                       (unsigned long long)to->id);
    const struct times times = read_times(row);
    const struct actions actions = read_actions(sql, to->id, times.over_ms);
    to->elapsed_ms = between(times.accepted_ms, times.over_ms);
    to->working_ms = actions.working_ms;
    measure_way_back(&times, to);
    to->disaster_ms = to->phase == PHASE_ROLLED_BACK && !state.is_unverified
                          ? between(times.disaster_ms, times.over_ms)
                          : JOURNAL_UNKNOWN;
    measure_downtime(&state, &times, actions.routes, to);
    if (to->downtime_ms != JOURNAL_UNKNOWN && times.failed_ms != 0 && actions.routes > 0 && is_taken_back(to))
        to->downtime_ms += read_exposed(sql, to->id, &times);
    return true;
}

bool journal_view_ended(struct journal_view *view, const struct journal_ended_span *span,
                        void (*take)(void *data, const struct journal_ended *row), void *data,
                        struct err *err)
{
    struct journal_ended ended;
    bool is_good = true;

    view_begin(view);
    struct row row = sql_row(&view->sql, STATEMENT_ENDED);
    row_key(&row, span->from);
    row_key(&row, span->before);
    row_integer(&row, span->since_ms);
    while (is_good && row_next(&row)) {
        is_good = read_ended(&view->sql, &row, &ended, err);
        if (is_good)
            take(data, &ended);
    }
    return view_end(view, &row, is_good, err);
}

bool journal_view_newest(struct journal_view *view, uint64_t *ret_id, struct err *err)
{
    struct row none = {.sql = &view->sql};

    view_begin(view);
    int64_t id = sql_number(&view->sql, "SELECT max(id) FROM deployments", 0);
    if (!view_end(view, &none, true, err))
        return false;
    *ret_id = (uint64_t)id;
    return true;
}
