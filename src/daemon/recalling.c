/* recalling.c - one reading of the archive for each window, a few at a time.
 * SPDX-License-Identifier: MIT */
#include "daemon/recalling.h"

#include "io/clock.h"
#include "io/memory.h"
#include "store/journal_view.h"

#include <math.h>
#include <stdlib.h>

enum { ASKED_MAX = 8, TICK_MS = 500, TICKS = 40 /* until it is given up */ };

struct recall {
    struct recall *next;
    struct daemon *daemon;
    struct series *series; /* a reference */
    int64_t offset_ms;     /* archive_offset_ms() */
    int64_t end_ms;        /* steps that end later are of this life */
    bool is_asked, is_over;
};

struct recalling {
    struct recall *list;
    size_t asked;
    struct loop_timer *timer; /* NULL: nothing is waited for */
    int ticks;                /* left */
    int64_t wall_offset_ms;   /* wall clock less the engine's */
};

/* Nothing is judged on it before this. */
static void end(struct recall *recall)
{
    if (!recall->is_over)
        series_recall_end(recall->series);
    recall->is_over = true;
}

static void take_out(struct recall *recall)
{
    struct recall **at = &recall->daemon->recalling->list;

    while (*at != recall)
        at = &(*at)->next;
    *at = recall->next;
    series_close(recall->series);
    free(recall);
}

static bool is_known(const double *row, size_t columns)
{
    for (size_t i = 0; i < columns; i++)
        if (!isfinite(row[i]))
            return false;
    return true;
}

static void take_rows(const struct recall *recall, const struct rrd_file_rows *rows)
{
    const struct series_view *view = series_view_of(recall->series);

    if (rows->row_s * 1000 != view->step_ms || !archive_is_row_of(view->kind, rows))
        return;
    for (size_t i = 0; i < rows->count; i++) {
        const double *row = &rows->values[i * rows->columns];
        int64_t start_s = rows->start_s + (int64_t)i * rows->row_s;
        int64_t end = archive_step_from(start_s + rows->row_s, recall->offset_ms, view->step_ms);
        struct series_recalled recalled = {.step =
                                               archive_step_from(start_s, recall->offset_ms, view->step_ms),
                                           .value = row[0],
                                           .total = view->kind == SERIES_COUNT ? row[1] : 0,
                                           .bounds = rows->bounds,
                                           .counts = row,
                                           .bucket_count = rows->columns};
        bool is_past = recalled.step < end && (recalled.step + 1) * view->step_ms <= recall->end_ms;
        if (is_past && is_known(row, rows->columns))
            series_recall(recall->series, &recalled);
    }
}

static void ask(struct daemon *daemon);

/* While the daemon stops, everything stays until recalling_drop(). */
static void fetched(void *data, const struct rrd_file_rows *rows, const struct err *err)
{
    struct recall *recall = data;
    struct daemon *daemon = recall->daemon;

    (void)err; /* without a file there is nothing to recall */
    if (daemon->is_stopping)
        return;
    daemon->recalling->asked--;
    if (rows != NULL && !recall->is_over)
        take_rows(recall, rows);
    end(recall);
    take_out(recall);
    ask(daemon);
    daemon_wants_turn(daemon);
}

/* False: the queue of readings is full; it has its turn with the next tick. */
static bool ask_one(struct recall *recall)
{
    const struct series_view *view = series_view_of(recall->series);
    int64_t span_ms = (int64_t)view->capacity * view->step_ms;
    int64_t end_s = (recall->end_ms + recall->offset_ms) / 1000;
    struct archive_span span = {
        .start_s = end_s - span_ms / 1000, .end_s = end_s, .row_s = view->step_ms / 1000, .is_former = true};
    struct err err = {0};

    recall->is_asked = archive_fetch(recall->daemon->archive, series_name_of(recall->series),
                                     archive_suffix(view->kind), &span, fetched, recall, &err);
    return recall->is_asked;
}

static struct recall *find_waiting(const struct daemon *daemon)
{
    struct recall *recall = daemon->recalling->list;

    while (recall != NULL && recall->is_asked)
        recall = recall->next;
    return recall;
}

static void ask(struct daemon *daemon)
{
    struct recalling *recalling = daemon->recalling;
    struct recall *next = find_waiting(daemon);

    while (recalling->asked < ASKED_MAX && next != NULL && ask_one(next)) {
        recalling->asked++;
        next = find_waiting(daemon);
    }
}

/* The disk hangs: what is there is judged. An answer that is still to come finds its recall over. */
static void give_up(struct daemon *daemon)
{
    struct recall *list = daemon->recalling->list;

    daemon->recalling->list = NULL;
    for (struct recall *recall = list, *next; recall != NULL; recall = next) {
        next = recall->next;
        end(recall);
        if (recall->is_asked) {
            recall->next = daemon->recalling->list;
            daemon->recalling->list = recall;
        } else {
            series_close(recall->series);
            free(recall);
        }
    }
    log_say(&daemon->log, LOG_LEVEL_WARN, "after the restart: windows could not be read again within %d s",
            TICKS * TICK_MS / 1000);
    daemon_wants_turn(daemon);
}

static void tick(void *data)
{
    struct daemon *daemon = data;
    struct recalling *recalling = daemon->recalling;

    if (daemon->is_stopping)
        return;
    if (recalling->list != NULL && --recalling->ticks > 0) {
        ask(daemon);
        return;
    }
    loop_timer_stop(recalling->timer);
    recalling->timer = NULL;
    if (recalling->list != NULL)
        give_up(daemon);
}

static void add(struct daemon *daemon, struct series *series)
{
    const struct series_view *view = series_view_of(series);
    struct series_shape shape = {.kind = view->kind, .step_ms = view->step_ms, .capacity = view->capacity};
    int64_t now_ms = daemon_now_ms(daemon);
    struct recall recall = {.next = daemon->recalling->list,
                            .daemon = daemon,
                            .offset_ms = archive_offset_ms(daemon->recalling->wall_offset_ms),
                            .end_ms = now_ms};
    char path[RRD_FILE_PATH_MAX];
    struct err err = {0};

    if (view->step_ms % 1000 != 0 ||
        !archive_path(series_name_of(series), archive_suffix(view->kind), path, sizeof(path)) ||
        !series_recall_begin(series))
        return;
    if (!series_open(daemon->book, series_name_of(series), &shape, &recall.series, &err)) {
        series_recall_end(series);
        return;
    }
    daemon->recalling->list = memory_take(sizeof(recall));
    *daemon->recalling->list = recall;
}

/* By the newest row of the journal that knows both clocks; INT64_MIN: there is none. */
static int64_t former_offset_ms(const struct daemon *daemon)
{
    enum { MEMORY = 256 * 1024, ROWS = 32 };
    struct journal_view *view = NULL;
    const struct journal_audit *rows = NULL;
    size_t count = 0;
    int64_t offset_ms = INT64_MIN;
    struct arena arena;
    struct err err = {0};

    if (!journal_view_open(daemon->journal_path, &view, &err))
        return offset_ms;
    arena_init(&arena, memory_take(MEMORY), MEMORY);
    if (journal_view_audit_newest(view, 0, ROWS, &arena, &rows, &count, &err))
        for (size_t i = 0; i < count && offset_ms == INT64_MIN; i++)
            if (rows[i].engine_ms > 0)
                offset_ms = rows[i].wall_ms - rows[i].engine_ms;
    free(arena.memory);
    journal_view_close(view);
    return offset_ms;
}

/* Of the present one and that of the former life the larger: where the wall clock was set meanwhile, rows
 * move into the past, where they are no evidence, and never behind a route that they were before. */
static struct recalling *begin(struct daemon *daemon)
{
    struct recalling *recalling = memory_take(sizeof(*recalling));
    int64_t former_ms = former_offset_ms(daemon);

    recalling->wall_offset_ms = clock_wall_ms() - daemon_now_ms(daemon);
    if (former_ms > recalling->wall_offset_ms)
        recalling->wall_offset_ms = former_ms;
    return recalling;
}

void recalling_start(struct live *live)
{
    struct daemon *daemon = live->daemon;

    if (daemon->archive == NULL)
        return;
    if (daemon->recalling == NULL)
        daemon->recalling = begin(daemon);
    for (size_t m = 0; m < live->definition->metric_count; m++)
        for (size_t side = 0; side < LIVE_SIDES; side++)
            if (live->series[m][side].series != NULL)
                add(daemon, live->series[m][side].series);
    daemon->recalling->ticks = TICKS;
    if (daemon->recalling->timer == NULL)
        daemon->recalling->timer = loop_timer_start(daemon->loop, TICK_MS, TICK_MS, tick, daemon);
    ask(daemon);
}

void recalling_drop(struct daemon *daemon)
{
    if (daemon->recalling == NULL)
        return;
    for (struct recall *recall = daemon->recalling->list, *next; recall != NULL; recall = next) {
        next = recall->next;
        series_close(recall->series);
        free(recall);
    }
    if (daemon->recalling->timer != NULL)
        loop_timer_stop(daemon->recalling->timer);
    free(daemon->recalling);
    daemon->recalling = NULL;
}
